"""How much an archive may hold."""

from pathlib import Path

from models.image_sources.source import SourceError

MAX_ENTRIES = 5_000_000
# Images hardly compress; flat bitmaps do so ten to a hundred times, a bomb a thousand times.
MAX_RATIO = 200
# A small archive may well unpack to this.
ALWAYS_TAKEN_BYTES = 2**30


def most_bytes(packed: int) -> int:
    """What an archive of `packed` bytes may unpack to."""
    return max(ALWAYS_TAKEN_BYTES, MAX_RATIO * packed)


def check_ratio(archive: Path, packed: int, unpacked: int) -> None:
    """Raises SourceError for a bomb, by what the archive itself says it unpacks to."""
    if unpacked > most_bytes(packed):
        raise bomb(archive)


def bomb(archive: Path) -> SourceError:
    """What to say of an archive that unpacks to too much."""
    return SourceError(
        f"{archive} is refused as a bomb: it unpacks to more than {MAX_RATIO} times its size. "
        "If it is none, unpack it and import the folder"
    )
