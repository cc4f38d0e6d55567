"""Classes that no image has, and their order, in every format with a place for them."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.image_sources.names import printable
from service.interchange import ExportFormat, UrlPolicy, export_suffix, open_import, write_export
from tests.models.image_sources.pictures import png
from tests.service.interchange.reading import write_files
from tests.service.interchange.test_round_trip import FORMATS, items

TEXT = st.text(min_size=1, max_size=20).map(printable).filter(lambda text: text == text.strip())


def classes(source: Path) -> list[str]:
    """The classes that a source names apart from its images."""
    found = open_import(str(source), roots=[source.parent], urls=UrlPolicy())
    with found.opened() as files:
        return files.classes()


def exported(folder: Path, names: list[str], form: ExportFormat, *, images: bool = True) -> Path:
    path = folder / f"export{export_suffix(form, images=images)}"
    with path.open("wb") as target:
        pool = items([("1.png", names[0], None), ("2.png", None, None)])
        write_export(pool, form, target, images=images, classes=names)
    return path


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=15)
@given(names=st.lists(TEXT, unique=True, min_size=1, max_size=6))
def test_all_classes_come_back_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, form: ExportFormat, names: list[str]
) -> None:
    assert classes(exported(tmp_path_factory.mktemp("any"), names, form)) == names


@pytest.mark.parametrize(
    ("form", "named"), [("csv", False), ("labelstudio", False), ("coco", True), ("parquet", True)]
)
def test_a_list_alone_names_them_where_it_has_a_place(
    tmp_path: Path, form: ExportFormat, named: bool
) -> None:
    path = exported(tmp_path, ["cat", "dog"], form, images=False)
    write_files(tmp_path, {"1.png": png("red"), "2.png": png("blue")})
    assert classes(path) == (["cat", "dog"] if named else [])


def test_an_export_without_classes_has_no_list_of_them(tmp_path: Path) -> None:
    target = io.BytesIO()
    write_export(items([("1.png", None, None)]), "csv", target, images=True)
    assert b"classes.txt" not in target.getvalue()


def test_a_list_beside_a_table_is_read_as_others_write_it(tmp_path: Path) -> None:
    text = "\ufeffcat\r\n\r\n  sea otter \r\ncat\r\n"
    listed: dict[str, bytes | str]
    listed = {"labels.csv": "path,label\n1.png,cat\n", "1.png": png(), "classes.txt": text}
    assert classes(write_files(tmp_path / "data", listed)) == ["cat", "sea otter"]


def test_a_link_out_of_the_allowed_folders_names_no_classes(tmp_path: Path) -> None:
    write_files(tmp_path, {"secret.txt": "one\ntwo\n"})
    data = write_files(tmp_path / "data", {"labels.csv": "path\n1.png\n", "1.png": png()})
    (data / "classes.txt").symlink_to(tmp_path / "secret.txt")
    found = open_import(str(data), roots=[data], urls=UrlPolicy())
    with found.opened() as files:
        assert files.classes() == []


PACKINGS = ["folder", "zip", "gztar"]


def packed(folder: Path, how: str) -> Path:
    """A folder as it is, or as an archive of it."""
    if how == "folder":
        return folder
    return Path(shutil.make_archive(str(folder), how, folder))


@pytest.mark.parametrize("how", PACKINGS)
@pytest.mark.parametrize(
    ("images", "empty", "named"),
    [
        (["cat/1.png", "dog/1.png"], ["bird", "eel"], ["bird", "cat", "dog", "eel"]),
        (["set/cat/1.png", "set/dog/1.png"], ["set/bird"], ["bird", "cat", "dog"]),
        (
            ["train/cat/1.png", "train/dog/1.png", "val/cat/2.png"],
            ["train/bird", "val/bird", "val/dog", "test"],
            ["bird", "cat", "dog"],
        ),
    ],
    ids=["one level", "wrapped", "parted"],
)
def test_an_empty_folder_beside_those_of_classes_is_a_class(
    tmp_path: Path, how: str, images: list[str], empty: list[str], named: list[str]
) -> None:
    data = write_files(tmp_path / "data", dict.fromkeys(images, png()))
    for folder in empty:
        (data / folder).mkdir(parents=True)
    # As Git keeps a folder, and as systems leave one.
    write_files(data, {f"{empty[0]}/.gitkeep": b"", f"{empty[-1]}/.DS_Store": b""})
    assert classes(packed(data, how)) == named


@pytest.mark.parametrize("how", PACKINGS)
@pytest.mark.parametrize(
    ("files", "empty"),
    [
        (["cat/1.png", "dog/1.png"], []),
        (["images/1.png", "images/2.png"], ["labels"]),
        (["cat/1.png", "dog/1.png", "3.png"], ["bird"]),
        (["cat/1.png", "dog/brown/1.png"], ["bird"]),
        (["cat/1.png", "dog/1.png"], ["test", "cat/bird"]),
        (["set/cat/1.png", "set/dog/1.png"], ["bird", "other/bird"]),
        (["cat/1.png", "dog/1.png"], [".bird", "__MACOSX", ".git/refs"]),
        (["cat/1.png", "dog/1.png", "bird/notes.txt"], []),
        (["00/1.png", "00/1.cls", "01/2.png", "01/2.cls"], ["02"]),
    ],
    ids=[
        *("none empty", "one class", "images above", "images below", "a part, and deeper"),
        *("beside what wraps", "hidden", "other files", "classes by files"),
    ],
)
def test_an_empty_folder_elsewhere_is_none(
    tmp_path: Path, how: str, files: list[str], empty: list[str]
) -> None:
    data = write_files(tmp_path / "data", dict.fromkeys(files, png()))
    for folder in empty:
        (data / folder).mkdir(parents=True)
    assert classes(packed(data, how)) == []


def test_names_of_empty_folders_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name in ("cat/1.png", "dog/1.png"):
            archive.writestr(name, png())
        for name in ("../bird/", "/eel/", "C:/fox/", "./gnu//", "cat/", "/"):
            archive.writestr(name, b"")
    assert classes(tmp_path / "data.zip") == ["cat", "dog", "eel", "fox", "gnu"]


QUESTION = '<Choices name="{}" toName="image"><Choice value="cat"/><Choice value="dog"/></Choices>'
ONE = QUESTION.format("choice")


@pytest.mark.parametrize(
    ("interface", "named"),
    [
        (f"<View>{ONE}</View>", ["cat", "dog"]),
        (f"<View>{ONE}{QUESTION.format('quality')}</View>", []),
        (f"<View>{ONE}", []),
        ("", []),
        ("<View><RectangleLabels><Label value='cat'/></RectangleLabels></View>", []),
        (f'<!DOCTYPE View [<!ENTITY a "aaaa">]><View>{ONE.replace("cat", "&a;")}</View>', []),
    ],
    ids=["one question", "two", "cut off", "empty", "boxes", "entities"],
)
def test_a_labelling_interface_names_the_choices_of_its_one_question(
    tmp_path: Path, interface: str, named: list[str]
) -> None:
    tasks = '[{"id": 1, "data": {"image": "1.png"}, "annotations": []}]'
    files: dict[str, bytes | str]
    files = {"tasks.json": tasks, "1.png": png(), "label_config.xml": interface}
    assert classes(write_files(tmp_path / "data", files)) == named


def test_numbered_labels_of_a_parquet_name_all_classes(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    features = '{"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}'
    schema = pyarrow.schema(
        {"image": pyarrow.binary(), "label": pyarrow.int64()}, {"huggingface": features}
    )
    rows = pyarrow.Table.from_pylist([{"image": png(), "label": 1}], schema)
    parquet.write_table(rows, tmp_path / "train.parquet")
    assert classes(tmp_path / "train.parquet") == ["cat", "dog"]
