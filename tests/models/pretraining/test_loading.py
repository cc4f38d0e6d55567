import threading
from contextlib import closing
from itertools import chain, count, islice
from typing import Any

import numpy as np
import pytest
import torch

from models.pretraining.loading import Batches, step_indices

PIXELS = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1).repeat(3, axis=1)


def first(batches: Batches, count: int) -> list[list[int]]:
    with closing(batches):
        return [batch[:, 0, 0, 0].tolist() for batch in islice(batches, count)]


def test_each_epoch_has_every_image_once_at_most_in_an_order_of_its_own() -> None:
    epochs = first(Batches(PIXELS, 16, 0, "cpu"), 6)
    one, other = list(chain(*epochs[:3])), list(chain(*epochs[3:]))
    assert len(set(one)) == len(set(other)) == 48
    assert one != other


def test_a_run_that_starts_later_gets_what_it_would_have_got() -> None:
    whole = first(Batches(PIXELS, 16, 7, "cpu"), 8)
    assert first(Batches(PIXELS, 16, 7, "cpu", 5), 3) == whole[5:]
    assert first(Batches(PIXELS, 16, 8, "cpu"), 8) != whole


def test_the_parts_of_all_processes_are_the_whole_batch() -> None:
    whole = first(Batches(PIXELS, 16, 0, "cpu"), 4)
    parts = [first(Batches(PIXELS, 16, 0, "cpu", 0, rank, 2), 4) for rank in (0, 1)]
    assert [one + other for one, other in zip(*parts, strict=True)] == whole


def test_images_come_whole_and_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 3, 5, 4), dtype=np.uint8)
    with closing(Batches(pixels, 4, 0, "cpu")) as batches:
        batch = next(batches)
    assert batch.dtype == torch.uint8
    assert np.array_equal(batch.numpy(), pixels[step_indices(8, 0, 4, 0)])


Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def test_reading_goes_on_while_the_training_works() -> None:
    reads = threading.Semaphore(0)

    class Watched(Pixels):
        def take(self, *args: Any, **options: Any) -> Any:
            reads.release()
            return np.asarray(self).take(*args, **options)

    with closing(Batches(PIXELS.view(Watched), 16, 0, "cpu")) as batches:
        for _ in range(4):
            assert reads.acquire(timeout=120), "it is read before it is asked for"
            next(batches)


class SlowDisk:
    """A clock on which the first batches take a second each, from when they are waited for."""

    def __init__(self, batches: int) -> None:
        self.seconds, self._slow = 0.0, batches
        self._looks, self._waited_for = count(), threading.Semaphore(0)

    def perf_counter(self) -> float:
        seconds = self.seconds  # before a read may go on
        if next(self._looks) % 2 == 0:  # before the wait, and behind it
            self._waited_for.release()
        return seconds

    def read(self) -> None:
        if self._slow:
            assert self._waited_for.acquire(timeout=120)
            self._slow -= 1
            self.seconds += 1


def test_waiting_for_a_slow_disk_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(batches=4)

    class Slow(Pixels):
        def take(self, *args: Any, **options: Any) -> Any:
            disk.read()
            return np.asarray(self).take(*args, **options)

    with closing(Batches(PIXELS.view(Slow), 16, 0, "cpu")) as batches:
        batches._asked = 0.0
        monkeypatch.setattr("models.pretraining.loading.time", disk)
        for _ in range(4):
            next(batches)
        disk.seconds += 1  # the training's own
        assert batches.waiting() == 4 / 5
        disk.seconds += 1
        assert batches.waiting() == 0  # since it was last asked


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    first(Batches(PIXELS, 16, 0, "cpu"), 1)
    assert set(threading.enumerate()) <= before


def test_batches_that_cannot_be_filled_or_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="50 images in batches of 64"):
        Batches(PIXELS, 64, 0, "cpu")
    with pytest.raises(ValueError, match="multiple of the processes"):
        Batches(PIXELS, 16, 0, "cpu", 0, 0, 3)


@pytest.mark.gpu
@pytest.mark.parametrize("share", [0.0, 0.25])
def test_a_gpu_gets_the_same_batches_held_there_or_not(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.pretraining.loading.HELD_SHARE", share)
    assert first(Batches(PIXELS, 16, 0, "cuda"), 4) == first(Batches(PIXELS, 16, 0, "cpu"), 4)


@pytest.mark.gpu
def test_a_gpu_with_work_ahead_of_it_waits_for_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.pretraining.loading.HELD_SHARE", 0.0)
    asked = threading.Event()

    class Slow(Pixels):
        def take(self, *args: Any, **options: Any) -> Any:
            assert asked.wait(timeout=120)
            return np.asarray(self).take(*args, **options)

    with closing(Batches(PIXELS.view(Slow), 16, 0, "cuda")) as batches:
        torch.cuda._sleep(4_000_000_000)  # two seconds at 2 GHz
        threading.Timer(0.1, asked.set).start()
        next(batches)
        assert batches.waiting() == 0
