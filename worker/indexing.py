"""The job `index`: the next version of a pool's index, beside the one in use."""

from service.usecases.index_building import build_index
from service.usecases.indexing import drop_old
from worker.running import RunningJob


def index(running: RunningJob) -> None:
    """Build it from what the database holds by now: one that was cut off starts anew.

    What older versions left here goes first: on a machine without an api nobody else drops it.
    """
    drop_old(running.context)
    job = running.job
    build_index(
        running.context,
        str(job.project_id),
        job.payload["encoder_id"],
        lambda done, total, message: running.report(done=done, total=total, message=message),
    )
