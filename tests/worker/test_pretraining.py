"""A pretraining from a project's pool to its next encoder, through cancels and deaths."""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.pretraining.recipes import PRESETS
from service.domain.entities import Job
from service.usecases.context import Context, create_context
from service.usecases.jobs import cancel_job, get_job, list_records, resume_job
from service.usecases.pretraining import request_pretraining
from tests.pictures import parts
from tests.service.caller import Caller, running_service
from worker.handlers import HANDLERS
from worker.pretraining import MAX_DEATHS
from worker.pretraining import _words as words_of
from worker.running import claim

pytestmark = [
    pytest.mark.slow,
    # What differs between databases is tested with the rows; a training takes seconds to start.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

# A training that goes on behind its 20th step, of which it tells, only to be stopped.
HELD = """
import time
from itertools import count
from models import pretrain as method
from service.cli import main

def held(*given, should_stop, **more):
    steps = count(1)

    def stop_behind_the_20th():
        behind = next(steps) > 20
        while behind and not should_stop():
            time.sleep(0.02)
        return should_stop()

    return pretrain(*given, should_stop=stop_behind_the_20th, **more)

pretrain, method.pretrain = method.pretrain, held
main()
"""
STEPS = 45
# Three steps an epoch of the 36 images, and a record every twenty steps.
PAYLOAD: dict[str, Any] = {
    "preset": "cpu-32",
    "epochs": STEPS / 3,
    "start_from": None,
    "settings": {"batch": "12", "prototypes": "64"},
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.running.BEAT_SECONDS", 0.1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def own_encoders(context: Context, tmp_path: Path) -> Iterator[Context]:
    """The service with an encoders' folder that a test may add to."""
    folder = context.settings.data_dir / "encoders"
    shared = folder.readlink()
    folder.unlink()
    folder.mkdir()
    for each in shared.iterdir():
        (folder / each.name).symlink_to(each)
    again = create_context(context.settings)
    yield again
    again.database.close()


@pytest.fixture
def pool(own_encoders: Context) -> Iterator[Caller]:
    """A project with 36 images of three colours, of which four of two are labelled."""
    with running_service(own_encoders.settings) as api:
        api.teach("red", "green", each=4)
        api.send("/images", parts("red", range(4, 12)))
        api.send("/images", parts("green", range(4, 12)))
        api.send("/images", parts("blue", range(12)))
        yield api


class Worker(threading.Thread):
    """Runs one job as a worker's thread does."""

    def __init__(self, context: Context, job_id: str) -> None:
        super().__init__()
        self.stopping = threading.Event()
        claimed = claim(context, job_id, self.stopping)
        assert claimed is not None
        self.job = claimed
        self.start()

    def run(self) -> None:
        self.job.run(HANDLERS[self.job.job.kind])


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def records(context: Context, job: Job, **wanted: object) -> list[dict[str, Any]]:
    """The job's records that have these values."""
    found = list_records(context, job.id)
    return [each for each in found if wanted.items() <= each.items()]


def trained(context: Context, job: Job) -> Callable[[], bool]:
    """Whether the job has recorded a loss, or is over."""
    return lambda: (
        get_job(context, job.id).finished or any("total" in each for each in records(context, job))
    )


def training_process(folder: Path) -> int:
    """Process id of the training that works in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if b"service.cli" in words and str(folder).encode() in words:
            return int(process.name)
    raise AssertionError(f"nothing trains in {folder}")


def test_a_pretraining_is_cancelled_resumed_and_its_encoder_takes_over(
    pool: Caller, own_encoders: Context, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = own_encoders
    work()
    before = pool.get("/projects/default")["encoder_id"]
    job = request_pretraining(context, "default", PAYLOAD)
    with monkeypatch.context() as patched:
        patched.setattr(
            "worker.pretraining._words", lambda *given: ["-c", HELD, *words_of(*given)[2:]]
        )
        first = Worker(context, job.id)
        wait_for(trained(context, job), "a first loss")
        cancel_job(context, job.id)
        first.join()
    cancelled = get_job(context, job.id)
    assert cancelled.state == "cancelled", cancelled.error
    reached = cancelled.done
    assert 20 <= reached < STEPS
    assert records(context, job, event="stopped", step=reached)

    resume_job(context, job.id)
    Worker(context, job.id).join()
    done = get_job(context, job.id)
    assert (done.state, done.error) == ("succeeded", None)
    assert records(context, job, event="resumed", step=reached)
    assert records(context, job, event="finished", step=STEPS)
    assert any("knn" in each for each in records(context, job)), "labels serve as a probe"

    (new,) = [each for each in pool.get("/encoders")["encoders"] if "cpu-32" in each["id"]]
    assert new["id"] in done.message
    assert new["image_size"] == PRESETS["cpu-32"].vit.image_size
    going = pool.get("/projects/default")
    assert (going["encoder_id"], going["next_encoder_id"]) == (before, new["id"])
    work()
    project = pool.get("/projects/default")
    assert (project["encoder_id"], project["next_encoder_id"]) == (new["id"], None)
    accuracies = [each["accuracy"] for each in pool.get("/encoders")["encoders"]]
    assert [each["count"] for each in accuracies] == [8, 8]
    assert pool.put("/projects/default/encoder", {"encoder_id": before})["encoder_id"] == before


@pytest.mark.usefixtures("pool")
def test_a_killed_training_goes_on_and_a_stopping_worker_gives_it_back(
    own_encoders: Context,
) -> None:
    context = own_encoders
    job = request_pretraining(context, "default", PAYLOAD | {"epochs": 3000})
    folder = context.settings.runs_dir / job.id
    worker = Worker(context, job.id)
    wait_for(trained(context, job), "a first loss")
    os.kill(training_process(folder), signal.SIGKILL)
    wait_for(lambda: bool(records(context, job, event="interrupted")), "its death to be noticed")
    (death,) = records(context, job, event="interrupted")
    assert "SIGKILL" in death["message"]
    started = len(records(context, job, event="started"))
    wait_for(lambda: len(records(context, job, event="started")) > started, "another start")
    worker.stopping.set()
    worker.join()
    given_back = get_job(context, job.id)
    assert (given_back.state, given_back.attempts) == ("queued", 0), given_back.error
    assert records(context, job)[-1]["event"] == "stopped"
    assert (folder / "pretraining.pt").exists(), "the next worker goes on from here"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise ValueError('the pool is made of cheese')", "the pool is made of cheese"),
        (
            """print('{"event": "failed", "message": "no cheese"}'); raise SystemExit(1)""",
            "no cheese",
        ),
        ("import os; os.kill(os.getpid(), 9)", f"{MAX_DEATHS} times by SIGKILL"),
        (
            """import os; print('{"step": 20, "total": 1}', flush=True); os.kill(os.getpid(), 9)""",
            f"{MAX_DEATHS} times by SIGKILL",
        ),
    ],
)
@pytest.mark.usefixtures("pool")
def test_a_training_that_cannot_go_on_says_why(
    own_encoders: Context, program: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.pretraining._words", lambda *_: ["-c", program])
    job = request_pretraining(own_encoders, "default", PAYLOAD)
    Worker(own_encoders, job.id).join()
    failed = get_job(own_encoders, job.id)
    assert failed.state == "failed"
    assert words in str(failed.error)


def test_a_project_may_be_called_as_a_part_of_a_run_is(
    pool: Caller, own_encoders: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "raise ValueError('it came to the training')"
    monkeypatch.setattr("worker.pretraining._words", lambda *_: ["-c", program])
    for name in ("lock", "encoder", "images"):
        pool.post("/projects", {"name": name})
        pool.send("/images", parts("red", range(12)), project=name)
        job = request_pretraining(own_encoders, name, PAYLOAD)
        Worker(own_encoders, job.id).join()
        assert "it came to the training" in str(get_job(own_encoders, job.id).error)
        run = own_encoders.settings.runs_dir / job.id
        assert {each.name for each in run.iterdir()} == {"errors.log", "lock", "pool"}


@pytest.mark.usefixtures("pool")
def test_what_a_training_says_while_it_is_stopped_is_kept(
    own_encoders: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('{"step": 7, "steps": 9}', flush=True)))
print('{"step": 5, "steps": 9, "total": NaN}', flush=True)
time.sleep(600)
"""
    monkeypatch.setattr("worker.pretraining._words", lambda *_: ["-c", program])
    job = request_pretraining(own_encoders, "default", PAYLOAD)
    worker = Worker(own_encoders, job.id)
    wait_for(lambda: bool(records(own_encoders, job, step=5)), "a first record")
    cancel_job(own_encoders, job.id)
    worker.join()
    cancelled = get_job(own_encoders, job.id)
    assert (cancelled.state, cancelled.done, cancelled.total) == ("cancelled", 7, 9)
    said = [each["step"] for each in records(own_encoders, job)]
    assert said == [5, 7]
    assert records(own_encoders, job, total=None), "no database keeps a number that is none"


@pytest.mark.usefixtures("pool")
def test_a_preset_for_gpus_is_refused_by_a_worker_without_one(
    own_encoders: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    payload = PAYLOAD | {"preset": "vit-s16"}
    job = request_pretraining(own_encoders, "default", payload)
    Worker(own_encoders, job.id).join()
    assert "made for a GPU" in str(get_job(own_encoders, job.id).error)


@pytest.mark.usefixtures("pool")
def test_two_workers_never_train_in_one_folder(own_encoders: Context) -> None:
    context = own_encoders
    job = request_pretraining(context, "default", PAYLOAD)
    folder = context.settings.runs_dir / job.id
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        worker = Worker(context, job.id)
        wait_for(lambda: "Waiting" in get_job(context, job.id).message, "it to wait")
        cancel_job(context, job.id)
        worker.join()
    assert get_job(context, job.id).state == "cancelled"
    assert [each.name for each in folder.iterdir()] == ["lock"], "it did nothing there"
