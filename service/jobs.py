"""Job kinds, their queues, and sending them by name: all that the api knows of the worker."""

from typing import Literal

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

JobKind = Literal["embed", "register_encoder", "pretrain", "import", "export", "map", "index"]
TASK = "handful.run_job"
QUEUES: dict[str, str] = {
    "embed": "gpu.embed",
    "register_encoder": "gpu.embed",
    "pretrain": "gpu.pretrain",
    "import": "cpu",
    "export": "cpu",
    "map": "cpu",
    "index": "gpu.embed",
}
ALL_QUEUES = sorted({*QUEUES.values(), "cpu"})

log = structlog.get_logger()


def create_celery(broker_url: str) -> Celery:
    """The Celery application, the same for the sender and the worker."""
    app = Celery("handful", broker=broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_transport_options={
            "socket_timeout": 5,
            # A request waits for these: with the broker away it shall still answer in seconds.
            "socket_connect_timeout": 1,
            "max_retries": 1,
            "interval_start": 0.1,
            # Unacknowledged messages may wait: the database, not the broker, finds lost jobs.
            "visibility_timeout": 24 * 3600,
        },
        worker_hijack_root_logger=False,
    )
    return app


class JobQueue:
    """Tells workers of jobs. A message that is lost costs time, never a job."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def send(self, job_id: str, kind: str) -> bool:
        """Send one job by name; where the broker is away the reconciler sends it again later."""
        try:
            self._celery.send_task(TASK, args=[job_id], queue=QUEUES[kind], retry=False)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("broker_away", job_id=job_id, kind=kind, error=str(error))
            return False
        return True

    def ping(self) -> None:
        """Raise where the broker does not answer."""
        with self._celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=2)
