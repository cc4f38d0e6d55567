from pathlib import Path

import pytest

from models.image_sources import SourceError, open_sources
from models.image_sources.opening import expand_braces
from models.image_sources.sources import FolderSource, ParquetSource, S3Source, TarSource, ZipSource


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("a-{08..10}.tar", ["a-08.tar", "a-09.tar", "a-10.tar"]),
        ("a-{8..10}.tar", ["a-8.tar", "a-9.tar", "a-10.tar"]),
        ("{x,yz}-{0..1}", ["x-0", "x-1", "yz-0", "yz-1"]),
        ("a-{}.tar", ["a-{}.tar"]),
    ],
)
def test_braces_name_what_they_name_in_a_shell(pattern: str, names: list[str]) -> None:
    assert expand_braces(pattern) == names


def test_the_name_tells_the_kind_of_source(tmp_path: Path) -> None:
    for name in ("a.zip", "b.tar", "c.TGZ", "d.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "e").mkdir()
    opened = [open_sources(str(tmp_path / name)) for name in ("a.zip", "b.tar", "c.TGZ", "e")]
    assert opened == [
        [ZipSource(tmp_path / "a.zip")],
        [TarSource(tmp_path / "b.tar")],
        [TarSource(tmp_path / "c.TGZ")],
        [FolderSource(tmp_path / "e")],
    ]
    assert open_sources(str(tmp_path / "d.parquet")) == [ParquetSource(tmp_path / "d.parquet")]
    assert open_sources("s3://bucket/prefix") == [S3Source("s3://bucket/prefix")]


def test_shards_are_sources_in_order(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"x-{number:03}.tar").touch()
    assert open_sources(str(tmp_path / "x-{000..002}.tar")) == [
        TarSource(tmp_path / f"x-{number:03}.tar") for number in range(3)
    ]


def test_a_folder_may_have_braces_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "{a,b}").mkdir()
    assert open_sources(str(tmp_path / "{a,b}")) == [FolderSource(tmp_path / "{a,b}")]


def test_what_is_no_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "x-0.tar").touch()
    with pytest.raises(SourceError, match=r"x-1\.tar is neither a folder.*does not exist"):
        open_sources(str(tmp_path / "x-{0..1}.tar"))
    (tmp_path / "notes.txt").write_text("no images")
    with pytest.raises(SourceError, match=r"notes\.txt is neither a folder.*of another kind"):
        open_sources(str(tmp_path / "notes.txt"))
