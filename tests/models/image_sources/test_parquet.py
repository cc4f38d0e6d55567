import json
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from models.image_sources import SourceError
from tests.models.image_sources.pictures import contents


def write_table(path: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_rows_of_bytes_come_in_order_with_their_labels(tmp_path: Path) -> None:
    columns = {"jpg": [b"a", b"b"], "label": [3, None], "size": [1, 2]}
    assert contents(str(write_table(tmp_path / "t.parquet", columns))) == [
        ("t.parquet, row 1", "3", b"a"),
        ("t.parquet, row 2", None, b"b"),
    ]


def test_images_as_hugging_face_keeps_them(tmp_path: Path) -> None:
    cells = [{"bytes": b"a", "path": "cat.png"}, {"bytes": None, "path": "dog.png"}, None]
    path = write_table(tmp_path / "t.parquet", {"image": cells, "id": [b"1", b"2", b"3"]})
    found = contents(str(path))
    assert found[0] == ("t.parquet/cat.png", None, b"a")
    assert [name for name, _, _ in found[1:]] == ["t.parquet/dog.png", "t.parquet, row 3"]
    assert "holds no bytes of it, only dog.png" in str(found[1][2])
    assert "neither bytes nor a path" in str(found[2][2])


def test_numbers_of_classes_have_the_names_that_the_table_gives_them(tmp_path: Path) -> None:
    label = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    features = json.dumps({"info": {"features": {"label": label}}})
    table = pyarrow.table({"image": [b"a", b"b"], "label": [1, 0]})
    named = table.replace_schema_metadata({"huggingface": features})
    parquet.write_table(named, tmp_path / "t.parquet")
    assert [label for _, label, _ in contents(str(tmp_path / "t.parquet"))] == ["dog", "cat"]


def test_a_table_whose_column_of_images_is_unclear_names_its_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"2 columns of bytes among left, right; call .* 'image'"):
        contents(str(write_table(tmp_path / "a.parquet", {"left": [b"a"], "right": [b"b"]})))
    with pytest.raises(SourceError, match="no columns of bytes among text"):
        contents(str(write_table(tmp_path / "b.parquet", {"text": ["a"]})))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"no table")
    with pytest.raises(SourceError, match=r"t\.parquet cannot be read as Parquet"):
        contents(str(tmp_path / "t.parquet"))


def test_a_damaged_row_group_ends_the_table_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"image": [bytes([n]) * 4000 for n in range(64)]})
    parquet.write_table(table, path, row_group_size=16, use_dictionary=False, compression="none")
    data = bytearray(path.read_bytes())
    second = data.index(bytes([16]) * 100)
    data[second - 60 : second] = bytes(60)
    path.write_bytes(data)
    *whole, (name, _, why) = contents(str(path))
    assert name.endswith("t.parquet")
    assert "is damaged after row" in str(why)
    assert [image for _, _, image in whole][:16] == [bytes([n]) * 4000 for n in range(16)]


def test_without_pyarrow_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_table(tmp_path / "t.parquet", {"image": [b"a"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"handful\[data\]"):
        contents(str(path))
