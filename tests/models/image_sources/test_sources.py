"""Folders and zips as sources to learn from."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from models.image_sources import SourceError, limits, open_sources
from tests.models.image_sources.pictures import contents


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_the_state_of_a_folder_changes_with_its_files(tmp_path: Path) -> None:
    one = write(tmp_path / "set" / "1.png", b"1")
    (source,) = open_sources(str(tmp_path / "set"))
    states = [source.state(), source.state()]
    assert states[0] == states[1]
    write(tmp_path / "set" / "2.png", b"2")
    states.append(source.state())
    os.utime(one, ns=(1, 1))
    states.append(source.state())
    (tmp_path / "set" / "dead").symlink_to("nowhere")
    states.append(source.state())
    assert len(set(states)) == 4


def test_a_folder_may_be_made_of_links_to_files_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "all" / "1.png", b"1")
    (tmp_path / "set" / "cat").mkdir(parents=True)
    (tmp_path / "set" / "cat" / "1.png").symlink_to(tmp_path / "all" / "1.png")
    (tmp_path / "set" / "dog").symlink_to(tmp_path / "all")
    found = contents(str(tmp_path / "set"))
    assert found[0] == ("cat/1.png", "cat", b"1")
    assert found[1][0] == "dog"
    assert "a link to a folder" in str(found[1][2])


def test_a_zip_gives_what_its_folder_gives_in_the_same_order(tmp_path: Path) -> None:
    names = ["a/1.png", "a.png", "a-b/1.png", "a/sub/2.png"]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in names:
            archive.write(write(tmp_path / "set" / name, name.encode()), name)
    assert contents(str(tmp_path / "set.zip")) == contents(str(tmp_path / "set"))


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ALWAYS_TAKEN_BYTES", 10**5)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.bmp", bytes(10**6))
    with pytest.raises(SourceError, match="refused as a bomb"):
        contents(str(tmp_path / "a.zip"))


def test_a_tar_is_known_by_its_content_even_where_it_ends_with_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("1.png", b"1")
    with tarfile.open(tmp_path / "upload", "w") as tar:
        tar.add(tmp_path / "in.zip", "in.zip")
    (source,) = open_sources(str(tmp_path / "upload"))
    with source.opened() as files:
        assert [file.name for file in files] == ["upload/in.zip"]
