from contextlib import ExitStack

from threadpoolctl import threadpool_info, threadpool_limits

from models.threads import THREADING_PAYS, threads_for


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_small_products_take_one_thread_and_large_ones_all() -> None:
    with threadpool_limits(2, user_api="blas"):
        with threads_for(1):
            assert blas_threads() == {1}
        with threads_for(THREADING_PAYS):
            assert blas_threads() == {2}


def test_who_leaves_last_restores_the_threads_though_another_entered_first() -> None:
    with threadpool_limits(2, user_api="blas"):
        first, second = ExitStack(), ExitStack()
        first.enter_context(threads_for(1))
        second.enter_context(threads_for(1))

        first.close()
        assert blas_threads() == {1}
        second.close()
        assert blas_threads() == {2}
