"""Pretraining images: prepared once from whatever source, broken files left out."""

import errno
import io
import logging
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from models.datasets import (
    PreparationError,
    PreparedImages,
    is_prepared,
    open_prepared,
    prepare_images,
    square,
    write_images,
)
from models.image_sources import SourceError
from models.prepared_images import PIXELS_FILE
from tests.models.image_sources.pictures import png
from tests.s3_server import BUCKET


def make_folder(folder: Path) -> Path:
    for name, colour in (("red/a.png", "red"), ("red/b.png", "red"), ("blue/c.png", "blue")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(colour, (40, 30)))
    return folder


def make_zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


def make_tar(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.add(file, str(file.relative_to(folder)))
    return path


def labels_of(images: PreparedImages) -> list[int] | None:
    return None if images.labels is None else images.labels.tolist()


def test_a_folder_becomes_squares_names_and_classes(tmp_path: Path) -> None:
    images = prepare_images([make_folder(tmp_path / "data")], 16, tmp_path / "cache")
    assert images.pixels.shape == (3, 3, 16, 16)
    assert images.names == ("blue/c.png", "red/a.png", "red/b.png")
    assert images.classes == ("blue", "red")
    assert labels_of(images) == [0, 1, 1]
    assert images.pixels[0, :, 8, 8].tolist() == [0, 0, 255]


def test_archives_give_what_their_folder_gives(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    unpacked = prepare_images([folder], 16, tmp_path / "a")
    for packed in (make_zip(folder, tmp_path / "d.zip"), make_tar(folder, tmp_path / "d.tar")):
        images = prepare_images([packed], 16, tmp_path / packed.suffix[1:])
        assert np.array_equal(unpacked.pixels, images.pixels)
        assert labels_of(images) == labels_of(unpacked)


def test_tables_and_buckets_give_what_their_folder_gives(tmp_path: Path, s3_client: Any) -> None:
    folder = make_folder(tmp_path / "data")
    files = sorted(folder.rglob("*.png"))
    cells = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    table = pyarrow.table({"image": cells, "label": [file.parent.name for file in files]})
    pyarrow.parquet.write_table(table, tmp_path / "data.parquet")
    for file in files:
        s3_client.upload_file(str(file), BUCKET, f"data/{file.relative_to(folder)}")
    unpacked = prepare_images([folder], 16, tmp_path / "a")
    for number, source in enumerate((f"{tmp_path}/data.parquet", f"s3://{BUCKET}/data")):
        images = prepare_images([source], 16, tmp_path / str(number))
        assert np.array_equal(unpacked.pixels, images.pixels)
        assert labels_of(images) == labels_of(unpacked)


def test_sources_share_their_classes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    both = [folder, make_zip(folder, tmp_path / "data.zip")]
    images = prepare_images(both, 8, tmp_path / "cache")
    assert labels_of(images) == [0, 1, 1, 0, 1, 1]


def test_images_without_a_class_are_minus_one_beside_those_with_one(tmp_path: Path) -> None:
    files = [("1", "cat", png()), ("2", None, png())]
    assert labels_of(write_images(files, 2, 8, tmp_path)) == [0, -1]
    assert labels_of(write_images(files[1:], 1, 8, tmp_path)) is None


def test_files_that_are_no_image_are_named_with_the_reason_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_folder(tmp_path / "data")
    (folder / "red" / "a.png").write_bytes(b"no image at all")
    (folder / "red" / "b.png").write_bytes(png()[:40])
    (folder / ".hidden").write_text("not even looked at")
    with caplog.at_level(logging.WARNING):
        images = prepare_images([folder], 8, tmp_path / "cache")
    assert images.skipped == (
        ("red/a.png", "this is not an image file"),
        ("red/b.png", "the image file is cut off or damaged"),
    )
    assert images.names == ("blue/c.png",)
    assert len(images.pixels) == 1
    assert "left out red/a.png: this is not an image file" in caplog.text
    assert "left out 2 of 3 files" in caplog.text


def test_a_damaged_file_in_a_zip_costs_that_file_alone(tmp_path: Path) -> None:
    path = make_zip(make_folder(tmp_path / "data"), tmp_path / "data.zip")
    data = bytearray(path.read_bytes())
    data[60:70] = bytes(10)  # within the first file's content: its checksum fails
    path.write_bytes(data)
    images = prepare_images([path], 8, tmp_path / "cache")
    ((name, reason),) = images.skipped
    assert name == "blue/c.png"
    assert "cannot be read" in reason
    assert len(images.pixels) == 2


def test_images_shorter_than_asked_for_are_left_out(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    (folder / "small.png").write_bytes(png(size=(40, 7)))
    images = prepare_images([folder], 16, tmp_path / "cache", least_side=8)
    assert images.skipped == (("small.png", "it has 40 x 7 pixels, of at least 8"),)


def test_a_finished_preparation_is_reused_while_the_source_stays(tmp_path: Path) -> None:
    folder, cache = make_folder(tmp_path / "data"), tmp_path / "cache"
    prepare_images([folder], 8, cache)
    decoded = (cache / PIXELS_FILE).stat().st_mtime_ns
    prepare_images([folder], 8, cache)
    assert (cache / PIXELS_FILE).stat().st_mtime_ns == decoded
    assert prepare_images([folder], 9, cache).pixels.shape[-1] == 9
    (folder / "green.png").write_bytes(png("green"))
    assert len(prepare_images([folder], 8, cache).pixels) == 4


def test_a_file_of_another_content_is_prepared_anew(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    before = prepare_images([folder], 8, tmp_path / "cache")
    (folder / "red" / "a.png").write_bytes(png("lime"))
    after = prepare_images([folder], 8, tmp_path / "cache")
    assert after.pixels[1, :, 4, 4].tolist() == [0, 255, 0]
    assert before.pixels[1, :, 4, 4].tolist() == [255, 0, 0]  # whoever has it mapped keeps it


def test_a_killed_preparation_is_nothing_and_starts_over(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from models.datasets import write_images

def files():
    for number in range(1000):
        yield str(number), None, Path(sys.argv[1]).read_bytes()
    os.kill(os.getpid(), signal.SIGKILL)

write_images(files(), 1000, 8, Path(sys.argv[2]))
"""
    picture, cache = tmp_path / "a.png", tmp_path / "cache"
    picture.write_bytes(png())
    write_images([("before", None, png())], 1, 8, cache)
    killed = subprocess.run([sys.executable, "-c", program, picture, cache], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not is_prepared(cache)
    with pytest.raises(PreparationError, match="prepare them again"):
        open_prepared(cache)
    assert write_images([("after", None, png())], 1, 8, cache).names == ("after",)
    assert sorted(path.name for path in cache.iterdir()) == ["index.json", "pixels.npy"]


def test_a_prepared_folder_is_used_as_it_is(tmp_path: Path) -> None:
    written = write_images([("1", "cat", png()), ("2", None, png())], 2, 8, tmp_path / "ready")
    images = prepare_images([tmp_path / "ready"], 8, tmp_path / "cache")
    assert np.array_equal(images.pixels, written.pixels)
    assert labels_of(images) == [0, -1]
    assert not (tmp_path / "cache").exists()


def test_a_prepared_folder_of_another_size_or_beside_others_is_scaled(tmp_path: Path) -> None:
    write_images([("1", "blue", png("lime")), ("2", None, png())], 2, 8, tmp_path / "ready")
    both = [tmp_path / "ready", make_folder(tmp_path / "data")]
    images = prepare_images(both, 4, tmp_path / "cache")
    assert images.pixels.shape == (5, 3, 4, 4)
    assert images.pixels[0, :, 2, 2].tolist() == [0, 255, 0]
    assert labels_of(images) == [0, -1, 0, 1, 1]


def test_large_photographs_are_decoded_small_with_next_to_no_difference(tmp_path: Path) -> None:
    photo = Image.fromarray(load_sample_images().images[0]).resize((1280, 854))
    exact, quick = io.BytesIO(), io.BytesIO()
    photo.save(quick, "JPEG", quality=95)
    Image.open(quick).save(exact, "PNG")
    files = [("exact", None, exact.getvalue()), ("quick", None, quick.getvalue())]
    pixels = write_images(files, 2, 64, tmp_path).pixels.astype(int)
    assert np.abs(pixels[0] - pixels[1]).mean() < 3


def test_nothing_usable_is_an_error_that_names_the_source(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(PreparationError, match=r"no usable image in .*data: there are no files"):
        prepare_images([tmp_path / "data"], 8, tmp_path / "cache")
    (tmp_path / "data" / "notes.txt").write_text("notes")
    with pytest.raises(PreparationError, match=r"1 files were left out, .* notes\.txt, because"):
        prepare_images([tmp_path / "data"], 8, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(SourceError, match="nowhere is neither a folder nor a zip"):
        prepare_images([tmp_path / "nowhere"], 8, tmp_path / "cache")


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    too_many = shutil.disk_usage(tmp_path).free // (3 * 8**2) * 2
    with pytest.raises(PreparationError, match=r"no room for the images: .* MB are needed"):
        write_images(iter(()), too_many, 8, tmp_path)


def test_a_disk_that_runs_full_is_told_and_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(PreparationError, match="ran full after 1 images; free some space"):
        write_images([("1", None, png())], 1, 8, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_square_is_the_middle_of_the_image() -> None:
    image = Image.new("RGB", (30, 10), "black")
    image.paste("white", (10, 0, 20, 10))
    assert square(image, 5).min() > 200
