"""Which jobs may start in one worker process."""

from contextlib import ExitStack

import pytest

from service.domain.entities import Job, now
from worker.turns import Turns


def job(kind: str, name: str = "") -> Job:
    return Job(
        id=name or kind, kind=kind, state="queued", project_id="default", payload={},
        done=0, total=0, message="", rate=None, outcome=None, error=None, attempts=0,
        created_at=now(), started_at=None, finished_at=None,
    )  # fmt: skip


def test_short_jobs_start_however_many_long_ones_run() -> None:
    turns = Turns(2)
    with ExitStack() as running:
        assert running.enter_context(turns.turn(job("embed")))
        assert running.enter_context(turns.turn(job("export")))
        assert not running.enter_context(turns.turn(job("import")))
        for kind in ("index", "map", "register_encoder", "index"):
            assert running.enter_context(turns.turn(job(kind)))


@pytest.mark.parametrize("kind", ["pretrain", "import"])
def test_of_some_kinds_a_process_runs_one_at_a_time(kind: str) -> None:
    turns = Turns(3)
    with turns.turn(job(kind, "1")) as first, turns.turn(job(kind, "2")) as second:
        assert (first, second) == (True, False)
        with turns.turn(job("embed")) as other:
            assert other
    with turns.turn(job(kind, "2")) as later:
        assert later


def test_a_refused_job_is_handed_out_once_when_there_is_room_again() -> None:
    turns = Turns(1)
    with turns.turn(job("embed")):
        for name in ("1", "2", "1"):
            with turns.turn(job("import", name)) as may_start:
                assert not may_start
        assert not turns.take_refused()
    assert turns.take_refused() == {"1": "import", "2": "import"}
    assert not turns.take_refused()


def test_a_job_that_fails_leaves_its_turn_to_others() -> None:
    turns = Turns(1)
    with pytest.raises(MemoryError), turns.turn(job("pretrain")):
        raise MemoryError
    with turns.turn(job("pretrain")) as may_start:
        assert may_start
