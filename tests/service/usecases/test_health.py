"""What the service says of its parts."""

from sqlalchemy import delete, update

from service.storage.tables import EncoderRow, ProjectRow
from service.usecases.context import Context
from service.usecases.health import Readiness, check_parts


def forget_encoders(context: Context) -> None:
    with context.database.write() as session:
        session.execute(update(ProjectRow).values(encoder_id=None))
        session.execute(delete(EncoderRow))


def test_each_part_is_asked(context: Context) -> None:
    parts = check_parts(context)
    assert parts.keys() == {"database", "redis", "encoder"}
    assert (parts["database"], parts["encoder"]) == ("ok", "ok")
    assert "no-redis.sock" in parts["redis"]
    forget_encoders(context)
    assert check_parts(context)["encoder"].startswith("starting")


def test_the_parts_are_asked_once_however_many_want_to_know(context: Context) -> None:
    kept, fresh = Readiness(kept_seconds=3600), Readiness(kept_seconds=0)
    before = kept.parts(context)
    assert fresh.parts(context) == before
    forget_encoders(context)
    assert kept.parts(context) == before
    assert fresh.parts(context)["encoder"].startswith("starting")
