"""The Celery application and its one thin task.

Jobs run in threads of one process a device: CUDA does not survive a fork.
"""

from typing import Any

from celery import signals

from service.jobs import TASK, create_celery
from service.logs import configure_logs
from service.settings import Settings
from worker import resources
from worker.extraction import help_embedding
from worker.handlers import HANDLERS
from worker.running import claim, look_up

configure_logs()
app = create_celery(Settings().broker)


@app.task(name=TASK)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    """Look the job up, and do what is left of it; help where another worker embeds for it."""
    context = resources.get_context()
    job = look_up(context, job_id)
    if job is not None and (job.kind, job.state) == ("embed", "running"):
        help_embedding(context, job, resources.stopping)
        return
    with resources.turn(job.kind if job else None) as may_start:
        running = claim(context, job_id, resources.stopping) if may_start else None
        if running is not None:
            running.run(HANDLERS[running.job.kind])


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop_jobs(**_: Any) -> None:
    resources.stopping.set()
