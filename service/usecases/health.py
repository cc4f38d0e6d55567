"""Whether the service can do its work, part by part."""

from collections.abc import Callable

from service.storage.tables import EncoderRow
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
        known = session.query(EncoderRow).first() is not None
    return "ok" if known else "starting: the first encoder is being registered"
