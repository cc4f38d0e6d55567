"""Lists of odd or hostile content: what is wrong is said, and what is right still comes in."""

import zipfile
from pathlib import Path

import pytest

from service.interchange import SourceError, tables
from tests.service.interchange.reading import Read, read, write_files


def test_odd_types_in_coco_cost_no_more_than_their_class(tmp_path: Path) -> None:
    text = """{"images": [{"id": [1], "file_name": "1.png"}, {"id": {}, "file_name": "1.png"}],
        "annotations": [{"image_id": [1], "category_id": [3]}],
        "categories": [{"id": [3], "name": "cat"}, {"id": 1, "name": null}]}"""
    write_files(tmp_path, {"1.json": text, "1.png": b"1"})
    assert [file.label for file in read(tmp_path / "1.json")] == ["cat", None]


@pytest.mark.parametrize(
    "annotations", ["5", '["x"]', '[{"result": 5}]', '[{"result": ["x", {"value": ["cat"]}]}]']
)
def test_odd_types_in_label_studio_are_no_choices(tmp_path: Path, annotations: str) -> None:
    text = f'[{{"data": {{"image": "1.png"}}, "annotations": {annotations}}}]'
    write_files(tmp_path, {"1.json": text, "1.png": b"1"})
    assert read(tmp_path / "1.json") == [Read("1.png", None, b"1")]


def test_half_a_pair_of_utf_16_is_shown_as_a_question(tmp_path: Path) -> None:
    lines = '{"file_name": "1.png", "label": "\\ud800"}\n{"file_name": "\\ud800.png"}\n'
    write_files(tmp_path, {"metadata.jsonl": lines, "1.png": b"1"})
    one, other = read(tmp_path)
    assert (one.label, other.name) == ("?", "?.png")


@pytest.mark.parametrize("line", ["[" * 100_000, " " * 2000])
def test_a_line_that_does_not_end_ends_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1000 if line.isspace() else tables.MAX_LINE)
    lines = f'{{"file_name": "1.png", "label": "cat"}}\n{{"file_name": {line}}}\n'
    write_files(tmp_path, {"metadata.jsonl": lines, "1.png": b"1"})
    one, rest = read(tmp_path)
    assert one == Read("1.png", "cat", b"1")
    assert "line 2" in str(rest.content)


def test_a_row_that_does_not_end_ends_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1000)
    write_files(tmp_path, {"1.csv": f"path\n1.png\n{'a,' * 1000}", "1.png": b"1"})
    one, rest = read(tmp_path / "1.csv")
    assert one.content == b"1"
    assert "1,000 characters" in str(rest.content)


def test_text_of_parquet_that_is_none_ends_the_table(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    raw = arrow.array([b"cat", b"\xff"], arrow.binary())
    labels = arrow.StringArray.from_buffers(2, *raw.buffers()[1:])
    table = arrow.table({"image": arrow.array([b"1", b"2"], arrow.binary()), "label": labels})
    parquet.write_table(table, tmp_path / "1.parquet")
    with pytest.raises(SourceError, match="damaged"):
        read(tmp_path / "1.parquet")


def test_names_of_a_zip_that_are_no_text_end_it_with_a_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as archive:
        archive.writestr("é.png", b"1")
    broken = (tmp_path / "1.zip").read_bytes().replace("é".encode(), b"\xff\xff")
    (tmp_path / "1.zip").write_bytes(broken)
    with pytest.raises(SourceError, match="cannot be read as a zip"):
        read(tmp_path / "1.zip")


def test_an_entry_without_a_name_is_one_all_the_same(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as archive:
        archive.writestr(".", b"1")
        archive.writestr("./.", b"2")
        archive.writestr("1.png", b"3")
    assert {file.content for file in read(tmp_path / "1.zip")} == {b"1", b"2", b"3"}
