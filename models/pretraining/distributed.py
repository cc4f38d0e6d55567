"""Several processes that train one network as one process would, each on its part of every batch.

All processes compute the loss of the whole batch, from projections gathered with their gradient.
A process's gradient of that loss is then `size()` times its share of it, and the mean that
DistributedDataParallel takes is exactly the gradient of the whole batch. What crosses between
processes are the projections, the batch norms' statistics and the weights' gradients.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from models.errors import PretrainingError

T = TypeVar("T")

# Preparing a large pool on one process keeps the others waiting; a crash ends all at once anyway.
PATIENCE = timedelta(hours=12)


@contextmanager
def processes(device: str) -> Iterator[None]:
    """Join the processes that torchrun started beside this one, if it did."""
    if not dist.is_torchelastic_launched():
        yield
        return
    # Tensors in memory go over gloo also where those on the GPU go over NCCL.
    dist.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=PATIENCE)
    if device == "cuda":
        torch.cuda.set_device(dist.get_node_local_rank())
    try:
        yield
    finally:
        dist.destroy_process_group()


def size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process's number among them; process 0 writes and reports."""
    return dist.get_rank() if dist.is_initialized() else 0


def neighbours() -> int:
    """How many of the processes share this host, this one counted."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", size())) if size() > 1 else 1


def own_device(device: str) -> str:
    """The device of this process: of several GPUs the one with its number on this host."""
    if device == "cuda" and size() > 1:
        return f"cuda:{dist.get_node_local_rank()}"
    return device


def part_of(batch: int) -> int:
    """Images of this process in each batch; raises PretrainingError where parts are not equal."""
    if batch % size():
        raise PretrainingError(
            f"a batch of {batch} cannot be shared equally by {size()} processes; "
            f"choose a multiple of {size()}"
        )
    return batch // size()


def any_of(flag: bool) -> bool:
    """Whether `flag` is true in any process; all must ask."""
    return bool(_agreed(int(flag), dist.ReduceOp.MAX))


def least_of(number: int) -> int:
    """The least of all processes' numbers; all must ask."""
    return _agreed(number, dist.ReduceOp.MIN)


def _agreed(number: int, how: Any) -> int:
    if size() == 1:
        return number
    agreed = torch.tensor(number)
    dist.all_reduce(agreed, op=how)
    return int(agreed)


def in_turn(work: Callable[[], T]) -> T:
    """Result of `work` that leaves files behind: done first by process 0, then on each host once.

    The others find the files there.
    """
    if size() == 1:
        return work()
    local = dist.get_node_local_rank(fallback_rank=rank())
    own_turn = 0 if rank() == 0 else 1 if local == 0 else 2
    results: list[T] = []
    for turn in range(3):
        if turn == own_turn:
            results.append(work())
        dist.barrier()
    return results[0]


def parallel(network: nn.Module, device: str) -> nn.Module:
    """`network` whose gradients are the mean over all processes; itself if there is but one."""
    if size() == 1:
        return network
    # Statistics of batch norms are synced in each forward pass.
    return DistributedDataParallel(
        network,
        device_ids=[torch.device(device)] if device.startswith("cuda") else None,
        forward_sync_buffers=False,
        gradient_as_bucket_view=True,
    )


def gather(part: Tensor, dim: int = 0) -> Tensor:
    """The parts of all processes, joined along `dim` in their order, with gradient."""
    if size() == 1:
        return part
    gathered: Tensor = _Gather.apply(part, dim)
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, dim: int) -> Tensor:
        ctx.dim, ctx.length = dim, part.shape[dim]
        parts = [torch.empty_like(part) for _ in range(size())]
        dist.all_gather(parts, part.contiguous())
        return torch.cat(parts, dim)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total.narrow(ctx.dim, rank() * ctx.length, ctx.length), None


def average(part: Tensor) -> Tensor:
    """The mean of all processes' tensors, with gradient."""
    total: Tensor = _Sum.apply(part)
    return total / size()


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, part: Tensor) -> Tensor:
        total = part.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class SyncedBatchNorm(nn.BatchNorm1d):
    """Batch norm over the batches (B, d) of all processes, on any device.

    torch's own SyncBatchNorm works on GPUs alone.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as the class it extends
        if size() == 1 or not self.training:
            return super().forward(input)
        exact = input.float()
        mean = average(exact.mean(dim=0))
        variance = average((exact - mean).square().mean(dim=0))
        self._remember(mean.detach(), variance.detach(), len(input) * size())
        normed = (exact - mean) * torch.rsqrt(variance + self.eps)
        return (normed * self.weight + self.bias).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """The running statistics, with the unbiased variance, as in any batch norm."""
        momentum = self.momentum or 0.0
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), momentum)
        self.num_batches_tracked.add_(1)
