"""The Celery application and its one thin task.

Jobs run in threads of one process a device: CUDA does not survive a fork.
"""

from collections.abc import Sequence
from typing import Any

from celery import signals

from service.domain.entities import Job
from service.jobs import TASK, create_celery
from service.logs import configure_logs
from service.settings import Settings
from service.usecases.context import Context
from worker import resources
from worker.extraction import help_embedding
from worker.handlers import HANDLERS
from worker.running import claim, look_up
from worker.turns import Turns

configure_logs()
app = create_celery(Settings().broker)


def serve(queues: Sequence[str], long_jobs: int) -> None:
    """Run jobs until told to stop: so many long ones at a time, and a thread more for short ones.

    However long the long ones take, an index or a map starts beside them.
    """
    resources.turns = Turns(long_jobs)
    app.worker_main(
        [
            "worker",
            "--pool=threads",
            f"--concurrency={long_jobs + 1}",
            f"--queues={','.join(queues)}",
            "--loglevel=info",
            "--without-gossip",
            "--without-mingle",
        ]
    )


@app.task(name=TASK)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    """Look the job up, and do what is left of it where it may start now."""
    context = resources.get_context()
    job = look_up(context, job_id)
    if job is None:
        return
    with resources.turns.turn(job) as may_start:
        if may_start:
            _work(context, job)
    if may_start:
        for refused, kind in resources.turns.take_refused().items():
            context.queue.send(refused, kind)


def _work(context: Context, job: Job) -> None:
    """Do the job, or help where another worker embeds for it; nothing where it is over."""
    if (job.kind, job.state) == ("embed", "running"):
        help_embedding(context, job, resources.stopping)
    elif running := claim(context, job.id, resources.stopping):
        running.run(HANDLERS[running.job.kind])


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop_jobs(**_: Any) -> None:
    resources.stopping.set()
