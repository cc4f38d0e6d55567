"""The structured start: whitened patches, sine positions, averaging attention, energies."""

import numpy as np
import torch
from torch import Tensor

from models.initialisation import PATCH_SCALE, initialise, sine_positions
from models.views import normalise_pixels
from models.vit import VisionTransformer, VitConfig, build_vit, embed_tokens

CONFIG = VitConfig(image_size=16, patch_size=4, width=48, depth=2, heads=2)


def images() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 12, (200, 3, 16, 16)), axis=-1) + 128
    return smooth.clip(0, 255).astype(np.uint8)


def test_patches_of_the_pool_become_uncorrelated_and_equally_large() -> None:
    vit, pool = started(), images()
    with torch.no_grad():
        tokens = embed_tokens(vit, normalise_pixels(torch.from_numpy(pool) / 255))[:, 1:]
        patches = (tokens - vit.get_parameter("pos_embed")[:, 1:]).flatten(0, 1)
    correlations = torch.corrcoef(patches.T) - torch.eye(48)
    assert correlations.abs().max() < 0.02
    torch.testing.assert_close(patches.mean(dim=0), torch.zeros(48), atol=0.01, rtol=0)
    deviations = patches.std(dim=0) / PATCH_SCALE
    assert 0.9 < deviations.max() <= 1.01
    assert deviations.median() > 0.5


def test_neighbouring_positions_are_more_alike_than_distant_ones() -> None:
    positions = torch.nn.functional.normalize(sine_positions(8, 48), dim=1)
    likeness = positions @ positions.T
    assert likeness[0, 1] > likeness[0, 4]
    assert likeness[0, 8] > likeness[0, 32]


def test_the_first_block_attends_to_likeness_and_the_others_average() -> None:
    vit = started()
    assert (query_key(vit, 0).diagonal().mean() / query_key(vit, 1).abs().max()) > 3
    value, projection = vit.get_parameter("blocks.1.attn.qkv.weight")[96:], "blocks.1.attn.proj"
    identity = vit.get_parameter(f"{projection}.weight") @ value
    torch.testing.assert_close(identity.detach(), torch.eye(48), atol=1e-5, rtol=0)


def test_the_first_mlp_tells_a_component_from_its_absence_whatever_its_sign() -> None:
    mlp = started().get_submodule("blocks.0.mlp")
    component = 3 * torch.eye(48)[:1]
    with torch.inference_mode():
        positive, negative, nothing = (mlp(sign * component) for sign in (1, -1, 0))
    assert (positive - negative).norm() < 0.5 * (positive - nothing).norm()


def started() -> VisionTransformer:
    torch.manual_seed(0)
    vit = build_vit(CONFIG)
    initialise(vit, images(), CONFIG.heads)
    return vit


def query_key(vit: VisionTransformer, block: int) -> Tensor:
    query, key = vit.get_parameter(f"blocks.{block}.attn.qkv.weight").detach().view(3, 48, 48)[:2]
    return query.T @ key


def test_a_pool_of_one_flat_colour_gives_finite_weights() -> None:
    vit = build_vit(CONFIG)
    initialise(vit, np.full((20, 3, 16, 16), 128, dtype=np.uint8), CONFIG.heads)
    assert all(bool(parameter.isfinite().all()) for parameter in vit.parameters())
