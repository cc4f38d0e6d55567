"""Bytes from outside to a checked, upright RGB image, or a reason why not."""

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

# Pillow's own check warns through process-wide state between one and two times its limit;
# `decode` refuses by the header, with a limit of its own, before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
# What Pillow thinks of a file helps nobody, and one of 0.8 MB can draw 65,000 different
# warnings, each of them written to the log and then remembered.
warnings.filterwarnings("ignore", module=r"PIL\.")

# What people have and what is safe to parse. Pillow's other plugins (EPS runs Ghostscript,
# FITS, PSD, ...) never see the bytes. The JPEG plugin opens MPO.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MAX_BYTES = 50 * 1024**2
MAX_PIXELS = 64_000_000
# A progressive JPEG has some ten scans. Each goes over all pixels, and thousands fit into a small
# file; so many do not stand by chance in the film that a phone appends to a photograph.
MAX_SCANS = 1500
# Side of the parts in which transparency is drawn over: one stays in the processor's caches.
_TILE = 512

# Left, top, right and lower edge, in pixels that may be parts of one.
Box: TypeAlias = tuple[float, float, float, float]

RejectionCode: TypeAlias = Literal[
    "empty",
    "not_an_image",
    "unsupported",
    "truncated",
    "too_large_file",
    "too_many_pixels",
]

# First bytes of the formats above: what starts so and still cannot be opened is damaged.
_KNOWN = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_UNSUPPORTED = {
    b"%PDF": "PDF",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
}
# What turns an image upright, by the orientation in its EXIF.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
# What brings the right or the lower edge to the left, and what brings one to the top.
_TO_LEFT = (_TURNS[2], _TURNS[3], _TURNS[6], _TURNS[7])
_TO_TOP = (_TURNS[3], _TURNS[4], _TURNS[7], _TURNS[8])
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


class ImageRejected(ValueError):
    """These bytes cannot be used as an image; `code` is stable, the message is for people."""

    def __init__(self, code: RejectionCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class DecodedImage:
    """An upright RGB image; `format` and `sha256` (hex) are those of the original bytes.

    `box`: where the picture lies in `image`. One that was decoded smaller ends within the last row
    or column, which then lies at any edge if the image was turned.
    """

    image: Image.Image
    box: Box
    width: int
    height: int
    format: str
    data: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """Computed when it is asked for: of a large file it takes longer than a small picture."""
        return hashlib.sha256(self.data).hexdigest()


def decode(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    shrink_to: int | None = None,
) -> DecodedImage:
    """The first frame as RGB: turned upright by its EXIF, transparency on white.

    With `shrink_to`, a JPEG may come at a half, a quarter or an eighth of its size, no side below
    `shrink_to` pixels: that is decoded many times faster where only a small picture is wanted.
    `width` and `height` are always those of the whole image.
    Raises ImageRejected, and nothing else, whatever the bytes are.
    """
    _check_size(data, max_bytes)
    image = _open(data)
    _check_pixels(image, max_pixels)
    _check_scans(image, data)
    kind = str(image.format)
    try:
        width, height = image.size
        drafted = image.draft(None, (shrink_to, shrink_to)) if shrink_to else None
        image.load()
        turn = _turn(image)
        # One after the other, under one name: of a large image no more than two are held at once.
        image = _to_rgb(image)
        box: Box = drafted[1] if drafted else (0, 0, *image.size)
        if turn is not None:
            image = image.transpose(turn)
            box = _turned(box, image.size, turn)
        if turn in _SIDEWAYS:
            width, height = height, width
    except Exception as error:  # decoders fail on hostile bytes in ways nobody has listed
        raise _damaged() from error
    return DecodedImage(image, box, width, height, kind, data)


def thumbnail(image: Image.Image, side: int = 256) -> bytes:
    """WebP of the whole RGB image, its longer side at most `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=2)  # 4 takes twice the time for 5 % of the size
    return buffer.getvalue()


def _check_size(data: bytes, max_bytes: int) -> None:
    if not data:
        raise ImageRejected("empty", "the file is empty")
    if len(data) > max_bytes:
        raise ImageRejected(
            "too_large_file",
            f"the file has {len(data) / 2**20:.1f} MiB; at most {max_bytes / 2**20:.1f} are taken",
        )


def _open(data: bytes) -> Image.Image:
    """Reads the header only."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except Exception as error:
        raise _damaged() from error


def _unidentified(data: bytes) -> ImageRejected:
    name = _unsupported_name(data)
    if name:
        return ImageRejected(
            "unsupported",
            f"{name} files are not supported; save it as JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF",
        )
    webp = data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    if data.startswith(_KNOWN) or webp or data[4:12] in (b"ftypavif", b"ftypavis"):
        return _damaged()
    return ImageRejected("not_an_image", "this is not an image file")


def _unsupported_name(data: bytes) -> str | None:
    for start, name in _UNSUPPORTED.items():
        if data.startswith(start):
            return name
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "HEIC"
    return "SVG" if b"<svg" in data[:1024].lower() else None


def _damaged() -> ImageRejected:
    return ImageRejected("truncated", "the image file is cut off or damaged")


def _check_pixels(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageRejected(
            "too_many_pixels",
            f"the image has {width} x {height} pixels; at most {max_pixels:,} are taken",
        )


def _check_scans(image: Image.Image, data: bytes) -> None:
    if image.format in ("JPEG", "MPO") and data.count(b"\xff\xda") > MAX_SCANS:
        raise ImageRejected(
            "unsupported", f"the JPEG has more than {MAX_SCANS} scans: save it again as JPEG or PNG"
        )


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block costs the turn, not the picture
        return None


def _turned(box: Box, size: tuple[int, int], turn: Image.Transpose) -> Box:
    """Where a box that began in the upper left corner lies in the image turned, now of `size`."""
    _, _, width, height = box
    if turn in _SIDEWAYS:
        width, height = height, width
    left = size[0] - width if turn in _TO_LEFT else 0
    top = size[1] - height if turn in _TO_TOP else 0
    return left, top, left + width, top + height


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _to_8_bit(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    return _on_white(image)


def _on_white(image: Image.Image) -> Image.Image:
    """By tiles: what lies between would take as much memory again as a large image."""
    whole = Image.new("RGB", image.size, "white")
    for left, top in product(range(0, image.width, _TILE), range(0, image.height, _TILE)):
        box = left, top, min(left + _TILE, image.width), min(top + _TILE, image.height)
        drawn = image.crop(box).convert("RGBA")
        whole.paste(drawn, box, drawn)
    return whole


def _to_8_bit(image: Image.Image) -> Image.Image:
    """16-bit grey by its range; 32-bit and float grey, which state none, by their extremes."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    # In place: a copy of the largest image allowed takes a quarter of a gigabyte.
    levels = np.array(image, dtype=np.float32)
    np.nan_to_num(levels, copy=False, posinf=0.0, neginf=0.0)
    levels /= 2  # so that the widest span is still a float32
    levels -= levels.min()
    levels /= levels.max() or 1.0
    levels *= 255
    return Image.fromarray(np.round(levels, out=levels).astype(np.uint8))
