"""Work on many items at once in threads, in the items' order, with few of them in memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int, ahead: int | None = None
) -> Generator[Result, None, None]:
    """`work` done on each of `items`, in order.

    At most `ahead` are under way or waiting, two a thread by default. What is done already does
    not wait until there are so many. Where the items fail, the results of those before come first.
    """
    pending: deque[Future[Result]] = deque()
    most = ahead or 2 * threads
    with ThreadPoolExecutor(threads) as pool:
        try:
            for future in _submitted(pool, work, items):
                pending.append(future)
                while pending and (pending[0].done() or len(pending) == most):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _submitted(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Future[Result]]:
    """The results to be, in order; what the items fail with is the last one."""
    try:
        for item in items:
            yield pool.submit(work, item)
    except Exception as error:  # noqa: BLE001  it is raised at its turn
        failed = Future[Result]()
        failed.set_exception(error)
        yield failed
