"""Whether the service can do its work, part by part."""

import time
from collections.abc import Callable
from threading import Lock

from sqlalchemy import select

from service.storage.tables import EncoderRow, JobRow
from service.usecases.context import Context

# Orchestrators and `handful up` look every few seconds or less often.
KEPT_SECONDS = 1.0


class Readiness:
    """What the parts said last: strangers may ask often, and the parts are asked less."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept_seconds = kept_seconds
        self._turn = Lock()
        self._checked_at = float("-inf")
        self._parts: dict[str, str] = {}

    def parts(self, context: Context) -> dict[str, str]:
        """As `check_parts` says it, or said it so many seconds ago at most."""
        with self._turn:
            if time.monotonic() - self._checked_at >= self._kept_seconds:
                self._parts = check_parts(context)
                self._checked_at = time.monotonic()
            return dict(self._parts)


def check_parts(context: Context) -> dict[str, str]:
    """`ok`, or what is wrong, for each part: database, redis, encoder."""
    parts: dict[str, Callable[[], str]] = {
        "database": lambda: _answers(context.database.ping),
        "redis": lambda: _answers(context.queue.ping),
        "encoder": lambda: _encoder(context),
    }
    return {name: _guarded(check) for name, check in parts.items()}


def _guarded(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  whatever is wrong with a part is what this reports
        return f"{type(error).__name__}: {error}"


def _answers(ping: Callable[[], None]) -> str:
    ping()
    return "ok"


def _encoder(context: Context) -> str:
    with context.database.read() as session:
        if session.query(EncoderRow).first() is not None:
            return "ok"
        spec = context.settings.encoder
        newest = select(JobRow).where(JobRow.kind == "register_encoder")
        tries = session.scalars(newest.order_by(JobRow.created_at.desc()))
        last = next((job for job in tries if job.payload == {"spec": spec}), None)
        if last is not None and last.state == "failed":
            return f"failed: {spec}: {last.error}"
    return "starting: the first encoder is being registered"
