"""How many threads a product of matrices is worth."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

# Below this many multiplications a product is over before a second thread has woken up, and
# on a busy machine threads that wait for each other cost far more than they save.
THREADING_PAYS = 500_000_000


def threads_for(multiplications: int) -> AbstractContextManager[object]:
    """In it, products of this many multiplications take one thread or all, whichever pays."""
    if multiplications >= THREADING_PAYS:
        return nullcontext()
    one: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return one


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
