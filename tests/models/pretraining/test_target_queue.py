"""The queue of past targets: what it keeps, in which order, and that a run can go on with it."""

import torch
from torch import Tensor

from models.pretraining.target_queue import TargetQueue


def batch(first: int, count: int = 2) -> Tensor:
    """Targets (count, 3) that say their own number."""
    return torch.arange(first, first + count).float().unsqueeze(1).repeat(1, 3)


def numbers(queue: TargetQueue) -> list[int]:
    return [int(row) for row in queue.stored()[:, 0]]


def test_an_empty_queue_gives_no_rows() -> None:
    assert TargetQueue(4, 3).stored().shape == (0, 3)


def test_the_newest_targets_stay_and_the_oldest_leave() -> None:
    queue = TargetQueue(5, 3)
    queue.push(batch(1))
    assert numbers(queue) == [1, 2]
    queue.push(batch(3))
    queue.push(batch(5))
    assert numbers(queue) == [5, 6, 3, 4, 1]


def test_a_batch_larger_than_the_queue_fills_it() -> None:
    queue = TargetQueue(3, 3)
    queue.push(batch(1, count=5))
    assert numbers(queue) == [1, 2, 3]


def test_what_was_given_out_does_not_change_with_the_next_batch() -> None:
    queue = TargetQueue(2, 3)
    queue.push(batch(1))
    before = queue.stored()
    queue.push(batch(3))
    assert torch.equal(before, batch(1))


def test_a_half_filled_queue_goes_on_from_its_state() -> None:
    queue, resumed = TargetQueue(5, 3), TargetQueue(5, 3)
    queue.push(batch(1))
    resumed.load_state_dict(queue.state_dict())
    for each in (queue, resumed):
        each.push(batch(3))
    assert numbers(resumed) == numbers(queue) == [3, 4, 1, 2]


def test_half_precision_targets_are_kept_in_full_precision() -> None:
    queue = TargetQueue(2, 3)
    queue.push(batch(1).bfloat16())
    assert queue.stored().dtype == torch.float32
