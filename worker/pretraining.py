"""The job `pretrain`: a pool to a run folder, a training beside this process, a new encoder.

Everything that the training reaches stands in its folder, so that the job goes on from there
after a cancel, a shutdown, or the death of any process.
"""

import fcntl
import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from models.gpu import count_gpus
from models.manifest import MANIFEST_FILE, load_manifest
from models.pretraining.recipes import Recipe
from service.usecases.encoders import enter_encoder
from service.usecases.pretraining import device_of, read_recipe
from service.usecases.projects import update_project
from worker.pool_images import write_pool
from worker.running import JobStopped, RunningJob, WorkerStopping
from worker.training_process import TrainingProcess

# Deaths in a row, without a new step in between, before the job gives up.
MAX_DEATHS = 3
LOCK_SECONDS = 0.5


def pretrain(running: RunningJob) -> None:
    """Pretrain on the project's pool, and have the encoder take over when it has embedded it."""
    from models.encoder import register_encoder  # with torch, which takes seconds

    context, job = running.context, running.job
    recipe = read_recipe(job.payload)
    _require_device(recipe)
    folder = context.settings.runs_dir / job.id
    with _hold(running, folder) as lock:
        if not (folder / "encoder" / MANIFEST_FILE).exists():
            # Its name becomes a part of the encoder's; in `pool` it meets no other of the run's.
            images = folder / "pool" / str(job.project_id)
            write_pool(running, recipe.vit.image_size, images)
            _train(running, _words(running, images, folder), lock)
        running.say("Exporting and checking the encoder")
        checkpoint = register_encoder(str(folder / "encoder"), context.settings.encoders_dir)
    manifest = load_manifest(checkpoint)
    enter_encoder(context, manifest.source, manifest)
    update_project(context, str(job.project_id), encoder_id=manifest.encoder_id)
    running.say(
        f"Registered as {manifest.encoder_id}. It takes over once it has looked at the whole pool; "
        "the list of encoders then says by how much the accuracy on your labels changed, and the "
        "one before can be gone back to."
    )


def _require_device(recipe: Recipe) -> None:
    if device_of(recipe.name) == "gpu" and not count_gpus():
        raise ValueError(
            f"Preset '{recipe.name}' is made for a GPU, and this worker has none: take a preset "
            "for CPUs, or start a worker on a machine with a GPU."
        )


def _words(running: RunningJob, images: Path, folder: Path) -> list[str]:
    """What Python is to run: the command on one device, or a process for each GPU."""
    payload = running.job.payload
    words = ["-m", "service.cli", "pretrain", "--data", str(images), "--out", str(folder)]
    words += ["--preset", payload["preset"], "--resume", "--json"]
    if payload["epochs"]:
        words += ["--epochs", str(payload["epochs"])]
    for name, value in payload["settings"].items():
        words += ["--set", f"{name}={value}"]
    if payload["start_from"]:
        words += [
            "--start-from",
            str(running.context.settings.encoders_dir / payload["start_from"]),
        ]
    parts = _processes(read_recipe(payload).batch, count_gpus())
    if parts > 1:
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(parts)]
        return launcher + words
    return words


def _processes(batch: int, gpus: int) -> int:
    """A process for each GPU, or for as many as divide the batch into equal parts."""
    return max(number for number in range(1, max(1, gpus) + 1) if batch % number == 0)


@contextmanager
def _hold(running: RunningJob, folder: Path) -> Iterator[int]:
    """Hold the run's folder, which the training holds too: an earlier one may still be ending."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        while not _is_locked(file):
            running.say("Waiting for an earlier training to end")
            time.sleep(LOCK_SECONDS)
        yield file.fileno()


def _is_locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass
class _Heard:
    """What a job's training processes have said: the furthest step, and why the last failed."""

    step: int = 0
    failure: str = ""


def _train(running: RunningJob, words: list[str], lock: int) -> None:
    """Run the training to its end, through some deaths. Raises RuntimeError with its last words."""
    folder = running.context.settings.runs_dir / running.job.id
    heard, deaths = _Heard(), 0
    while True:
        reached = heard.step
        running.say("Starting the training")
        with TrainingProcess(words, folder / "errors.log", lock) as process:
            _follow(running, process, heard)
            status = process.wait()
            if (folder / "encoder" / MANIFEST_FILE).exists():
                return
            if status > 0:
                raise RuntimeError(heard.failure or process.last_words())
        # Steps made again are none: one that dies before each checkpoint would never end.
        deaths = 1 if heard.step > reached else deaths + 1
        how = signal.Signals(-status).name if status else "a request from elsewhere to stop"
        if deaths >= MAX_DEATHS:
            raise RuntimeError(
                f"The training ended {deaths} times by {how} before it got any further. Where "
                "memory ran out, free some or take a smaller preset; then resume the job."
            )
        message = f"The training was ended by {how}; it goes on from its last checkpoint."
        running.record({"event": "interrupted", "message": message})


def _follow(running: RunningJob, process: TrainingProcess, heard: _Heard) -> None:
    """Keep what the process says, until it ends or is to be stopped."""
    try:
        for line in process.lines():
            running.check()
            _keep(running, line, heard)
    except (JobStopped, WorkerStopping):
        for line in process.stop():
            _keep(running, line, heard)
        raise


def _keep(running: RunningJob, line: str, heard: _Heard) -> None:
    """Record one line of the training's log."""
    if not line.startswith("{"):
        return
    record: dict[str, Any] = json.loads(line, parse_constant=lambda _: None)
    running.record(record, _progress(record))
    if "total" in record:
        heard.step = max(heard.step, record["step"])
    if record.get("event") == "failed":
        heard.failure = record["message"]


def _progress(record: dict[str, Any]) -> tuple[int, int, str] | None:
    """Steps done, steps in all, and words, where the record tells."""
    if "step" not in record or "steps" not in record:
        return None
    return record["step"], record["steps"], "Training"
