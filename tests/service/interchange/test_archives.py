"""Zips and tars: read in place, never unpacked by their names."""

import io
import shutil
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from random import Random

import pytest

from models.image_sources import limits
from service.interchange import Scratch, SourceError, UrlPolicy, open_import
from tests.models.image_sources.test_tar import write_tar
from tests.service.interchange.reading import Read, read


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


FILES = {"set/dog/1.png": b"d", "set/cat/1.png": b"c", "set/cat/.2.png": b""}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "upload"])
def test_folders_in_archives_are_classes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name in ("a.zip", "upload"):
        write_zip(path, FILES)
    else:
        write_tar(path, FILES, {".tar": "w"}.get(path.suffix, f"w:{path.suffix[1:]}"))
    assert sorted(read(path)) == [
        Read("set/cat/1.png", "cat", b"c"),
        Read("set/dog/1.png", "dog", b"d"),
    ]


def test_a_tar_is_known_without_its_suffix(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "upload", FILES, "w:gz")
    assert len(read(path)) == 2
    assert len(read(path, "tar")) == 2
    with pytest.raises(SourceError, match="is no zip"):
        read(path, "zip")


def test_samples_of_webdataset_have_the_class_of_their_class_file(tmp_path: Path) -> None:
    sample = {
        "a/2.jpg": b"2",
        "a/2.cls": b"7\n",
        "a/1.cls": b"cat",
        "a/1.jpg": b"1",
        "a/1.json": b"",
    }
    assert read(write_tar(tmp_path / "x.tar", sample)) == [
        Read("a/2.jpg", "7", b"2"),
        Read("a/1.jpg", "cat", b"1"),
    ]


def test_no_name_leads_out_of_an_archive(tmp_path: Path) -> None:
    files = {"../../out.png": b"1", "/etc/abs.png": b"2", "C:\\win\\drive.png": b"3"}
    for path in (write_zip(tmp_path / "a.zip", files), write_tar(tmp_path / "a.tar", files)):
        found = {file.name: file.content for file in read(path)}
        assert found.pop("../../out.png") == "its name leads out of the archive"
        assert found == {"etc/abs.png": b"2", "win/drive.png": b"3"}
    assert {each.name for each in tmp_path.iterdir()} == {"a.zip", "a.tar"}


def test_links_in_archives_are_refused_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo("link.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    for name in ("a.zip", "a.tar"):
        ((_, _, content, *_),) = read(tmp_path / name)
        assert content == "it is a link; links inside of archives are not followed"


def test_a_file_that_a_tar_keeps_once_is_read_under_both_names(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        first = tarfile.TarInfo("1.png")
        first.size = 3
        tar.addfile(first, io.BytesIO(b"one"))
        second = tarfile.TarInfo("2.png")
        second.type, second.linkname = tarfile.LNKTYPE, "1.png"
        tar.addfile(second)
    assert [file.content for file in read(tmp_path / "a.tar")] == [b"one", b"one"]


def test_two_entries_of_one_name_are_two_images(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("1.png", b"two")
    assert read(tmp_path / "a.zip") == [
        Read("1 (2).png", None, b"two"),
        Read("1.png", None, b"one"),
    ]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("猫.png".encode(), "猫.png"),  # UTF-8 that does not say so, as many programs write it
        (b"caf\x82.png", "café.png"),  # the zip format's own code page
        ("e\u0301.png".encode(), "é.png"),  # letters and accents apart, as macOS has them
    ],
)
def test_names_of_zips_are_read_as_they_were_meant(tmp_path: Path, raw: bytes, name: str) -> None:
    placeholder = b"x" * len(raw)
    write_zip(tmp_path / "a.zip", {placeholder.decode(): b"1"})
    whole = (tmp_path / "a.zip").read_bytes().replace(placeholder, raw)
    (tmp_path / "a.zip").write_bytes(whole)
    assert read(tmp_path / "a.zip") == [Read(name, None, b"1")]


def test_names_of_tars_in_another_encoding_are_kept_apart(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "a.tar", "w", encoding="latin-1", format=tarfile.GNU_FORMAT
    ) as tar:
        for name in ("é.png", "è.png"):
            tar.addfile(tarfile.TarInfo(name))
    assert [file.name for file in read(tmp_path / "a.tar")] == ["é.png", "è.png"]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALWAYS_TAKEN_BYTES", 10**5)


@pytest.mark.usefixtures("small_limits")
def test_bombs_are_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    flat = {f"{n}.bmp": bytes(10**6) for n in range(3)}
    for path in (
        write_zip(tmp_path / "a.zip", flat),
        write_tar(tmp_path / "a.tar.gz", flat, "w:gz"),
        write_tar(tmp_path / "a.tar.xz", flat, "w:xz"),
    ):
        with pytest.raises(SourceError, match="refused as a bomb"):
            read(path)


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"{n}.png": bytes(range(256)) * 40 for n in range(2)})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 1)
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # both at the start of the archive
    data[second + 20 : second + 24] = struct.pack("<I", len(data))
    path.write_bytes(data)
    with pytest.raises(SourceError, match="overlap"):
        read(path)


def test_an_entry_gives_no_more_than_its_archive_says(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"1.png": bytes(10**5)})
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    ((_, _, content, *_),) = read(path)
    assert len(content) <= 10 or "cannot be read" in str(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_within_bounds_is_refused_by_name(
    tmp_path: Path, method: int
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"1")
        archive.writestr("bomb.png", bytes(10**7), method)
    one, bomb = read(tmp_path / "a.zip")
    assert one.content == b"1"
    assert "another method than Deflate" in str(bomb.content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_many_entries_of_one_name_take_no_longer_than_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(5000):
            archive.writestr("1.png", str(number))
    started = time.process_time()
    assert len({file.name for file in read(tmp_path / "a.zip")}) == 5000
    assert time.process_time() - started < 10, "each looked for its number from the start"


def test_a_tar_whose_header_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 10**9
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    with pytest.raises(SourceError, match=r"cannot be read as a tar file: a header of 1,000,"):
        read(tmp_path / "a.tar")


def test_a_zip_whose_directory_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.image_sources.zip_tree.MAX_DIRECTORY_BYTES", 100)
    with pytest.raises(SourceError, match=r"a directory of .* bytes: part it"):
        read(write_zip(tmp_path / "a.zip", FILES))


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.image_sources.zip_tree.MAX_ENTRIES", 1)
    monkeypatch.setattr("models.image_sources.tar_tree.MAX_ENTRIES", 1)
    for path in (write_zip(tmp_path / "a.zip", FILES), write_tar(tmp_path / "a.tar", FILES)):
        with pytest.raises(SourceError, match="part it"):
            read(path)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_cut_off_tar_gives_what_is_whole_and_says_so(tmp_path: Path, mode: str) -> None:
    noise, more = Random(0).randbytes(20000), Random(1).randbytes(20000)
    path = write_tar(tmp_path / "a.tar", {"1.png": b"1", "2.png": noise, "3.png": more}, mode)
    path.write_bytes(path.read_bytes()[:30000])
    found = {file.name: file.content for file in read(path)}
    assert found["1.png"] == b"1"
    assert found["2.png"] == noise
    assert "cut off or damaged" in str(found["a.tar"]) or len(found["3.png"]) < len(more)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_tar_that_finds_no_room_to_be_unpacked_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {"1.png": Random(0).randbytes(20000)}, "w:gz")
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        with pytest.raises(SourceError, match="cannot be unpacked: No space left on device"):
            read(path)


def test_a_tar_is_not_unpacked_into_the_room_of_others(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {"1.png": b"1"}, "w:gz")
    scratch = Scratch(tmp_path, min_free_bytes=shutil.disk_usage(tmp_path).total)
    source = open_import(str(path), roots=[tmp_path], urls=UrlPolicy(), scratch=scratch)
    with pytest.raises(SourceError, match="No space left"), source.opened():
        pass


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.doc"):
        (tmp_path / name).write_bytes(b"nothing of the kind" * 100)
    for name, message in {
        "a.zip": "of no kind that can be imported",
        "a.tar": "cannot be read as a tar file",
        "a.doc": "of no kind that can be imported",
    }.items():
        with pytest.raises(SourceError, match=message):
            read(tmp_path / name)


def test_an_encrypted_or_damaged_entry_is_one_unreadable_file(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"1.png": b"1" * 500, "2.png": b"2"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    first, second = read(path)
    assert "encrypted" in str(first.content)
    assert second == Read("2.png", None, b"2")
