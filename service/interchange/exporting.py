"""What is exported, and to which format."""

import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from service.interchange.archive_names import ArchiveNames, with_suffix
from service.interchange.class_lists import (
    INTERFACE,
    PLAIN_LIST,
    write_interface,
    write_plain_list,
)
from service.interchange.export_item import ExportItem
from service.interchange.formats import ExportFormat
from service.interchange.listings import (
    CocoListing,
    CsvListing,
    LabelStudioListing,
    Listing,
    MetadataListing,
)
from service.interchange.parquet_export import write_parquet


@dataclass(frozen=True)
class _ClassList:
    """A file of an archive that names all classes, where the list of images names only theirs."""

    file: str
    write: Callable[[Sequence[str]], bytes]


@dataclass(frozen=True)
class _Form:
    """A list of the images, as what it lies in an archive, and how its file ends alone."""

    listing: Callable[[], Listing]
    file: str
    suffix: str
    classes: _ClassList | None
    by_class: bool = False


_PLAIN = _ClassList(PLAIN_LIST, write_plain_list)
_INTERFACE = _ClassList(INTERFACE, write_interface)
FORMS: dict[ExportFormat, _Form] = {
    "csv": _Form(CsvListing, "labels.csv", ".csv", _PLAIN),
    "imagefolder": _Form(CsvListing, "labels.csv", ".csv", _PLAIN, by_class=True),
    "hf": _Form(MetadataListing, "metadata.csv", ".csv", _PLAIN),
    "coco": _Form(CocoListing, "annotations/instances_default.json", ".json", None),
    "labelstudio": _Form(LabelStudioListing, "tasks.json", ".json", _INTERFACE),
}
# Formats that are nothing without the images.
WITH_IMAGES = ("imagefolder", "hf")


def export_suffix(format: ExportFormat, *, images: bool) -> str:  # noqa: A002
    """How the name of an export's file ends: '.zip', '.csv', '.json' or '.parquet'."""
    if format == "parquet":
        return ".parquet"
    return ".zip" if images or format in WITH_IMAGES else FORMS[format].suffix


def write_export(
    items: Iterable[ExportItem],
    format: ExportFormat,  # noqa: A002
    target: BinaryIO,
    *,
    images: bool,
    classes: Sequence[str] = (),
) -> None:
    """Write `items` to `target`, one by one; `imagefolder` and `hf` always have images.

    `classes` are named, in this order, where there is a place for those without an image: anywhere
    but in a CSV, or in tasks of Label Studio, without the images.

    What their `read` and the target raise is passed on; the target is then worth nothing.
    """
    if format == "parquet":
        write_parquet(items, target, images=images, classes=classes)
    elif images or format in WITH_IMAGES:
        _write_zip(items, FORMS[format], target, classes)
    else:
        with FORMS[format].listing() as listing:
            listing.name_classes(classes)
            for item in items:
                listing.add(item, item.name)
            shutil.copyfileobj(listing.finished(), target)


def _write_zip(
    items: Iterable[ExportItem], form: _Form, target: BinaryIO, classes: Sequence[str]
) -> None:
    """The images, which do not compress, and the list of them."""
    lists = {form.classes.file: form.classes.write(classes)} if form.classes and classes else {}
    names = ArchiveNames(reserved=(form.file, *lists))
    with form.listing() as listing, zipfile.ZipFile(target, "w") as archive:
        listing.name_classes(classes)
        for name, content in lists.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        for label in classes if form.by_class else ():
            archive.mkdir(names.folder(label))
        for item in items:
            data = item.read()
            name = with_suffix(item.name, data)
            path = names.in_class(name, item.label) if form.by_class else names.beside(name)
            archive.writestr(zipfile.ZipInfo(path), data)
            listing.add(item, path)
        info = zipfile.ZipInfo(form.file)
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as file:
            shutil.copyfileobj(listing.finished(), file)
