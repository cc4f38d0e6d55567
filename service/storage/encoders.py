"""Registered encoders: their rows, and their ONNX sessions once they are needed."""

from pathlib import Path
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.manifest import Manifest
from models.onnx_encoder import OnnxEncoder
from service.domain.entities import Encoder
from service.domain.errors import NotFound
from service.storage.tables import EncoderRow

FEATURE_WORDS = {
    "pre": "CLS token of the last block, before the final LayerNorm",
    "post": "CLS token after the final LayerNorm",
}


class EncoderShelf:
    """The checkpoint folders of the registered encoders; each ONNX session is opened once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sessions: dict[str, OnnxEncoder] = {}
        self._lock = Lock()

    def get(self, encoder_id: str) -> OnnxEncoder:
        """The encoder, ready to embed. Raises EncoderError where its folder is damaged."""
        with self._lock:
            if encoder_id not in self._sessions:
                self._sessions[encoder_id] = OnnxEncoder(self.folder / encoder_id)
            return self._sessions[encoder_id]


def get_encoder(session: Session, encoder_id: str) -> EncoderRow:
    """The encoder's row. Raises NotFound."""
    row = session.get(EncoderRow, encoder_id)
    if row is None:
        raise NotFound("unknown-encoder", f"There is no encoder '{encoder_id}'.")
    return row


def list_encoders(session: Session, preferred: str) -> list[EncoderRow]:
    """All encoders in the order they came, the one made from the spec `preferred` before all.

    The first is the default of new projects.
    """
    rows = session.scalars(select(EncoderRow).order_by(EncoderRow.created_at))
    return sorted(rows, key=lambda row: row.source != preferred)


def encoder_from_row(row: EncoderRow) -> Encoder:
    """The entity of a row."""
    manifest = Manifest.model_validate(row.manifest)
    return Encoder(
        id=row.id,
        name=manifest.name,
        source=row.source,
        dimension=manifest.dimension,
        image_size=manifest.architecture.image_size,
        feature=FEATURE_WORDS[manifest.feature.norm],
        licence=manifest.licence,
        notice=manifest.notice,
        created_at=row.created_at,
    )
