"""Images that look the same though their bytes differ: 64 bits each, compared by Hamming distance.

The hash is pHash (Zauner, 2010): the signs, against their median, of the 8 x 8 lowest frequencies
of the grey image. Copies that were scaled, compressed or slightly retouched differ in few bits.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]
SIDE = 32
FREQUENCIES = 8
# Copies differ in no more bits than this.
NEAR = 4
# What has no more structure than this, in grey levels, is one colour: all such would look alike.
PLAIN = 2.0
# Stands for images without structure; half of the bits of any other hash are set.
NO_HASH = 0
# Two hashes are compared if one of so many parts of them differs in one bit at most.
_PARTS = NEAR // 2 + 1
_EDGES = np.linspace(0, 64, _PARTS + 1).astype(np.uint64)
# Comparisons whose memory is taken at once.
AT_ONCE = 2**22
# Correlation of the pixels of two small pictures that show the same.
SAME = 0.95
_FREQUENCY, _PIXEL = np.mgrid[:FREQUENCIES, :SIDE]
_COSINES = np.cos(np.pi / SIDE * _FREQUENCY * (_PIXEL + 0.5)).astype(np.float32)


def perceptual_hash(image: Image.Image) -> int:
    """64 bits, as a signed number, of an RGB image; NO_HASH where there is nothing to see in it."""
    grey = np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    if grey.std() < PLAIN:
        return NO_HASH
    low = (_COSINES @ grey @ _COSINES.T).ravel()
    bits = low > np.median(low)
    return int(np.packbits(bits).view(">i8")[0])


def looks_same(one: Image.Image, other: Image.Image) -> bool:
    """Whether two RGB images show the same: small dark things on plain ground share a hash too."""
    small = (each.resize((SIDE, SIDE), Image.Resampling.BOX) for each in (one, other))
    pixels = [np.asarray(each, np.float32).ravel() for each in small]
    return bool(np.corrcoef(pixels[0], pixels[1])[0, 1] >= SAME)


def find_copies(
    hashes: Hashes,
    copy_of: Rows,
    first: int,
    same: Callable[[int, int], bool],
    check: Callable[[], None] = lambda: None,
) -> dict[int, int]:
    """The copies among the images from row `first` on, each with the older image it looks like.

    `hashes` (n,) are sorted by age, the oldest first. `copy_of` (n,) has the row of which an image
    before `first` is a copy, or -1. Nothing is called a copy of a copy. `same` is asked of two rows
    whose hashes are near but not equal. `check` is called all the while, and may raise to end it.
    """
    unique, earliest, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    oldest = np.sort(earliest[unique != NO_HASH])
    copies: dict[int, int] = {}
    near = _near_pairs(hashes[oldest], int(np.searchsorted(oldest, first)), check)
    for later, earlier in oldest[near].tolist():
        check()
        is_copy = earlier in copies or (earlier < first and copy_of[earlier] >= 0)
        if later not in copies and not is_copy and same(later, earlier):
            copies[later] = earlier
    new = first + np.flatnonzero(hashes[first:] != NO_HASH)
    for row, equal in zip(new.tolist(), earliest[inverse[new]].tolist(), strict=True):
        if row != equal:
            known = int(copy_of[equal]) if equal < first else -1
            copies[row] = copies.get(equal, equal if known < 0 else known)
    return copies


def _near_pairs(hashes: Hashes, first: int, check: Callable[[], None]) -> Rows:
    """Pairs (later, earlier) (m, 2) of rows within NEAR bits, sorted, `later` not before `first`.

    Multi-index hashing (Norouzi et al., 2012): of two such, some part differs in one bit at most.
    """
    found = [np.empty((0, 2), np.int64)]
    for low, high in pairwise(_EDGES):
        width = int(high - low)
        part = ((hashes >> low) & np.uint64(2**width - 1)).astype(np.int64)
        order = np.argsort(part, kind="stable")
        starts = np.searchsorted(part[order], np.arange(2**width + 1))
        for flipped in (0, *(1 << bit for bit in range(width))):
            check()
            asked = part[first:] ^ flipped
            found += _near_in_buckets(hashes, order, starts[asked], starts[asked + 1], first)
    return np.unique(np.concatenate(found), axis=0)


def _near_in_buckets(
    hashes: Hashes, order: Rows, starts: Rows, stops: Rows, first: int
) -> Iterator[Rows]:
    """As `_near_pairs`: each row from `first` on with those in its part of `order`."""
    sizes = stops - starts
    block = np.cumsum(sizes) // AT_ONCE
    for cut in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(block)) + 1):
        size = sizes[cut]
        begin = np.repeat(starts[cut] - np.cumsum(size) + size, size)
        earlier = order[begin + np.arange(len(begin))]
        later = np.repeat(first + cut, size)
        near = np.bitwise_count(hashes[later] ^ hashes[earlier]) <= NEAR
        near &= earlier < later
        yield np.stack([later[near], earlier[near]], axis=1)
