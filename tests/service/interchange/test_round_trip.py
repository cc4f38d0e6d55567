"""What is exported is what was imported, whatever the format."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.image_sources.names import printable
from service.interchange import (
    ExportFormat,
    ExportItem,
    UrlPolicy,
    export_suffix,
    open_import,
    write_export,
)
from tests.models.image_sources.pictures import png
from tests.service.interchange.reading import Read, read

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
# Name, label, reference label: the same name for different images, any script, any shape.
IMAGES = [
    ("cat/1.png", "cat", None),
    ("cat/1.png", "dog", "dog"),
    ("1.png", None, None),
    ("CAT/1.PNG", None, "cat"),
    ("1 (2).png", "cat", None),
    ("猫/写真 1.png", "猫", None),
    ("Кот, пёс.png", 'Кот "и" пёс, или', "Кот"),
    ("été #1 100%25?.png", "a/b", None),
    ("قطة.png", "A/B", None),
    ("../../etc/passwd", "..", None),
    ("C:\\photos\\con.png", "con", None),
    (".hidden.png", ".hidden", None),
    ("no suffix", "1", None),
    ("=1+1.png", "unlabelled", None),
    (" spaces .png", "two words", None),
    (f"{'long' * 100}.png", "l" * 300, None),
    ("metadata.csv", "metadata.csv", None),
    ("labels.csv", "labels.csv", None),
]


def items(images: list[tuple[str, str | None, str | None]]) -> Iterator[ExportItem]:
    """Each a picture of its own."""
    for number, (name, label, reference) in enumerate(images):
        data = png(f"#{number:06x}")
        yield ExportItem(name, f"{number:064x}", 12, 9, label, reference, lambda data=data: data)  # type: ignore[misc]


def exported(folder: Path, images: list[tuple[str, str | None, str | None]], form: str) -> Path:
    path = folder / f"export{export_suffix(form, images=True)}"  # type: ignore[arg-type]
    with path.open("wb") as target:
        write_export(items(images), form, target, images=True)  # type: ignore[arg-type]
    return path


def expected(images: list[tuple[str, str | None, str | None]]) -> set[Read]:
    return {
        Read(name, label, png(f"#{number:06x}"), reference)
        for number, (name, label, reference) in enumerate(images)
    }


@pytest.mark.parametrize("form", FORMATS)
def test_a_round_trip_keeps_names_labels_and_bytes(tmp_path: Path, form: str) -> None:
    found = read(exported(tmp_path, IMAGES, form))
    assert len(found) == len(IMAGES)
    assert set(found) == expected(IMAGES)


@pytest.mark.parametrize("form", FORMATS)
def test_an_unpacked_export_is_read_alike(tmp_path: Path, form: str) -> None:
    path = exported(tmp_path, IMAGES, form)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path / "unpacked")
        path = tmp_path / "unpacked"
    assert set(read(path)) == expected(IMAGES)


TEXT = st.text(min_size=1, max_size=20).map(printable).filter(lambda text: text == text.strip())


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=15)
@given(images=st.lists(st.tuples(TEXT, TEXT | st.none(), TEXT | st.none()), max_size=5, min_size=1))
def test_a_round_trip_keeps_any_text(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    images: list[tuple[str, str | None, str | None]],
) -> None:
    path = exported(tmp_path_factory.mktemp("any"), images, form)
    assert sorted(read(path), key=repr) == sorted(expected(images), key=repr)


@pytest.mark.parametrize("form", FORMATS)
def test_a_list_without_images_names_them(form: ExportFormat) -> None:
    target = io.BytesIO()
    write_export(items(IMAGES[:3]), form, target, images=False)
    if form in ("imagefolder", "hf"):
        assert zipfile.is_zipfile(target)
    else:
        assert len(target.getvalue()) < 5000
        assert b"cat" in target.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_an_import_knows_how_many_files_it_has(tmp_path: Path, form: str) -> None:
    source = open_import(str(exported(tmp_path, IMAGES, form)), roots=[tmp_path], urls=UrlPolicy())
    with source.opened() as files:
        assert files.count() == len(IMAGES) == len(list(files))


def test_an_export_of_nothing_is_a_whole_file() -> None:
    for form in FORMATS:
        target = io.BytesIO()
        write_export([], form, target, images=True)
        assert target.getvalue()
