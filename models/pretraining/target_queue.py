"""Past targets that help Sinkhorn to balance a batch with few rows for its many prototypes.

As in SwAV (Caron et al., arXiv 2006.09882): representations are kept, not assignments, so that
today's prototypes judge them.
"""

import torch
from torch import Tensor, nn


class TargetQueue(nn.Module):
    """The last `size` target representations; part of a network's state, so that runs resume."""

    rows: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(size, dim))
        self._filled = 0  # counted on the host: asking the GPU would make every step wait for it

    def stored(self) -> Tensor:
        """The past targets (n, dim), newest first; fewer than `size` until that many were seen."""
        return self.rows[: self._filled].clone()

    @torch.no_grad()
    def push(self, targets: Tensor) -> None:
        """Put targets (batch, dim) in front, in place of the oldest."""
        size = len(self.rows)
        self.rows.copy_(torch.cat([targets.to(self.rows), self.rows])[:size])
        self._filled = min(size, self._filled + len(targets))

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self._filled)

    def set_extra_state(self, state: Tensor) -> None:
        self._filled = int(state)
