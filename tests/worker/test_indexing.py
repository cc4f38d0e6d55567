"""The job that builds an index, on whatever machine it runs."""

import os
import time
from collections.abc import Callable

from service.usecases.context import Context
from service.usecases.jobs import list_jobs, start_job
from tests.service.large_pools import encoder_of, fill, folders, versions


def test_a_machine_that_builds_indexes_drops_what_old_ones_left(
    context: Context, work: Callable[[], int]
) -> None:
    fill(context, 60)
    left = context.settings.indexes_dir / "default" / encoder_of(context) / ".unfinished-abc"
    left.mkdir(parents=True)
    hours_ago = time.time() - 2 * 3600
    os.utime(left, (hours_ago, hours_ago))
    start_job(context, "index", {"encoder_id": encoder_of(context)}, "default")
    work()
    (job,) = list_jobs(context)
    assert job.state == "succeeded"
    assert [folder.name for folder in folders(context)] == [versions(context)[0].name]
