"""Encoders: listed, asked for, and entered when the worker has them ready."""

from sqlalchemy import update

from models.manifest import Manifest
from service.domain.entities import Encoder, Job
from service.storage import encoders
from service.storage.encoders import encoder_from_row
from service.storage.tables import EncoderRow, ProjectRow
from service.usecases.context import Context
from service.usecases.jobs import start_job


def list_encoders(context: Context) -> list[Encoder]:
    """All registered encoders, the default of new projects first."""
    preferred = context.settings.encoder
    with context.database.read() as session:
        return [encoder_from_row(row) for row in encoders.list_encoders(session, preferred)]


def get_encoder(context: Context, encoder_id: str) -> Encoder:
    """One encoder. Raises NotFound."""
    with context.database.read() as session:
        return encoder_from_row(encoders.get_encoder(session, encoder_id))


def request_encoder(context: Context, spec: str) -> Job:
    """Have a worker load, check and export an encoder."""
    return start_job(context, "register_encoder", {"spec": spec})


def enter_encoder(context: Context, spec: str, manifest: Manifest) -> None:
    """Enter an encoder whose folder is complete, or what is new of it.

    Projects without an encoder take it.
    """
    content = manifest.model_dump(mode="json")
    with context.database.write() as session:
        row = session.get(EncoderRow, manifest.encoder_id) or EncoderRow(id=manifest.encoder_id)
        row.source, row.manifest = spec, content
        session.add(row)
        session.flush()
        without = update(ProjectRow).where(ProjectRow.encoder_id.is_(None))
        session.execute(without.values(encoder_id=manifest.encoder_id))
