"""Small pictures as files, and what a source gives of them."""

import io

from PIL import Image

from models.image_sources import UnreadableFile, open_sources

LIMIT = 10**6


def png(colour: str = "red", size: tuple[int, int] = (12, 9)) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def contents(text: str) -> list[tuple[str, str | None, bytes | str]]:
    """Name, label and bytes of each file of a source; of an unreadable one, why it is that."""
    found: list[tuple[str, str | None, bytes | str]] = []
    for source in open_sources(text):
        with source.opened() as files:
            for file in files:
                try:
                    found.append((file.name, file.label, file.read(LIMIT)))
                except UnreadableFile as error:
                    found.append((file.name, file.label, str(error)))
    return found
