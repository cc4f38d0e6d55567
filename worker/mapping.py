"""The job `map`: a plane on which a project's images lie beside those that they are like.

It takes minutes for a large pool and keeps nothing on the way: a job that was cut off starts again
and, because nothing in it is random from one run to the next, comes to the same map.
"""

import time

from models.maps.projection import Report, project
from service.usecases.mapping import keep_map
from worker.running import RunningJob

REPORT_SECONDS = 1.0


def make_map(running: RunningJob) -> None:
    """Project the pool that there is when the job starts; images that come later are placed."""
    context, job = running.context, running.job
    project_id, encoder_id = str(job.project_id), job.payload["encoder_id"]
    with context.database.read() as session:
        pool = context.pools.get(session, project_id, encoder_id)
    if not len(pool):
        raise ValueError("The project has no embedded image any more: there is nothing to map.")
    places = project(pool.features, _reporter(running))
    keep_map(context, project_id, encoder_id, pool.image_ids, places)
    running.report(done=100, total=100, message=f"Mapped {len(pool)} images")


def _reporter(running: RunningJob) -> Report:
    """Notes progress now and then, and looks at each call whether the job is to end."""
    last = float("-inf")

    def report(done: int, total: int, message: str) -> None:
        nonlocal last
        running.check()
        if time.monotonic() - last >= REPORT_SECONDS:
            last = time.monotonic()
            running.report(done=done, total=total, message=message)

    return report
