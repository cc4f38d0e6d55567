import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from models.image_sources import SourceError
from models.low_shot.labelled_folder import LabelledFile, read_files, read_labelled


def folder_of(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root / "data"


def zip_of(root: Path, files: Mapping[str, bytes]) -> Path:
    path = root / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


both = pytest.mark.parametrize("store", [folder_of, zip_of])
Store = Callable[[Path, Mapping[str, bytes]], Path]


def labels_by_name(source: Path) -> dict[str, str]:
    return {file.name: file.label for file in read_labelled(source)}


@both
def test_files_come_sorted_with_the_folder_as_label(store: Store, tmp_path: Path) -> None:
    source = store(tmp_path, {"dog/1.jpg": b"d1", "cat/2.jpg": b"c2", "cat/1.jpg": b"c1"})

    assert list(read_labelled(source)) == [
        LabelledFile("cat/1.jpg", "cat", b"c1"),
        LabelledFile("cat/2.jpg", "cat", b"c2"),
        LabelledFile("dog/1.jpg", "dog", b"d1"),
    ]


@both
def test_the_first_folder_names_the_class_of_files_further_down(
    store: Store, tmp_path: Path
) -> None:
    source = store(tmp_path, {"cat/tabby/1.jpg": b"1", "cat/2.jpg": b"2", "dog/3.jpg": b"3"})

    assert labels_by_name(source) == {
        "cat/2.jpg": "cat",
        "cat/tabby/1.jpg": "cat",
        "dog/3.jpg": "dog",
    }


@both
def test_folders_around_all_classes_are_skipped(store: Store, tmp_path: Path) -> None:
    source = store(tmp_path, {"set/train/cat/1.jpg": b"1", "set/train/dog/1.jpg": b"2"})

    assert list(labels_by_name(source).values()) == ["cat", "dog"]


@both
def test_a_single_class_is_not_taken_for_a_wrapper(store: Store, tmp_path: Path) -> None:
    assert labels_by_name(store(tmp_path, {"cat/1.jpg": b"1"})) == {"cat/1.jpg": "cat"}


@both
def test_hidden_files_and_files_outside_classes_are_left_out(store: Store, tmp_path: Path) -> None:
    junk = {".DS_Store": b"", "cat/.thumb": b"", "__MACOSX/cat/._1.jpg": b"", "README.md": b""}

    assert labels_by_name(store(tmp_path, {"cat/1.jpg": b"1"} | junk)) == {"cat/1.jpg": "cat"}


@both
def test_names_from_other_scripts_keep_their_letters_in_one_form(
    store: Store, tmp_path: Path
) -> None:
    source = store(tmp_path, {"Ka\u0308fer/1.jpg": b"1", "猫/2.jpg": b"2"})

    assert list(labels_by_name(source).values()) == ["K\u00e4fer", "猫"]


@both
def test_of_a_file_over_the_limit_only_one_byte_more_is_read(store: Store, tmp_path: Path) -> None:
    (file,) = read_labelled(store(tmp_path, {"cat/1.jpg": bytes(1_000_000)}), max_bytes=100)

    assert len(file.data) == 101


@both
def test_data_without_class_folders_says_what_was_expected(store: Store, tmp_path: Path) -> None:
    source = store(tmp_path, {"1.jpg": b"1", "2.jpg": b"2"})

    with pytest.raises(SourceError, match="one folder a class"):
        list(read_labelled(source))


def test_names_that_leave_the_zip_are_left_out(tmp_path: Path) -> None:
    source = zip_of(tmp_path, {"../evil/1.jpg": b"", "a/../../3.jpg": b""})

    with pytest.raises(SourceError, match="no class folders"):
        list(read_labelled(source))


def test_names_from_the_root_are_read_from_the_top_of_the_zip(tmp_path: Path) -> None:
    source = zip_of(tmp_path, {"/etc/passwd": b"of the zip", "C:\\cat\\1.jpg": b"1"})

    assert list(read_labelled(source)) == [
        LabelledFile("cat/1.jpg", "cat", b"1"),
        LabelledFile("etc/passwd", "etc", b"of the zip"),
    ]


def test_backslashes_in_a_zip_separate_folders(tmp_path: Path) -> None:
    assert labels_by_name(zip_of(tmp_path, {"cat\\1.jpg": b"1"})) == {"cat/1.jpg": "cat"}


def test_control_characters_in_names_become_question_marks(tmp_path: Path) -> None:
    source = folder_of(tmp_path, {"c\na\x1bt/1\r.jpg": b"1"})

    assert labels_by_name(source) == {"c?a?t/1?.jpg": "c?a?t"}


def test_names_that_are_no_unicode_can_still_be_printed(tmp_path: Path) -> None:
    source = folder_of(
        tmp_path, {os.fsdecode(name): name for name in (b"caf\xe9/1.jpg", b"caf\x81/1.jpg")}
    )

    assert labels_by_name(source) == {"caf\\x81/1.jpg": "caf\\x81", "café/1.jpg": "café"}


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.7z"
    path.write_bytes(b"not a zip")

    with pytest.raises(SourceError, match="neither a folder nor a zip"):
        list(read_labelled(path))


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither a folder nor a zip"):
        list(read_labelled(tmp_path / "nowhere"))


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path, {"cat/1.jpg": bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(bytes(data))

    with pytest.raises(SourceError, match=r"is damaged: cat/1.jpg"):
        list(read_labelled(path))


@both
def test_all_files_are_read_at_whatever_depth_without_hidden_ones(
    store: Store, tmp_path: Path
) -> None:
    source = store(tmp_path, {"1.jpg": b"1", "cat/deep/2.jpg": b"2", "cat/.thumb": b""})

    assert list(read_files(source)) == [("1.jpg", b"1"), ("cat/deep/2.jpg", b"2")]


@both
def test_a_source_without_files_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no files"):
        list(read_files(store(tmp_path, {".hidden": b""})))
