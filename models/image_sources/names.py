"""Names in folders and archives: in any encoding, which are hidden, what they say of classes."""

import itertools
import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence

# Beside an image of one of these lie captions, boxes and the like, which are no broken images.
IMAGE_SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".jpe", ".png", ".tif", ".tiff", ".webp")
)
# WebDataset's: the class of the image beside it.
LABEL_SUFFIX = ".cls"
MAX_LABEL_BYTES = 1000
# What operating systems and file servers leave in folders.
LEFT_BEHIND = frozenset(("__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin"))
# Folders that part a data set, as Hugging Face's `datasets` knows them: none is a class.
SPLITS = frozenset(
    ("train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval")
)
# Controls, line breaks, what turns the writing of all that follows, marks of byte order, halves of
# pairs, and what is no character.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_DRIVE = re.compile(r"^[A-Za-z]:(?=/)")


def decode_name(raw: bytes, otherwise: str = "cp1252") -> str:
    """A name as text: UTF-8 where it is that, else in the encoding `otherwise`.

    Bytes that are neither stand as escapes, so that names that differ stay different.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(otherwise, "backslashreplace")


def printable(name: object, instead: str = "?") -> str:
    """Unicode in its composed form; what breaks lines or cannot be encoded becomes `instead`.

    All else stays: Persian words and families of emoji are held together by what has no width, and
    Japanese names have spaces of their own.
    """
    composed = unicodedata.normalize("NFC", str(name))
    return composed if composed.isprintable() else _UNPRINTABLE.sub(instead, composed)


def shown(name: str) -> str:
    """A name for people and the database: printable, whatever bytes the file system holds."""
    try:
        return printable(decode_name(name.encode("utf-8", "surrogateescape")))
    except UnicodeEncodeError:  # half of a pair, as JSON may escape it
        return printable(name)


def inner_path(name: str) -> str:
    """An archive's name with forward slashes, without a drive, a root or empty steps."""
    steps = _DRIVE.sub("", name.replace("\\", "/")).split("/")
    return "/".join(step for step in steps if step not in ("", "."))


def climbs(name: str) -> bool:
    """Whether a name leads up and perhaps out of its folder."""
    return ".." in name.split("/")


def free_name(name: str, taken: Container[str], numbers: dict[str, int]) -> str:
    """`name`, or with a number where it is taken: what has the same name is no less an image.

    `numbers` keeps the last one of each name: an archive may have a million of the same.
    """
    free, (stem, end) = name, posixpath.splitext(name)
    while free in taken:
        number = numbers[name] = numbers.get(name, 1) + 1
        free = f"{stem} ({number}){end}"
    return free


def in_order(names: Iterable[str]) -> list[str]:
    """Those that are not hidden, folder by folder: an archive's as those of its folder."""
    return sorted((name for name in names if not is_hidden(name)), key=lambda name: name.split("/"))


def is_hidden(name: str) -> bool:
    """Whether a file, or a folder above it, is not meant to be seen."""
    return any(is_hidden_step(step) for step in name.split("/"))


def is_hidden_step(step: str) -> bool:
    """The same of one step of a path."""
    return (step.startswith(".") and step != "..") or step.lower() in LEFT_BEHIND


def suffix(name: str) -> str:
    """The last suffix in small letters, with its dot; '' where there is none."""
    stem, dot, end = name.rpartition("/")[2].rpartition(".")
    return f"{dot}{end}".lower() if stem else ""


def is_image(name: str) -> bool:
    """Whether a name is that of an image in a format that can be read."""
    return suffix(name) in IMAGE_SUFFIXES


def sample(name: str) -> str:
    """A path up to the first dot of its last step, which the files of one WebDataset share."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.split(".", 1)[0]


def image_names(names: Sequence[str]) -> list[str]:
    """`names` without what lies beside an image under its name (captions, boxes) and labels.

    All others are given, so that what turns out to be no image is reported.
    """
    others = {name for name in names if not is_image(name)}
    if not others:
        return list(names)
    beside = {sample(name) for name in names if name not in others}
    kept = {name for name in others if suffix(name) != LABEL_SUFFIX and sample(name) not in beside}
    return [name for name in names if name not in others or name in kept]


def label_by_folder(names: Sequence[str]) -> Callable[[str], str | None]:
    """What tells the class of a file: the first folder below those that wrap or split them all."""
    images = [name for name in names if is_image(name)] or names
    depth = _wrapped(images)

    def label(name: str) -> str | None:
        if climbs(name):
            return None
        steps = name.split("/", depth + 1)
        return shown(steps[depth]) if len(steps) > depth + 1 else None

    return label


def classes_with_empty(names: Sequence[str], empty: Iterable[str]) -> list[str]:
    """All classes of a place that is one folder a class, where folders `empty` are some of them.

    None where nothing tells that folders are classes: there must be two with images, each image
    directly in the folder of its class, and no file that names a class in another way.
    """
    images = [name for name in names if is_image(name)]
    depth, filled = _wrapped(images), set(map(posixpath.dirname, images))
    told_otherwise = any(suffix(name) == LABEL_SUFFIX for name in names)
    if told_otherwise or not all(folder and folder.count("/") == depth for folder in filled):
        return []
    known = set(map(posixpath.basename, filled))
    above = set(map(posixpath.dirname, filled))
    beside = (folder for folder in empty if posixpath.dirname(folder) in above)
    new = {name for name in map(posixpath.basename, beside) if name.lower() not in SPLITS} - known
    return [shown(name) for name in sorted(known | new)] if new and len(known) > 1 else []


def empty_among(folders: Iterable[str], names: Iterable[str]) -> list[str]:
    """Those of an archive's `folders` that are not hidden and hold none of the files `names`."""
    seen = {folder for folder in folders if folder and not is_hidden(folder)}
    filled: set[str] = set()
    for name in itertools.chain(names, seen):
        folder = posixpath.dirname(name)
        while folder and folder not in filled:
            filled.add(folder)
            folder = posixpath.dirname(folder)
    return sorted(folder for folder in seen - filled if not climbs(folder))


def _wrapped(names: Sequence[str]) -> int:
    """How many leading folders name no class."""
    depth, parted = 0, False
    while names:
        steps = min(name.count("/") for name in names) + 1 - depth
        folders = {name.split("/", depth + 1)[depth] for name in names} if steps > 1 else set()
        parts = not parted and len(folders) > 1 and {each.lower() for each in folders} <= SPLITS
        if not parts and not (len(folders) == 1 and steps > 2):
            break
        depth, parted = depth + 1, parted or parts
    return depth


def describe(names: Iterable[str]) -> str:
    """How many files of which kinds: '12 of .txt, 1 of .pdf'."""
    kinds = Counter(suffix(name) or "no suffix" for name in names)
    return ", ".join(f"{count} of {kind}" for kind, count in kinds.most_common(5))
