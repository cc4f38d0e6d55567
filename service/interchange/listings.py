"""Lists of exported images, as each format writes them; kept on disk until they are over."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol, Self, cast
from urllib.parse import quote

from service.interchange.archive_names import IMAGES
from service.interchange.export_item import ExportItem

COLUMNS = ("original_name", "label", "reference_label", "sha256", "width", "height")


class Listing(Protocol):
    """A list that is written image by image; a context that drops what it kept."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def name_classes(self, classes: Sequence[str]) -> None:
        """All classes, where the format has a place for those without an image."""

    def add(self, item: ExportItem, path: str) -> None:
        """One image, which lies at `path`."""

    def finished(self) -> BinaryIO:
        """The whole list, from its start."""


class _OnDisk:
    """A list in a temporary file of UTF-8."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the context ends
        self._text = io.TextIOWrapper(self._file, "utf-8", newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._text.close()

    def name_classes(self, classes: Sequence[str]) -> None:
        """Only images have a place."""

    def finished(self) -> BinaryIO:
        self._text.flush()
        self._file.seek(0)
        return cast("BinaryIO", self._file)


class CsvListing(_OnDisk):
    """A table with a row an image; an empty cell where something is not known."""

    target = "path"

    def __init__(self) -> None:
        super().__init__()
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._rows.writerow((self.target, *COLUMNS))

    def add(self, item: ExportItem, path: str) -> None:
        known = (item.label or "", item.reference_label or "", item.sha256)
        self._rows.writerow((path, item.name, *known, item.width, item.height))


class MetadataListing(CsvListing):
    """The table as Hugging Face's imagefolder wants it."""

    target = "file_name"


class _JsonList(_OnDisk):
    """Objects between brackets."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def append(self, entry: dict[str, Any]) -> None:
        self._text.write(",\n" if self._count else "[\n")
        self._text.write(json.dumps(entry, ensure_ascii=False))
        self._count += 1

    def finished(self) -> BinaryIO:
        self._text.write("\n]" if self._count else "[]")
        return super().finished()


class LabelStudioListing(_JsonList):
    """Tasks for Label Studio with its local file storage, annotated where there is a label."""

    def add(self, item: ExportItem, path: str) -> None:
        data = {"image": f"/data/local-files/?d={quote(path)}", **_known(item)}
        choice = {"from_name": "choice", "to_name": "image", "type": "choices"}
        results = [{**choice, "value": {"choices": [item.label]}}] if item.label else []
        annotations = [{"result": results}] if results else []
        self.append({"id": self._count + 1, "data": data, "annotations": annotations})


class CocoListing:
    """Images, an annotation of the whole image for each label, and the categories."""

    def __init__(self) -> None:
        self._images, self._annotations, self._whole = _JsonList(), _JsonList(), _OnDisk()
        self._categories: dict[str, int] = {}
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for part in (self._images, self._annotations, self._whole):
            part.__exit__(*error)

    def name_classes(self, classes: Sequence[str]) -> None:
        self._categories = {name: number for number, name in enumerate(classes, 1)}

    def add(self, item: ExportItem, path: str) -> None:
        self._number += 1
        size = {"width": item.width, "height": item.height}
        # As COCO has it, from the folder of the images.
        place = {"id": self._number, "file_name": path.removeprefix(f"{IMAGES}/")}
        self._images.append({**place, **size, **_known(item)})
        if item.label:
            self._annotate(item, self._categories.setdefault(item.label, len(self._categories) + 1))

    def finished(self) -> BinaryIO:
        categories = [{"id": n, "name": name} for name, n in self._categories.items()]
        whole = self._whole.finished()
        whole.write(f'{{"categories": {json.dumps(categories, ensure_ascii=False)}'.encode())
        for key, part in (("images", self._images), ("annotations", self._annotations)):
            whole.write(f',\n"{key}": '.encode())
            shutil.copyfileobj(part.finished(), whole)
        whole.write(b"}\n")
        return self._whole.finished()

    def _annotate(self, item: ExportItem, category: int) -> None:
        box = [0, 0, item.width, item.height]
        shape = {"bbox": box, "area": item.width * item.height, "segmentation": [], "iscrowd": 0}
        ids = {"id": self._number, "image_id": self._number, "category_id": category}
        self._annotations.append({**ids, **shape})


def _known(item: ExportItem) -> dict[str, str]:
    """What formats have no place for, under names of our own."""
    known = {"original_name": item.name, "sha256": item.sha256}
    if item.reference_label:
        known["reference_label"] = item.reference_label
    return known
