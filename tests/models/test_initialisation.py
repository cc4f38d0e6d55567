"""The structured start: whitened patches, sine positions, attention near the identity."""

import numpy as np
import torch

from models.initialisation import TOKEN_SCALE, initialise, sine_positions
from models.views import normalise_pixels
from models.vit import VitConfig, build_vit, embed_tokens

CONFIG = VitConfig(image_size=16, patch_size=4, width=48, depth=1, heads=2)


def images() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 12, (200, 3, 16, 16)), axis=-1) + 128
    return smooth.clip(0, 255).astype(np.uint8)


def test_patches_of_the_pool_become_uncorrelated_and_equally_large() -> None:
    torch.manual_seed(0)
    vit, pool = build_vit(CONFIG), images()
    initialise(vit, pool)
    with torch.no_grad():
        tokens = embed_tokens(vit, normalise_pixels(torch.from_numpy(pool) / 255))[:, 1:]
        patches = (tokens - vit.get_parameter("pos_embed")[:, 1:]).flatten(0, 1)
    correlations = torch.corrcoef(patches.T) - torch.eye(48)
    assert correlations.abs().max() < 0.02
    torch.testing.assert_close(patches.mean(dim=0), torch.zeros(48), atol=0.01, rtol=0)
    deviations = patches.std(dim=0) / TOKEN_SCALE
    assert 0.9 < deviations.max() <= 1.01
    assert deviations.median() > 0.5


def test_neighbouring_positions_are_more_alike_than_distant_ones() -> None:
    positions = torch.nn.functional.normalize(sine_positions(8, 48), dim=1)
    likeness = positions @ positions.T
    assert likeness[0, 1] > likeness[0, 4]
    assert likeness[0, 8] > likeness[0, 32]


def test_attention_begins_near_the_identity() -> None:
    torch.manual_seed(0)
    vit = build_vit(CONFIG)
    initialise(vit, images())
    qkv = vit.get_parameter("blocks.0.attn.qkv.weight").detach()
    projection = vit.get_parameter("blocks.0.attn.proj.weight").detach()
    query, key, value = qkv.view(3, 48, 48)
    for head in (slice(0, 24), slice(24, 48)):
        assert (query[head].T @ key[head]).diagonal().mean() > 0.3
    assert (projection @ value).diagonal().mean() < -0.3
