"""From a path in annotations to a file: tools write paths relative to many places."""

import posixpath
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from models.image_sources import UnreadableFile
from models.image_sources.names import IMAGE_SUFFIXES, is_image, shown, suffix
from models.image_sources.tree import Tree


class Locator:
    """Finds the files that annotations speak of.

    First as the path says, from the folder of the annotations and from the top; then by the end of
    the path, whatever its letters' case and accents' encoding, where that is one file alone.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._whole: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}

    def find(self, target: str, annotations: str) -> str:
        """The name in the tree of what the file `annotations` calls `target`.

        Raises UnreadableFile where there is none, or several.
        """
        path = target.replace("\\", "/")
        folder = posixpath.dirname(annotations)
        # `images` beside `annotations` is COCO's way.
        beside = posixpath.join(posixpath.dirname(folder), "images")
        for base in dict.fromkeys((folder, beside, "")):
            name = posixpath.normpath(posixpath.join(base, path))
            if self._tree.has(name):
                return name
        found = self._similar(path)
        if len(found) > 1:
            # `instances_val.json` speaks of the images of the folder `val`.
            stem = posixpath.basename(annotations)
            told = [name for name in found if any(s in stem for s in name.split("/")[:-1])]
            found = told if len(told) == 1 else found
        if len(found) == 1:
            return found[0]
        if found:
            raise UnreadableFile(f"{target} may be any of {len(found)} files: {found[0]}, ..")
        raise UnreadableFile(f"{target} is not in {self._tree.where}")

    def _similar(self, path: str) -> list[str]:
        """All files of the same last step; of these the ones that share the most steps before."""
        found = self._named(path) or self._named(unquote(path))
        steps = _steps(path)
        shared = {name: _shared(_steps(name), steps) for name in found}
        most = max(shared.values(), default=0)
        return [name for name in found if shared[name] == most]

    def _named(self, path: str) -> list[str]:
        """By the last step; where that has no suffix, as identities have none, without it."""
        key = _key(path)
        if not self._whole:
            self._whole = _grouped(self._tree.names(), _key)
        if suffix(path) in IMAGE_SUFFIXES:
            return self._whole.get(key, [])
        if not self._stems:
            self._stems = _grouped(filter(is_image, self._tree.names()), _stem)
        return self._whole.get(key) or self._stems.get(key, [])


def _grouped(names: Iterable[str], by: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(by(name), []).append(name)
    return groups


def _stem(path: str) -> str:
    return posixpath.splitext(_key(path))[0]


def _key(path: str) -> str:
    return shown(posixpath.basename(path)).casefold()


def _steps(path: str) -> list[str]:
    return shown(path).casefold().split("/")[::-1]


def _shared(one: list[str], other: list[str]) -> int:
    """How many steps two paths share, from their ends."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
