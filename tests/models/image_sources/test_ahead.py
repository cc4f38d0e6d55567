import threading
import time
from collections.abc import Iterator
from itertools import islice

import pytest

from models.image_sources.ahead import map_ahead


def test_results_come_in_the_items_order_whatever_takes_longest() -> None:
    def wait(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(map_ahead(wait, range(20), 4)) == list(range(20))


def test_few_items_are_taken_ahead_of_what_is_used() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number, items(), 3)
    assert list(islice(results, 10)) == list(range(10))
    assert len(taken) <= 10 + 2 * 3


def test_what_goes_wrong_is_raised_at_its_turn_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    results = map_ahead(lambda number: 1 // number, [2, 1, 0, 1], 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert set(threading.enumerate()) <= before


def test_what_the_items_fail_with_is_raised_behind_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise LookupError("no more")

    went_on = threading.Event()

    def work(number: int) -> int:
        assert went_on.wait(60)
        return number

    results = map_ahead(work, items(), 2)
    threading.Timer(0.05, went_on.set).start()  # long after the items have failed, as a rule
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError):
        next(results)


def test_what_is_done_does_not_wait_for_others_to_be_taken() -> None:
    deadline = time.monotonic() + 60

    def items() -> Iterator[int]:
        while time.monotonic() < deadline:
            yield 0
            time.sleep(0.001)

    results = map_ahead(lambda number: number, items(), 1, ahead=10**6)
    assert next(results) == 0
    assert time.monotonic() < deadline, "it came with the last of them"
    results.close()
