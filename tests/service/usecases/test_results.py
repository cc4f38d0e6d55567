"""Results that take long: worked out once, kept, and waited for by a few at a time."""

import threading

import pytest

from service.domain.errors import Unavailable
from service.usecases.results import Results


def test_the_results_used_last_are_kept() -> None:
    results: Results[str, int] = Results(capacity=2)
    for name in ("a", "b", "a", "c"):
        results.get(name, lambda: 1)
    assert results.get("a", lambda: 2) == 1
    assert results.get("b", lambda: 2) == 2


def test_a_failure_is_not_kept_and_takes_no_room() -> None:
    results: Results[str, int] = Results(waiting=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            results.get("a", lambda: 1 // 0)
    assert results.get("a", lambda: 3) == 3


def test_too_many_that_wait_are_told_to_come_again() -> None:
    results: Results[int, int] = Results(waiting=1)
    started, over = threading.Event(), threading.Event()

    def slow() -> int:
        started.set()
        assert over.wait(120)
        return 7

    asking = threading.Thread(target=results.get, args=(1, slow))
    asking.start()
    assert started.wait(120)
    with pytest.raises(Unavailable, match="ask again"):
        results.get(2, lambda: 8)
    over.set()
    asking.join()
    assert results.get(1, lambda: 0) == 7
    assert results.get(2, lambda: 8) == 8
