import gzip
import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.models.image_sources.pictures import contents


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_samples_come_in_the_archives_order_with_their_class(tmp_path: Path) -> None:
    sample = {"02.jpg": b"2", "02.cls": b"7\n", "01.cls": b"cat", "01.jpg": b"1", "01.json": b"{}"}
    write_tar(tmp_path / "x-0.tar", sample)
    assert contents(str(tmp_path / "x-0.tar")) == [
        ("x-0.tar/02.jpg", "7", b"2"),
        ("x-0.tar/01.jpg", "cat", b"1"),
    ]


def test_without_class_files_folders_are_classes(tmp_path: Path) -> None:
    files = {"set/dog/1.png": b"d", "set/cat/1.png": b"c", "set/cat/._2.png": b""}
    found = contents(str(write_tar(tmp_path / "a.tar", files)))
    assert [(name, label) for name, label, _ in found] == [
        ("a.tar/set/dog/1.png", "dog"),
        ("a.tar/set/cat/1.png", "cat"),
    ]


def test_a_compressed_tar_gives_the_same(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", {"1.png": b"1"}, "w:gz")
    assert contents(str(path)) == [("a.tar.gz/1.png", None, b"1")]


def test_shards_follow_each_other(tmp_path: Path) -> None:
    for number in range(2):
        write_tar(tmp_path / f"x-{number}.tar", {"1.png": bytes([number])})
    found = contents(str(tmp_path / "x-{0..1}.tar"))
    assert [data for _, _, data in found] == [b"\0", b"\1"]


def test_hidden_class_files_are_passed_over(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"._1.cls": b"", "1.cls": b"cat", "1.png": b"1"})
    assert contents(str(path)) == [("a.tar/1.png", "cat", b"1")]


def test_a_cut_off_shard_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"1.png": b"1", "2.png": bytes(5000)})
    path.write_bytes(path.read_bytes()[:3000])
    first, second, *_ = contents(str(path))
    assert first == ("a.tar/1.png", None, b"1")
    assert second[0] == "a.tar/2.png"
    assert "cannot be read" in str(second[2])


def test_a_file_that_is_no_tar_is_one_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar at all" * 100)
    ((name, _, why),) = contents(str(tmp_path / "a.tar"))
    assert name.endswith("a.tar")
    assert "cannot be read as a tar file" in str(why)


def test_a_compressed_tar_is_read_without_being_unpacked_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n}.{end}": b"x" * n for n in range(50) for end in ("jpg", "cls")}
    path = write_tar(tmp_path / "a.tgz", files, "w:gz")
    rewound = []
    rewind = gzip._GzipReader._rewind  # type: ignore[attr-defined]

    def count_and_rewind(reader: object) -> None:
        rewound.append(reader)
        rewind(reader)

    monkeypatch.setattr("gzip._GzipReader._rewind", count_and_rewind)
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    assert len(contents(str(path))) == 50
    assert len(rewound) == 1, "once for the names, once for the images"


def test_what_leads_out_of_a_tar_is_refused_by_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../out/1.png"))
        link = tarfile.TarInfo("cat/2.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert contents(str(tmp_path / "a.tar")) == [
        ("a.tar/../out/1.png", None, "its name leads out of the archive"),
        ("a.tar/cat/2.png", "cat", "it is a link; links inside of archives are not followed"),
    ]
