import pytest
import torch

from models.vit import (
    VisionTransformer,
    VitConfig,
    build_vit,
    cls_feature,
    embed_tokens,
    encode_tokens,
    interpolate_positions,
)

CONFIG = VitConfig(image_size=32, patch_size=8, width=32, depth=2, heads=2)


@pytest.fixture(scope="module")
def vit() -> VisionTransformer:
    torch.manual_seed(0)
    return build_vit(CONFIG).eval().requires_grad_(False)


def test_the_feature_after_the_norm_is_timms_own(vit: VisionTransformer) -> None:
    images = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(cls_feature(vit, images, "post"), vit(images))


def test_the_feature_before_the_norm_becomes_the_one_after_it(vit: VisionTransformer) -> None:
    images = torch.randn(3, 3, 32, 32)
    before, after = cls_feature(vit, images, "pre"), cls_feature(vit, images, "post")
    assert not torch.allclose(before, after)
    torch.testing.assert_close(vit.norm(before), after)


def test_the_parts_take_fewer_patches_than_there_are(vit: VisionTransformer) -> None:
    tokens = embed_tokens(vit, torch.randn(2, 3, 32, 32))
    assert tokens.shape == (2, 17, 32)
    assert encode_tokens(vit, tokens[:, :10]).shape == (2, 10, 32)


def test_other_sizes_get_interpolated_positions(vit: VisionTransformer) -> None:
    assert embed_tokens(vit, torch.randn(1, 3, 64, 16)).shape == (1, 1 + 8 * 2, 32)


def test_refuses_an_image_whose_border_would_be_lost(vit: VisionTransformer) -> None:
    with pytest.raises(ValueError, match=r"\(32, 36\) are no multiple of patch 8"):
        embed_tokens(vit, torch.randn(1, 3, 32, 36))


def test_interpolated_positions_keep_the_cls_and_follow_the_gradient() -> None:
    across = torch.arange(4.0).expand(4, 4).reshape(1, 16, 1)  # grows from left to right
    positions = torch.cat([torch.full((1, 1, 1), 7.0), across], dim=1)
    resized = interpolate_positions(positions, (2, 8))
    assert resized[0, 0, 0] == 7.0
    grid = resized[0, 1:, 0].reshape(2, 8)
    assert (grid.diff(dim=1) > 0).all()
    torch.testing.assert_close(grid[0], grid[1])
    assert interpolate_positions(positions, (4, 4)) is positions


def test_tensors_have_the_names_of_msns_checkpoints() -> None:
    parts = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"]
    layers = [f"blocks.{i}.{part}" for i in range(2) for part in parts]
    layers += ["patch_embed.proj", "norm"]
    expected = {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    assert set(build_vit(CONFIG).state_dict()) == expected | {"cls_token", "pos_embed"}


@pytest.mark.parametrize(
    ("sizes", "fault"),
    [
        ((30, 8, 32, 2, 2), "image size 30 is no multiple of patch size 8"),
        ((32, 8, 33, 2, 2), "width 33 is no multiple of 2 heads"),
        ((32, 8, 32, 0, 2), "at least 1"),
        ((32, 8, 32, 10**6, 2), "at most 256 blocks"),
        ((8 * 10**30, 8, 32, 2, 2), "no size above 65536"),
        ((32, 8, 10**6, 2, 2), "no size above 65536"),
        ((32, 8, 32, 2, 2, 1e300), "MLP ratio"),
    ],
)
def test_impossible_sizes_are_refused(sizes: tuple[int, int, int, int, int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        VitConfig(*sizes)
