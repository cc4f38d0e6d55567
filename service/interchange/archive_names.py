"""Names of files in archives that every system can unpack, no two of them the same."""

import re
from collections.abc import Iterable

from models.image_sources.names import IMAGE_SUFFIXES, is_hidden_step, suffix

IMAGES = "images"
# What Windows refuses in a name, or takes for a device.
_REFUSED = re.compile(r'[\x00-\x1f<>:"|?*\\/]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# Bytes of UTF-8; file systems take 255, of which a number may need some.
LONGEST_STEP = 200
_BY_FIRST_BYTES = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"RIFF": ".webp",
}


class ArchiveNames:
    """The names given in one archive."""

    def __init__(self, reserved: Iterable[str]) -> None:
        """`reserved` are the names of what lies among the images."""
        # In small letters: some systems do not tell them from capitals.
        self._taken = {name.casefold() for name in reserved}
        self._next: dict[str, int] = {}
        self._folders: dict[str, str] = {}

    def beside(self, name: str) -> str:
        """A place below `images/`, in the folders that the name had."""
        steps = [safe_step(step) for step in re.split(r"[/\\]", name) if step not in _NO_STEPS]
        return self._free("/".join([IMAGES, *steps]))

    def in_class(self, name: str, label: str | None) -> str:
        """A place in the class's folder; at the top without one, where no class is seen in it."""
        last = safe_step(re.split(r"[/\\]", name)[-1])
        return self._free(last if label is None else f"{self.folder(label)}/{last}")

    def folder(self, label: str) -> str:
        """One folder a class, also where two classes differ in what no folder can be called."""
        if label not in self._folders:
            self._folders[label] = self._free(safe_step(label))
        return self._folders[label]

    def _free(self, path: str) -> str:
        """`path`, or with the first number that makes it new."""
        free = path
        while free.casefold() in self._taken:
            number = self._next[path.casefold()] = self._next.get(path.casefold(), 1) + 1
            stem, dot, end = _split(path)
            free = f"{stem} ({number}){dot}{end}"
        self._taken.add(free.casefold())
        return free


_NO_STEPS = ("", ".", "..")


def safe_step(step: str) -> str:
    """One step of a path that no system refuses, hides or takes for something else."""
    safe = _REFUSED.sub("_", step).rstrip(". ") or "_"
    if is_hidden_step(safe) or _DEVICE.match(safe):
        safe = f"_{safe}"
    stem, dot, end = _split(safe)
    room = LONGEST_STEP - len((dot + end).encode())
    return stem.encode()[: max(room, 1)].decode(errors="ignore") + dot + end


def with_suffix(name: str, data: bytes) -> str:
    """`name`, with the suffix of the image's format where it has none of an image."""
    if suffix(name) in IMAGE_SUFFIXES:
        return name
    found = (end for start, end in _BY_FIRST_BYTES.items() if data.startswith(start))
    return name + next(found, ".avif")


def _split(path: str) -> tuple[str, str, str]:
    """Stem, dot and suffix of a path; only the suffix of an image is one."""
    end = suffix(path)
    if end not in IMAGE_SUFFIXES:
        return path, "", ""
    return path[: -len(end)], ".", path[1 - len(end) :]
