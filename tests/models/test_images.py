import hashlib
import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.images import FORMATS, Box, DecodedImage, ImageRejected, decode, thumbnail

Colour = tuple[int, ...]
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(left: Colour = RED, right: Colour = BLUE) -> Image.Image:
    """40 x 20: the left half of one colour, the right half of another."""
    mode = "RGBA" if len(left) == 4 else "RGB"
    image = Image.new(mode, (40, 20), left)
    image.paste(right, (20, 0, 40, 20))
    return image


def png_of_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rejection(data: bytes, **limits: int) -> ImageRejected:
    with pytest.raises(ImageRejected) as caught:
        decode(data, **limits)
    return caught.value


def assert_halves(
    decoded: DecodedImage, left: Colour = RED, right: Colour = BLUE, tolerance: int = 12
) -> None:
    assert decoded.image.mode == "RGB"
    assert (decoded.width, decoded.height) == decoded.image.size == (40, 20)
    for x, colour in ((5, left), (35, right)):
        assert decoded.image.getpixel((x, 10)) == pytest.approx(colour, abs=tolerance)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_accepted_format_becomes_rgb_and_keeps_its_name_and_hash(kind: str) -> None:
    data = encode(halves(), kind)

    decoded = decode(data)

    assert_halves(decoded)
    assert decoded.format == kind
    assert decoded.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_off_is_rejected_as_truncated(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), kind)

    assert rejection(data[: int(len(data) * share)]).code == "truncated"


def test_an_empty_file_is_rejected() -> None:
    assert rejection(b"").code == "empty"


@pytest.mark.parametrize(
    "data", [b"hello", b"PK\x03\x04 a zip", b"\x80\x04\x95 a pickle", b"\0" * 99]
)
def test_other_files_are_not_images(data: bytes) -> None:
    assert rejection(data).code == "not_an_image"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (encode(halves(), "ICO"), "ICO"),
    ],
)
def test_formats_outside_the_list_are_named_as_unsupported(data: bytes, name: str) -> None:
    rejected = rejection(data)

    assert rejected.code == "unsupported"
    assert name in rejected.message


def test_a_format_that_pillow_could_read_but_the_list_lacks_is_refused() -> None:
    assert rejection(encode(halves(), "TGA")).code == "not_an_image"
    assert rejection(encode(halves(), "PPM")).code == "not_an_image"


def test_a_huge_image_in_a_small_file_is_refused_by_its_header() -> None:
    data = png_of_header(100_000, 100_000)

    rejected = rejection(data)

    assert len(data) < 200
    assert rejected.code == "too_many_pixels"
    assert "100000 x 100000" in rejected.message


def test_the_limits_are_inclusive() -> None:
    data = encode(halves(), "PNG")

    assert_halves(decode(data, max_bytes=len(data), max_pixels=800))
    assert rejection(data, max_bytes=len(data) - 1).code == "too_large_file"
    assert rejection(data, max_pixels=799).code == "too_many_pixels"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [halves(WHITE, WHITE), halves(BLUE, RED)]

    assert_halves(decode(encode(halves(), kind, save_all=True, append_images=frames)))


def test_of_a_multi_picture_file_the_first_picture_counts() -> None:
    data = encode(halves(), "MPO", save_all=True, append_images=[halves(BLUE, RED)])

    decoded = decode(data)

    assert_halves(decoded)
    assert decoded.format == "MPO"


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind: str) -> None:
    assert_halves(decode(encode(halves().convert("CMYK"), kind)))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)

    grey = np.asarray(decode(encode(Image.fromarray(ramp), kind)).image)[..., 0]

    assert grey.ravel().tolist() == list(range(256))


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_grey_without_a_stated_range_is_stretched_between_its_extremes(
    dtype: type[np.generic],
) -> None:
    levels = np.array([[-1000, 0], [500, 1000]], dtype=dtype)

    grey = np.asarray(decode(encode(Image.fromarray(levels), "TIFF")).image)[..., 0]

    assert grey.tolist() == [[0, 128], [191, 255]]


def test_float_grey_that_is_constant_or_not_finite_still_decodes() -> None:
    levels = np.array([[np.nan, np.inf], [0, 0]], dtype=np.float32)

    assert decode(encode(Image.fromarray(levels), "TIFF")).image.getextrema() == ((0, 0),) * 3


def test_the_widest_float_grey_still_decodes() -> None:
    levels = np.array([[-3e38, 0, 3e38]], dtype=np.float32)

    grey = np.asarray(decode(encode(Image.fromarray(levels), "TIFF")).image)[..., 0]

    assert grey.tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_grey_takes_little_memory(dtype: type[np.generic]) -> None:
    data = encode(Image.fromarray(np.arange(10**6).reshape(1000, 1000).astype(dtype)), "TIFF")

    tracemalloc.start()
    decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (peak - len(data)) / 10**6 < 12  # bytes a pixel


def test_one_bit_becomes_black_and_white() -> None:
    decoded = decode(encode(halves((0, 0, 0), WHITE).convert("1"), "PNG"))

    assert_halves(decoded, (0, 0, 0), WHITE, tolerance=0)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_becomes_its_colours(kind: str) -> None:
    assert_halves(decode(encode(halves().convert("P"), kind)))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_transparency_is_composited_on_white(kind: str) -> None:
    image = halves((*RED, 255), (0, 0, 255, 0))

    assert_halves(decode(encode(image, kind)), RED, WHITE)


def test_half_transparency_is_mixed_with_white() -> None:
    image = halves((255, 0, 0, 128), (0, 0, 255, 255))

    assert_halves(decode(encode(image, "PNG")), (255, 127, 127), BLUE, tolerance=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(kind: str) -> None:
    image = halves().convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    blue = image.getpixel((35, 10))

    assert_halves(decode(encode(image, kind, transparency=blue)), RED, WHITE)


def test_grey_with_alpha_is_composited_on_white() -> None:
    image = halves((0, 0, 0, 255), (0, 0, 0, 0)).convert("LA")

    assert_halves(decode(encode(image, "PNG")), (0, 0, 0), WHITE, tolerance=0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_the_exif_orientation_turns_the_image_upright(
    kind: str, orientation: int, stored: Image.Transpose
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    decoded = decode(encode(halves().transpose(stored), kind, exif=exif))

    assert_halves(decoded)


def test_a_picture_on_its_side_that_is_decoded_as_a_square_keeps_its_own_sides() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    decoded = decode(encode(Image.new("RGB", (320, 319)), "JPEG", exif=exif), shrink_to=100)

    assert (decoded.width, decoded.height) == (319, 320)
    assert decoded.image.size == (160, 160)


@pytest.mark.parametrize(
    ("orientation", "box"),
    [
        (1, (0, 0, 160.5, 120.25)),
        (2, (0.5, 0, 161, 120.25)),
        (3, (0.5, 0.75, 161, 121)),
        (4, (0, 0.75, 160.5, 121)),
        (5, (0, 0, 120.25, 160.5)),
        (6, (0.75, 0, 121, 160.5)),
        (7, (0.75, 0.5, 121, 161)),
        (8, (0, 0.5, 120.25, 161)),
    ],
)
def test_a_picture_decoded_smaller_says_where_it_ends_however_it_was_turned(
    orientation: int, box: Box
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photograph = encode(Image.new("RGB", (642, 481)), "JPEG", exif=exif)

    assert decode(photograph, shrink_to=100).box == box
    assert decode(photograph).box == (0, 0, *decode(photograph).image.size)


def test_a_broken_exif_block_does_not_cost_the_image() -> None:
    data = encode(halves(), "PNG", exif=b"Exif\0\0II*\0" + b"\xff" * 40)

    assert_halves(decode(data))


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_a_rejection(data: bytes) -> None:
    with pytest.raises(ImageRejected):
        decode(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own remarks on damaged files
@pytest.mark.parametrize("kind", FORMATS)
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_a_damaged_file_is_decoded_or_rejected_and_nothing_else(
    kind: str, edits: list[tuple[int, int]]
) -> None:
    data = bytearray(encode(halves(), kind))
    for place, value in edits:
        data[place % len(data)] = value

    with suppress(ImageRejected):
        assert decode(bytes(data), max_pixels=10_000).image.mode == "RGB"


PEAK = """
import re, sys
from pathlib import Path
from models.images import decode

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

data = sys.stdin.buffer.read()
before = peak()
decode(data)
print(1024 * (peak() - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_large_picture_with_transparency_is_held_twice_at_most(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = encode(Image.new(mode, (4000, 4000)), "PNG", exif=exif)

    said = subprocess.run(
        [sys.executable, "-c", PEAK], input=picture, capture_output=True, check=True
    )

    assert int(said.stdout) < 2.3 * 4 * 4000**2  # in Pillow a pixel of RGB takes four bytes too


def test_transparency_is_composited_alike_in_all_parts_of_a_large_picture() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (700, 1300, 4), dtype=np.uint8)
    alpha = pixels[..., 3:] / 255
    expected = pixels[..., :3] * alpha + 255 * (1 - alpha)

    image = decode(encode(Image.fromarray(pixels), "PNG")).image

    assert np.abs(np.asarray(image) - expected).max() <= 1


def test_a_thumbnail_fits_the_side_and_keeps_the_shape() -> None:
    image = halves().resize((1000, 500))

    small = Image.open(io.BytesIO(thumbnail(image, side=256)))

    assert small.format == "WEBP"
    assert small.size == (256, 128)
    assert image.size == (1000, 500)


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (100, 60)])
def test_a_thumbnail_never_enlarges_and_never_vanishes(size: tuple[int, int]) -> None:
    width, height = Image.open(io.BytesIO(thumbnail(Image.new("RGB", size)))).size

    assert 1 <= width <= min(size[0], 256)
    assert 1 <= height <= min(size[1], 256)


def test_a_file_that_decoders_complain_about_writes_nothing_to_the_log() -> None:
    entries = b"".join(struct.pack("<HHII", tag, 2, 2**31 - 1, 8) for tag in range(1000))
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 1000) + entries
    code = (
        "import sys; from contextlib import suppress; from models.images import decode\n"
        "with suppress(ValueError): decode(sys.stdin.buffer.read())"
    )
    words = [sys.executable, "-W", "default", "-c", code]
    said = subprocess.run(words, input=tiff, capture_output=True, check=True)
    assert said.stderr == b""


def test_a_jpeg_of_thousands_of_scans_is_refused_before_they_are_decoded() -> None:
    photograph = encode(halves(), "JPEG", progressive=True)
    scan = photograph[photograph.rindex(b"\xff\xda") : -2]
    few, many = (photograph[:-2] + scan * count + b"\xff\xd9" for count in (20, 5000))
    assert_halves(decode(few), tolerance=40)
    assert rejection(many).code == "unsupported"
    film = photograph + np.random.default_rng(0).bytes(2**21)
    assert_halves(decode(film))
