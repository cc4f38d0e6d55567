"""Random masking of anchor views: which patches an encoder gets to see (MSN, section 3)."""

import torch
from torch import Tensor


def kept_patches(patches: int, mask_ratio: float) -> int:
    """How many of `patches` stay after dropping the share `mask_ratio` in [0, 1); at least one."""
    if not 0 <= mask_ratio < 1:
        raise ValueError(f"mask_ratio is {mask_ratio}; choose a share in [0, 1)")
    # Rounded first: 100 * (1 - 0.8) is a little less than 20.
    return max(1, int(round(patches * (1 - mask_ratio), 6)))


def sample_mask(
    patches: int,
    mask_ratio: float,
    *,
    rows: int = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Indices (rows, kept) of the patches that stay, ascending, on the generator's device.

    One row is one permutation shared by the whole batch, as the reference does; as many rows as
    images is one permutation a sample.
    """
    keep = kept_patches(patches, mask_ratio)
    device = generator.device if generator else None
    noise = torch.rand(rows, patches, generator=generator, device=device)
    return noise.argsort(dim=1)[:, :keep].sort(dim=1).values


def keep_tokens(tokens: Tensor, kept: Tensor) -> Tensor:
    """The CLS token and the kept patches of `tokens` (B, 1 + N, width): (B, 1 + kept, width).

    `kept` (1 or B, kept) counts patches from zero, the CLS token left out.
    """
    batch, _, width = tokens.shape
    cls = kept.new_zeros(kept.shape[0], 1)
    positions = torch.cat([cls, kept + 1], dim=1).expand(batch, -1)  # (B, 1 + kept)
    return tokens.gather(1, positions.unsqueeze(-1).expand(-1, -1, width))
