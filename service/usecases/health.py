"""Whether the service can do its work, part by part."""

from collections.abc import Callable

from sqlalchemy import select

from service.storage.tables import EncoderRow, JobRow
from service.usecases.context import Context


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
