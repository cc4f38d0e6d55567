"""Batches for pretraining, read ahead of it, in an order that a resumed run repeats."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# The share of a GPU's free memory that images may take for good; training needs the rest.
HELD_SHARE = 0.25
COPIED_AT_ONCE = 256 * 2**20


class Batches(Iterator[Tensor]):
    """The batches of a run from `start_step` on, without end: uint8 on `device`.

    Each has batch / world images (3, H, W): part `rank` of the `batch` images of its step, so that
    the parts of all processes together are what one process would have. A thread reads the next
    batch while the training works on this one; images that fit into a quarter of a GPU's free
    memory are copied there once instead. Close it: `contextlib.closing` does.

    pixels: (n, 3, H, W) uint8, in memory or mapped from disk. Raises ValueError if the images fill
    no batch, or the batch cannot be cut into `world` equal parts.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        batch: int,
        seed: int,
        device: torch.device | str,
        start_step: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if batch % world or len(pixels) < batch:
            raise ValueError(
                f"{len(pixels)} images in batches of {batch} for {world} processes: there must be "
                "images for one batch, and the batch a multiple of the processes"
            )
        self._pixels, self._batch, self._seed = pixels, batch, seed
        self._device, self._rank, self._world = torch.device(device), rank, world
        self._step = start_step
        self._held = _hold(pixels, self._device)
        self._thread = ThreadPoolExecutor(1, "batches", _use, (self._device,))
        self._next = self._thread.submit(self._read, start_step)
        self._waited, self._asked = 0.0, time.perf_counter()

    def __next__(self) -> Tensor:
        began = time.perf_counter()
        images = self._next.result()
        waited = time.perf_counter() - began
        self._waited += 0 if self._gpu_has_work() else waited
        self._step += 1
        self._next = self._thread.submit(self._read, self._step)
        if self._held is not None:
            return self._held[images.to(self._device, non_blocking=True)]
        return images.to(self._device, non_blocking=True)

    def waiting(self) -> float:
        """The share of the time since it was last asked that went into waiting, 0 to 1.

        Steps are handed to a GPU ahead of their time: while it is at work on them, nobody waits.
        """
        now = time.perf_counter()
        share = self._waited / max(now - self._asked, 1e-9)
        self._waited, self._asked = 0.0, now
        return min(1.0, share)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _gpu_has_work(self) -> bool:
        on_gpu = self._device.type == "cuda"
        return on_gpu and not torch.cuda.current_stream(self._device).query()

    def _read(self, step: int) -> Tensor:
        """The images of a step, or their numbers where the device holds them all."""
        chosen = step_indices(len(self._pixels), step, self._batch, self._seed)
        part = self._batch // self._world
        own = chosen[self._rank * part : (self._rank + 1) * part]
        if self._held is not None:
            return torch.from_numpy(own).pin_memory()
        on_gpu = self._device.type == "cuda"
        images = torch.empty((part, *self._pixels.shape[1:]), dtype=torch.uint8, pin_memory=on_gpu)
        # Unlike indexing, `take` lets the training run on; "clip" spares it a second copy.
        np.take(self._pixels, own, axis=0, out=images.numpy(), mode="clip")
        return images


def step_indices(count: int, step: int, batch: int, seed: int) -> NDArray[np.int64]:
    """Numbers of the `batch` images of one step, sorted: each epoch has a permutation of its own.

    What is left of `count` images after the last whole batch sits an epoch out.
    """
    epoch, position = divmod(step, count // batch)
    return np.sort(_epoch_order(count, epoch, seed)[position * batch : (position + 1) * batch])


@lru_cache(maxsize=2)
def _epoch_order(count: int, epoch: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)


def _use(device: torch.device) -> None:
    """Pin this thread's memory for `device`: a new thread would occupy the first GPU."""
    if device.index is not None:
        torch.cuda.set_device(device)


def _hold(pixels: NDArray[np.uint8], device: torch.device) -> Tensor | None:
    """All images on the GPU, where they fit beside the training."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    if pixels.nbytes > free * HELD_SHARE:
        return None
    held = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
    rows = max(1, COPIED_AT_ONCE // max(1, pixels[0].nbytes))
    for first in range(0, len(pixels), rows):
        held[first : first + rows] = torch.from_numpy(np.array(pixels[first : first + rows]))
    return held
