"""The REST contract of uploads and of what imports may read."""

from datetime import datetime

from pydantic import Field

from service.api.schemas import Message
from service.interchange import ImportFormat


class Upload(Message):
    id: str = Field(description="Import it as upload:ID once it is finished.")
    filename: str
    offset: int = Field(description="Bytes that have arrived.")
    length: int
    finished: bool
    expires_at: datetime = Field(description="When it is dropped, if nothing more arrives.")


class ImportOptions(Message):
    roots: list[str] = Field(description="Folders of the server that imports may read.")
    max_upload_bytes: int
    formats: list[ImportFormat]
