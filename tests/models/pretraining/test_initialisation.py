"""The structured start: whitened patches, their magnitudes, a CLS that looks region by region."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.pretraining.initialisation import Channels, divide, initialise, regions_a_side
from models.pretraining.views import normalise_pixels
from models.vit import VisionTransformer, VitConfig, build_vit, cls_feature, embed_tokens

CONFIG = VitConfig(image_size=32, patch_size=4, width=128, depth=3, heads=4)
GRID = 2


def images(count: int = 200) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 12, (count, 3, 32, 32)), axis=-1) + 128
    return smooth.clip(0, 255).astype(np.uint8)


def started(pool: NDArray[np.uint8] | None = None, config: VitConfig = CONFIG) -> VisionTransformer:
    torch.manual_seed(0)
    vit = build_vit(config).eval()
    initialise(vit, images() if pool is None else pool, config.heads)
    return vit


def channels(vit: VisionTransformer) -> Channels:
    return divide(vit, GRID)


def pixels(pool: NDArray[np.uint8]) -> Tensor:
    return normalise_pixels(torch.from_numpy(pool) / 255)


def test_there_are_as_many_regions_as_heads_to_look_at_them() -> None:
    assert [regions_a_side(heads) for heads in (0, 1, 3, 4, 15, 16, 40)] == [1, 1, 1, 2, 2, 4, 4]


@torch.inference_mode()
def test_patches_of_the_pool_become_uncorrelated_and_equally_large() -> None:
    vit = started()
    components = embed_tokens(vit, pixels(images()))[:, 1:, channels(vit).components].flatten(0, 1)
    correlations = torch.corrcoef(components.T) - torch.eye(components.shape[1])
    assert correlations.abs().max() < 0.02
    assert components.mean(dim=0).abs().max() < 0.02
    deviations = components.std(dim=0)
    assert 0.9 < deviations.max() <= 1.01
    assert deviations.median() > 0.3


@torch.inference_mode()
def test_the_first_block_writes_each_components_magnitude_beside_it() -> None:
    vit = started()
    tokens = vit.blocks[0](embed_tokens(vit, pixels(images(20))))[:, 1:].flatten(0, 1)
    parts = channels(vit)
    sizes, written = tokens[:, parts.components].abs(), tokens[:, parts.magnitudes]
    for component in (0, 5, 20):
        pair = torch.stack([sizes[:, component], written[:, component]])
        assert torch.corrcoef(pair)[0, 1] > 0.9


@torch.inference_mode()
def test_each_head_of_cls_looks_at_one_region() -> None:
    vit = started()
    tokens = vit.blocks[0](embed_tokens(vit, pixels(images(8))))
    attention = vit.blocks[1].attn
    parts = attention.qkv(vit.blocks[1].norm1(tokens)).unflatten(2, (3, CONFIG.heads, -1))
    query, key, _ = parts.permute(2, 0, 3, 1, 4)  # each (n, heads, 1 + N, size)
    size = query.shape[-1]
    looks = (query[:, :, 0:1] @ key.transpose(-1, -2) / size**0.5).softmax(-1)[:, :, 0, 1:]
    by_region = looks.unflatten(2, (GRID, 4, GRID, 4)).sum(dim=(3, 5)).flatten(2)  # (n, heads, 4)
    assert by_region.diagonal(dim1=1, dim2=2).min() > 0.9


@torch.inference_mode()
def test_cls_tells_where_a_pattern_stands_and_nothing_that_all_images_share() -> None:
    vit = started()
    features = cls_feature(vit, pixels(images()), "pre")
    assert features.mean(dim=0).abs().max() < 0.2 * features.std()
    busy = images(1)
    left, right = np.full_like(busy, 128), np.full_like(busy, 128)
    left[..., :16], right[..., 16:] = busy[..., :16], busy[..., :16]
    one, other = cls_feature(vit, pixels(np.concatenate([left, right])), "pre")
    assert (one - other).norm() > 0.5 * one.norm()


def test_a_pool_of_one_flat_colour_gives_finite_weights() -> None:
    vit = started(np.full((20, 3, 32, 32), 128, dtype=np.uint8))
    assert all(bool(parameter.isfinite().all()) for parameter in vit.parameters())


def test_the_narrowest_and_odd_widths_start_too() -> None:
    for width, heads in ((24, 4), (390, 6)):
        vit = started(config=VitConfig(32, 4, width=width, depth=6, heads=heads))
        assert all(bool(parameter.isfinite().all()) for parameter in vit.parameters())
        features = cls_feature(vit, pixels(images(20)), "pre")
        assert (features.std(dim=0) > 0).all()
