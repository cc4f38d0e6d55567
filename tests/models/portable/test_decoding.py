"""Image files inside the graph, beside what the service decodes with Pillow."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, TiffImagePlugin
from sklearn.datasets import load_sample_image

from models.images import decode
from models.portable.decoding import add_decoding
from tests.models.portable.running import run_graph

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(load_sample_image("flower.jpg")[:90, :120])


def decoded(data: bytes) -> npt.NDArray[Any]:
    return run_graph(add_decoding, np.frombuffer(data, np.uint8))


def encoded(image: Image.Image, layout: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, layout, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_a_png_has_the_pixels_that_pillow_reads(photo: Image.Image, mode: str) -> None:
    data = encoded(photo.convert(mode), "PNG")
    np.testing.assert_array_equal(decoded(data), np.asarray(decode(data).image))


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_with_whole_colours_is_pillows_to_a_level(photo: Image.Image, mode: str) -> None:
    data = encoded(photo.convert(mode), "JPEG", subsampling=0)
    difference = decoded(data).astype(int) - np.asarray(decode(data).image)
    assert np.abs(difference).max() <= 1


def test_a_jpeg_with_halved_colours_is_close(photo: Image.Image) -> None:
    """Decoders differ in how they fill in the colours between those that the file has."""
    data = encoded(photo, "JPEG", subsampling=2)
    difference = decoded(data).astype(int) - np.asarray(decode(data).image)
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("order", ["<", ">"])
def test_photographs_stand_upright(photo: Image.Image, orientation: int, order: str) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II" if order == "<" else b"MM")
    tags[ORIENTATION] = orientation
    block = b"II*\0" + b"\x08\0\0\0" if order == "<" else b"MM\0*" + b"\0\0\0\x08"
    data = encoded(photo, "JPEG", subsampling=0, exif=b"Exif\0\0" + block + tags.tobytes(8))
    expected = np.asarray(decode(data).image)
    assert expected.shape[:2] == ((120, 90) if 5 <= orientation <= 8 else (90, 120))
    assert np.abs(decoded(data).astype(int) - expected).max() <= 1


def test_a_jpeg_may_have_something_behind_its_end(photo: Image.Image) -> None:
    data = encoded(photo, "JPEG")
    np.testing.assert_array_equal(decoded(data + b"more"), decoded(data))


@pytest.mark.parametrize("layout", ["WEBP", "GIF", "BMP", "TIFF"])
def test_other_kinds_of_files_are_refused(photo: Image.Image, layout: str) -> None:
    with pytest.raises(Exception, match="the_file_must_be_a_whole_JPEG_or_PNG"):
        decoded(encoded(photo, layout))


@pytest.mark.parametrize("data", [b"", b"\xff", b"an image, believe me"])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(Exception, match="the_file_must_be_a_whole_JPEG_or_PNG"):
        decoded(data)


def test_a_png_that_is_cut_off_is_refused(photo: Image.Image) -> None:
    data = encoded(photo, "PNG")
    with pytest.raises(Exception, match="the_file_must_be_a_whole_JPEG_or_PNG"):
        decoded(data[: len(data) // 2])


def test_a_jpeg_that_is_cut_off_is_read_as_far_as_it_goes(photo: Image.Image) -> None:
    data = encoded(photo, "JPEG")
    found = decoded(data[: len(data) * 3 // 4])
    assert found.shape == (90, 120, 3)
    np.testing.assert_array_equal(found[:32], decoded(data)[:32])


def test_colours_for_print_are_refused(photo: Image.Image) -> None:
    with pytest.raises(Exception, match="the_image_must_be_RGB_or_grey"):
        decoded(encoded(photo.convert("CMYK"), "JPEG"))
