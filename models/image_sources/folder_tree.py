"""A folder of this machine."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from models.image_sources.names import is_hidden_step
from models.image_sources.source import UnreadableFile
from models.image_sources.tree import reason
from models.image_sources.within import open_within, place_within


class FolderTree:
    """The files below a folder. Links to files inside of `roots` are followed, no others."""

    def __init__(self, folder: Path, roots: Sequence[Path]) -> None:
        self.where = str(folder)
        self._folder = folder
        self._roots = tuple(root.resolve() for root in roots)
        self._refused: dict[str, str] = {}
        # A folder's many files are found by following its path once; reading follows it again.
        self._folders = lru_cache(1000)(
            lambda below: place_within(folder / (below or "."), self._roots)
        )
        self._closed: list[str] = []
        self._empty: list[str] = []
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        """Folder by folder, sorted; what may not be read is among them, to be refused by name."""
        if self._names is None:
            self._names = [*self._walk(), *self._closed]
        return self._names

    def empty_folders(self) -> list[str]:
        """In the same order."""
        self.names()
        return self._empty

    def has(self, name: str) -> bool:
        """Whether there is such a file; outside of the roots that is told of none."""
        try:
            return self._place(name).is_file()
        except OSError:  # too long to be a name, or in a folder that may not be looked into
            return False

    def open(self, name: str) -> BinaryIO:
        """A file, if it still is inside of the roots."""
        if name in self._refused:
            raise UnreadableFile(self._refused[name])
        return open_within(self._folder / name, self._roots)

    def path(self, name: str) -> Path | None:
        """Where it lies, or None for what is refused."""
        try:
            return None if name in self._refused else self._place(name)
        except (UnreadableFile, OSError):
            return None

    def _place(self, name: str) -> Path:
        """What a name is, free of links. Raises UnreadableFile where that is outside."""
        folder, _, last = name.rpartition("/")
        if name.startswith("/") or last in ("", ".", ".."):
            return place_within(self._folder / name, self._roots)
        place = self._folders(folder) / last
        return place_within(place, self._roots) if place.is_symlink() else place

    def _walk(self) -> Iterator[str]:
        """Not by recursion, which the depth of folders would end."""
        waiting = self._entries("")
        while waiting:
            name, is_folder, is_link = waiting.pop()
            if is_folder:
                entries = self._entries(name)
                if not entries and name not in self._refused:
                    self._empty.append(name)
                waiting += entries
                continue
            if is_link:
                self._check_link(name)
            yield name

    def _entries(self, below: str) -> list[tuple[str, bool, bool]]:
        """What is not hidden in a folder, the last first: name, whether folder, whether link."""
        start = f"{below}/" if below else ""
        try:
            with os.scandir(self._folder / below) as entries:
                found = [
                    (start + each.name, each.is_dir(follow_symlinks=False), each.is_symlink())
                    for each in entries
                    if not is_hidden_step(each.name)
                ]
        except OSError as error:
            self._refused[below] = f"the folder cannot be read: {reason(error)}"
            self._closed.append(below)
            return []
        return sorted(found, reverse=True)

    def _check_link(self, name: str) -> None:
        """Folders behind links are left alone: they may lead in circles."""
        try:
            if place_within(self._folder / name, self._roots).is_dir():
                self._refused[name] = "it is a link to a folder, which is not followed: name that"
        except UnreadableFile as error:
            self._refused[name] = str(error)
