"""The job `index`: the next version of a pool's index, beside the one in use."""

from service.usecases.index_building import build_index
from worker.running import RunningJob


def index(running: RunningJob) -> None:
    """Build it from what the database holds by now: one that was cut off starts anew."""
    job = running.job
    build_index(
        running.context,
        str(job.project_id),
        job.payload["encoder_id"],
        lambda done, total, message: running.report(done=done, total=total, message=message),
    )
