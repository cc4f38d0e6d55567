"""Folders of this machine, and what may be read of them."""

import os
from pathlib import Path

import pytest

from service.interchange import SourceError, UrlPolicy, open_import
from tests.service.interchange.reading import Read, read, write_files


def test_folders_are_classes_and_files_outside_of_them_have_none(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"dog/1.png": b"d", "cat/deep/2.jpg": b"c", "3.png": b"3"})
    assert read(tmp_path / "set") == [
        Read("3.png", None, b"3"),
        Read("cat/deep/2.jpg", "cat", b"c"),
        Read("dog/1.png", "dog", b"d"),
    ]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["set/images/cat/1.png", "set/images/dog/1.png"], ["cat", "dog"]),
        (["train/cat/1.png", "test/cat/2.png"], ["cat", "cat"]),
        (["train/1.png", "val/2.png"], [None, None]),
        (["train/1.png", "bus/2.png"], ["bus", "train"]),
        (["LICENSE.txt", "set/cat/1.png", "set/dog/1.png"], [None, "cat", "dog"]),
    ],
)
def test_folders_that_only_wrap_or_part_the_classes_are_none(
    tmp_path: Path, names: list[str], labels: list[str | None]
) -> None:
    write_files(tmp_path / "data", dict.fromkeys(names, b"1"))
    assert sorted((file.label for file in read(tmp_path / "data")), key=str) == sorted(
        labels, key=str
    )


def test_what_nobody_put_there_is_left_out(tmp_path: Path) -> None:
    hidden = ["._1.png", ".git/1.png", "__MACOSX/1.png", "Thumbs.db", "@eaDir/1.png", "desktop.ini"]
    write_files(tmp_path / "set", {**dict.fromkeys(hidden, b""), "1.png": b"1"})
    assert read(tmp_path / "set") == [Read("1.png", None, b"1")]


def test_captions_beside_images_are_no_broken_images_but_other_junk_is(tmp_path: Path) -> None:
    junk = {"1.txt": b"", "1.json": b"{}", "2.cls": b"cat\n", "notes.txt": b"n", "virus.exe": b"v"}
    write_files(tmp_path / "set", {**junk, "1.png": b"1", "2.png": b"2"})
    assert [(file.name, file.label) for file in read(tmp_path / "set")] == [
        ("1.png", None),
        ("2.png", "cat"),
        ("notes.txt", None),
        ("virus.exe", None),
    ]


def test_a_folder_without_images_says_what_it_has(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"a.txt": "", "b.txt": "", "c.pdf": ""})
    with pytest.raises(SourceError, match=r"holds no images, but 3 other files: 2 of \.txt, 1 of"):
        read(tmp_path / "set")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"empty holds no images: it is empty"):
        read(tmp_path / "empty")


def test_only_allowed_folders_are_read_whatever_the_path(tmp_path: Path) -> None:
    write_files(tmp_path, {"open/1.png": b"1", "secret/2.png": b"2", "open-too/3.png": b"3"})
    (tmp_path / "open" / "link").symlink_to(tmp_path / "secret")
    roots = [tmp_path / "open"]
    for path in ("secret", "absent", "open/../secret", "open/link", "open-too", "", "/etc"):
        with pytest.raises(SourceError, match="outside of the folders that imports may read"):
            read(tmp_path / path, roots=roots)
    assert len(read(tmp_path / "open/../open", roots=roots)) == 2
    with pytest.raises(SourceError, match=r"absent does not exist"):
        read(tmp_path / "open" / "absent", roots=roots)
    with pytest.raises(SourceError, match="HANDFUL_IMPORT_ROOTS"):
        read(tmp_path / "open", roots=[])


def test_links_are_followed_inside_alone_and_refused_by_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"open/a/1.png": b"1", "secret/2.png": b"2"})
    links = {"in.png": "open/a/1.png", "out.png": "secret/2.png", "dir": "open/a", "dead.png": "x"}
    for name, target in links.items():
        (tmp_path / "open" / name).symlink_to(tmp_path / target)
    (tmp_path / "open" / "circle").symlink_to("circle")
    found = {file.name: file.content for file in read(tmp_path / "open", roots=[tmp_path / "open"])}
    assert found["a/1.png"] == found["in.png"] == b"1"
    assert "outside of the folders" in str(found["out.png"])
    assert "outside of the folders" in str(found["dead.png"])
    assert "link to a folder" in str(found["dir"])
    assert isinstance(found["circle"], str)


def test_a_link_put_in_place_of_a_listed_file_is_not_followed_out(tmp_path: Path) -> None:
    write_files(tmp_path, {"open/1.png": b"1", "secret.png": b"2"})
    source = open_import(str(tmp_path / "open"), roots=[tmp_path / "open"], urls=UrlPolicy())
    with source.opened() as files:
        (file,) = files
        (tmp_path / "open/1.png").unlink()
        (tmp_path / "open/1.png").symlink_to(tmp_path / "secret.png")
        with pytest.raises(Exception, match="outside of the folders"):
            file.read(10)


def test_a_file_of_a_folder_says_where_it_lies(tmp_path: Path) -> None:
    write_files(tmp_path, {"set/a/1.png": b"1"})
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "set/a/1.png")
    source = open_import(str(tmp_path / "set"), roots=[tmp_path], urls=UrlPolicy())
    with source.opened() as files:
        assert [file.path for file in files] == [tmp_path / "set/a/1.png"] * 2


def test_a_pipe_does_not_keep_the_import_waiting(tmp_path: Path) -> None:
    write_files(tmp_path / "set", {"1.png": b"1"})
    os.mkfifo(tmp_path / "set" / "2.png")
    assert read(tmp_path / "set")[1] == Read("2.png", None, "it is no regular file")


def test_a_pipe_is_no_place_to_import_from(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    with pytest.raises(SourceError, match="neither a folder nor a regular file"):
        open_import(str(tmp_path / "pipe.tar"), roots=[tmp_path], urls=UrlPolicy())


def test_names_of_any_bytes_are_read_and_stay_different(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "set")
    for name in (b"caf\xe9", b"caf\xe8", "猫".encode(), b"\x93\xfa\x81"):
        Path(os.fsdecode(folder + b"/" + name)).mkdir(parents=True)
        Path(os.fsdecode(folder + b"/" + name + b"/1.png")).write_bytes(name)
    found = read(tmp_path / "set")
    assert {file.label: file.content for file in found} == {
        "café": b"caf\xe9",
        "cafè": b"caf\xe8",
        "猫": "猫".encode(),
        "“ú\\x81": b"\x93\xfa\x81",
    }


def test_a_folder_that_cannot_be_listed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "set", {"1.png": b"1"})
    monkeypatch.chdir(tmp_path / "set")
    for _ in range(25):  # together longer than any path may be
        Path("deep" * 50).mkdir()
        monkeypatch.chdir("deep" * 50)
    one, closed = read(tmp_path / "set")
    assert one.content == b"1"
    assert closed.content == "the folder cannot be read: File name too long"
