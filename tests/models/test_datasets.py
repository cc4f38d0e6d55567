"""Pretraining images: folders and zips alike, decoded once, broken files left out."""

import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.datasets import PIXELS_FILE, prepare_images, square


def make_folder(folder: Path) -> Path:
    for name, colour in (("red/a.png", "red"), ("red/b.png", "red"), ("blue/c.png", "blue")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(path)
    return folder


def make_zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


def test_a_folder_becomes_squares_and_classes(tmp_path: Path) -> None:
    images = prepare_images([make_folder(tmp_path / "data")], 16, tmp_path / "cache")
    assert images.pixels.shape == (3, 3, 16, 16)
    assert images.classes == ("blue", "red")
    assert images.labels.tolist() == [0, 1, 1]
    assert images.pixels[0, :, 8, 8].tolist() == [0, 0, 255]


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    unpacked = prepare_images([folder], 16, tmp_path / "a")
    packed = prepare_images([make_zip(folder, tmp_path / "data.zip")], 16, tmp_path / "b")
    assert np.array_equal(unpacked.pixels, packed.pixels)
    assert np.array_equal(unpacked.labels, packed.labels)


def test_sources_share_their_classes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    both = [folder, make_zip(folder, tmp_path / "data.zip")]
    images = prepare_images(both, 8, tmp_path / "cache")
    assert images.labels.tolist() == [0, 1, 1, 0, 1, 1]


def test_files_that_are_no_image_are_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_folder(tmp_path / "data")
    (folder / "red" / "a.png").write_bytes(b"no image at all")
    (folder / ".hidden").write_text("not even looked at")
    with caplog.at_level(logging.WARNING):
        images = prepare_images([folder], 8, tmp_path / "cache")
    assert images.skipped == ("red/a.png",)
    assert len(images.pixels) == len(images.labels) == 2
    assert "left out red/a.png" in caplog.text


def test_images_are_decoded_once_while_the_source_stays(tmp_path: Path) -> None:
    folder, cache = make_folder(tmp_path / "data"), tmp_path / "cache"
    prepare_images([folder], 8, cache)
    decoded = (cache / PIXELS_FILE).stat().st_mtime_ns
    prepare_images([folder], 8, cache)
    assert (cache / PIXELS_FILE).stat().st_mtime_ns == decoded
    Image.new("RGB", (9, 9)).save(folder / "green.png")
    assert len(prepare_images([folder], 8, cache).pixels) == 4


def test_nothing_usable_is_an_error_that_names_the_source(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(ValueError, match=r"no image among 0 files of .*data"):
        prepare_images([tmp_path / "data"], 8, tmp_path / "cache")
    with pytest.raises(ValueError, match="nowhere is neither a folder nor a zip"):
        prepare_images([tmp_path / "nowhere"], 8, tmp_path / "cache")


def test_a_square_is_the_middle_of_the_image() -> None:
    image = Image.new("RGB", (30, 10), "black")
    image.paste("white", (10, 0, 20, 10))
    assert square(image, 5).min() > 200
