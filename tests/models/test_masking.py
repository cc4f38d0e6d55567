"""Masking: how many patches stay, that CLS stays, one permutation a batch or a sample."""

import pytest
import torch

from models.masking import keep_tokens, kept_patches, sample_mask


@pytest.mark.parametrize(
    ("patches", "ratio", "kept"),
    [(196, 0.15, 166), (196, 0.7, 58), (36, 0, 36), (9, 0.99, 1), (100, 0.8, 20), (100, 0.9, 10)],
)
def test_keeps_the_floor_of_the_unmasked_share(patches: int, ratio: float, kept: int) -> None:
    assert kept_patches(patches, ratio) == kept
    assert sample_mask(patches, ratio).shape == (1, kept)


@pytest.mark.parametrize("ratio", [-0.1, 1.0])
def test_a_ratio_outside_its_range_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="choose a share"):
        kept_patches(10, ratio)


def test_kept_patches_are_distinct_and_differ_between_samples() -> None:
    kept = sample_mask(50, 0.5, rows=8, generator=torch.Generator().manual_seed(0))
    assert kept.shape == (8, 25)
    assert all(len(set(row)) == 25 for row in kept.tolist())
    assert len({tuple(row) for row in kept.tolist()}) == 8


def test_every_patch_is_kept_equally_often() -> None:
    kept = sample_mask(10, 0.4, rows=5000, generator=torch.Generator().manual_seed(0))
    shares = kept.flatten().bincount(minlength=10) / 5000
    torch.testing.assert_close(shares, torch.full((10,), 0.6), atol=0.03, rtol=0)


def test_the_mask_follows_its_generator() -> None:
    first, second = (
        sample_mask(30, 0.5, rows=4, generator=torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(first, second)


@pytest.mark.gpu
def test_the_mask_is_where_its_generator_is() -> None:
    kept = sample_mask(30, 0.5, rows=4, generator=torch.Generator("cuda").manual_seed(7))
    assert kept.device.type == "cuda"


def test_tokens_kept_are_cls_and_the_chosen_patches() -> None:
    tokens = torch.arange(2 * 5).float().view(2, 5, 1)  # CLS, then patches 0 to 3
    kept = keep_tokens(tokens, torch.tensor([[0, 3], [1, 2]]))
    assert kept.squeeze(-1).tolist() == [[0, 1, 4], [5, 7, 8]]


def test_one_row_of_indices_serves_the_whole_batch() -> None:
    tokens = torch.randn(3, 5, 4)
    assert torch.equal(keep_tokens(tokens, torch.tensor([[1, 3]])), tokens[:, [0, 2, 4]])
