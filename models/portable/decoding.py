"""From an image file's bytes to upright pixels, inside an ONNX graph.

ONNX Runtime decodes no images itself; the package onnxruntime-extensions brings the operator.
That knows JPEG and PNG, does not turn pictures by their EXIF, and where a file is of another
kind or cut off it ends the process or never returns. What can be seen to here is.
"""

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from models.portable.graph import Graph, whole

EXTENSIONS_DOMAIN = "com.microsoft.extensions"

_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
# The decoder would wait for ever for the end of a JPEG that is cut off; a second one does no harm.
_JPEG_END = b"\xff\xd9\xff\xd9"
_LAST = np.iinfo(np.int64).max
# Zeros around a file, so that something stands wherever a file of no bytes is looked at.
_MARGIN = 12

# EXIF stands near the start of a file. Its entry for the turn: tag, type "short", count 1, and
# then the value in the first two of four bytes, in either order.
_EXIF_WITHIN = 65536
_ENTRY_BYTES = 10
_LITTLE_ENDIAN, _LITTLE_ENDIAN_VALUE = b"\x12\x01\x03\x00\x01\x00\x00\x00", 8
_BIG_ENDIAN, _BIG_ENDIAN_VALUE = b"\x01\x12\x00\x03\x00\x00\x00\x01", 9

# By EXIF's value: the direction in which rows and columns run once they stand upright. From 5
# on they have to change places first. Whatever is no such value leaves the picture as it is.
_FIRST_TRANSPOSED = 5
_DIRECTIONS = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}


def add_decoding(graph: Graph, file: str) -> str:
    """uint8 (bytes,) of a JPEG or PNG file -> upright uint8 (H, W, 3)."""
    margin = np.zeros(_MARGIN, dtype=np.uint8)
    framed = graph.add("Concat", margin, file, margin, axis=0)
    decoded = graph.add(
        "DecodeImage", _checked(graph, file, framed), domain=EXTENSIONS_DOMAIN, color_space="rgb"
    )
    # Grey JPEGs come with one channel.
    rgb = graph.add("Expand", decoded, whole(1, 1, 3), name="the_image_must_be_RGB_or_grey")
    return _turned(graph, rgb, _orientation(graph, framed))


def _checked(graph: Graph, file: str, framed: str) -> str:
    """The file, if the decoder can be trusted with it."""
    # JPEGs may have something behind their end, so that it is no sign of a whole file.
    is_jpeg = _holds(graph, framed, _MARGIN, _JPEG_START)
    is_png = graph.add(
        "And",
        _holds(graph, framed, _MARGIN, _PNG_START),
        _holds(graph, framed, -_MARGIN - len(_PNG_END), _PNG_END),
    )
    return graph.choose(
        is_jpeg,
        lambda jpeg: jpeg.add("Concat", file, _bytes(_JPEG_END), axis=0),
        lambda other: other.choose(
            is_png,
            lambda png: png.add("Identity", file),
            # Fits no file: ONNX Runtime stops and gives the name as the reason.
            lambda refused: refused.add(
                "Reshape", framed, whole(1), name="the_file_must_be_a_whole_JPEG_or_PNG"
            ),
        ),
    )


def _holds(graph: Graph, framed: str, start: int, expected: bytes) -> str:
    """bool (): whether these bytes stand at `start`, which counts from the end if negative."""
    found = graph.add("Slice", framed, whole(start), whole(start + len(expected)))
    return _all_equal(graph, found, expected, axis=0)


def _orientation(graph: Graph, framed: str) -> str:
    """int64 (1,): EXIF's value, 0 where there is none."""
    near = graph.add("Slice", framed, whole(0), whole(_EXIF_WITHIN))
    count = graph.add("Sub", graph.add("Size", near), np.int64(_ENTRY_BYTES - 1))
    starts = graph.add("Range", np.int64(0), count, np.int64(1))
    places = graph.add("Add", graph.add("Unsqueeze", starts, whole(1)), whole(*range(_ENTRY_BYTES)))
    windows = graph.add("Gather", near, places)  # (places, bytes of an entry)
    values = graph.add(
        "Max",
        _value(graph, windows, _LITTLE_ENDIAN, _LITTLE_ENDIAN_VALUE),
        _value(graph, windows, _BIG_ENDIAN, _BIG_ENDIAN_VALUE),
    )
    # The first entry is the picture's, a later one its thumbnail's.
    found = graph.add("Cast", graph.add("Cast", values, to=TensorProto.BOOL), to=TensorProto.INT32)
    return graph.add("Gather", values, graph.add("ArgMax", found, axis=0))


def _value(graph: Graph, windows: str, entry: bytes, at: int) -> str:
    """int64 (places,): what an entry that starts there says, 0 where none does."""
    starts = graph.add("Slice", windows, whole(0), whole(len(entry)), whole(1))
    is_entry = graph.add("Cast", _all_equal(graph, starts, entry, axis=1), to=TensorProto.INT64)
    value = graph.add("Gather", windows, np.int64(at), axis=1)
    return graph.add("Mul", is_entry, graph.add("Cast", value, to=TensorProto.INT64))


def _turned(graph: Graph, pixels: str, orientation: str) -> str:
    transposed = graph.add("GreaterOrEqual", orientation, whole(_FIRST_TRANSPOSED))
    standing = graph.choose(
        graph.add("And", transposed, graph.add("Less", orientation, whole(9))),
        lambda turned: turned.add("Transpose", pixels, perm=[1, 0, 2]),
        lambda as_it_is: as_it_is.add("Identity", pixels),
    )
    directions = np.ones((256, 2), dtype=np.int64)
    for value, direction in _DIRECTIONS.items():
        directions[value] = direction
    steps = graph.add("Squeeze", graph.add("Gather", directions, orientation), whole(0))
    backward = graph.add("Less", steps, whole(0, 0))
    starts = graph.add("Where", backward, whole(-1), whole(0))
    ends = graph.add("Where", backward, whole(-_LAST), whole(_LAST))
    return graph.add("Slice", standing, starts, ends, whole(0, 1), steps)


def _all_equal(graph: Graph, found: str, expected: bytes, axis: int) -> str:
    wanted = _bytes(expected).astype(np.int32)
    equal = graph.add("Equal", graph.add("Cast", found, to=TensorProto.INT32), wanted)
    least = graph.add(
        "ReduceMin", graph.add("Cast", equal, to=TensorProto.INT32), whole(axis), keepdims=0
    )
    return graph.add("Cast", least, to=TensorProto.BOOL)


def _bytes(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)
