"""Copies to the eye are told from images that are merely alike."""

import io

import numpy as np
import pytest
from PIL import Image

from models.perceptual_hash import (
    NEAR,
    NO_HASH,
    find_copies,
    looks_same,
    perceptual_hash,
)


def photograph(seed: int) -> Image.Image:
    """Coarse structure and fine noise, as a photograph has."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((320, 240))
    noise = rng.normal(0, 6, (240, 320, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8))


def bits(one: Image.Image, other: Image.Image) -> int:
    """In how many bits the hashes of two images differ."""
    return ((perceptual_hash(one) ^ perceptual_hash(other)) & (2**64 - 1)).bit_count()


def compressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file).convert("RGB")


@pytest.mark.parametrize("seed", range(8))
def test_a_copy_is_near_and_another_image_is_far(seed: int) -> None:
    image = photograph(seed)
    for copy in (compressed(image), image.resize((160, 120)), image.point(lambda v: v * 0.95)):
        assert bits(image, copy) <= NEAR
        assert looks_same(image, copy)
    assert bits(image, photograph(seed + 100)) > 4 * NEAR
    assert not looks_same(image, photograph(seed + 100))


def test_plain_colours_have_no_hash() -> None:
    for colour in ("red", "white", "black"):
        assert perceptual_hash(Image.new("RGB", (50, 50), colour)) == NO_HASH


def brute_force(hashes: list[int]) -> dict[int, int]:
    """The oldest image that is no copy itself, within NEAR bits."""
    copies: dict[int, int] = {}
    for row, code in enumerate(hashes):
        near = [
            older
            for older in range(row)
            if older not in copies and (hashes[older] ^ code).bit_count() <= NEAR
        ]
        if code != NO_HASH and near:
            copies[row] = near[0]
    return copies


def codes(count: int) -> list[int]:
    """Hashes of which every other one is that of an earlier image with up to six bits flipped."""
    rng = np.random.default_rng(0)
    found: list[int] = []
    for index in range(count):
        code = int(rng.integers(1, 2**63))
        if index % 2:
            code = found[int(rng.integers(index))]
            for bit in rng.choice(64, int(rng.integers(0, 7)), replace=False):
                code ^= 1 << int(bit)
        found.append(code)
    return found


def test_all_pairs_within_the_radius_are_found() -> None:
    hashes = codes(400)
    array = np.array(hashes, np.uint64)
    found = find_copies(array, np.full(len(array), -1), 0, lambda *_: True)
    assert set(found) == set(brute_force(hashes))
    assert all((hashes[row] ^ hashes[older]).bit_count() <= NEAR for row, older in found.items())
    assert not set(found) & set(found.values()), "nothing is a copy of a copy"


def test_what_comes_later_is_compared_with_all_that_is_older() -> None:
    array = np.array(codes(300), np.uint64)
    at_once = find_copies(array, np.full(300, -1), 0, lambda *_: True)
    copy_of = np.full(300, -1)
    for first, last in ((0, 200), (200, 201), (201, 300)):
        found = find_copies(array[:last], copy_of[:last], first, lambda *_: True)
        assert all(row >= first for row in found)
        for row, older in found.items():
            copy_of[row] = older
    assert {row: int(copy_of[row]) for row in np.flatnonzero(copy_of >= 0)} == at_once


def test_near_hashes_are_confirmed_and_equal_ones_need_not_be() -> None:
    array = np.array([5, 5, 4, NO_HASH, NO_HASH], np.uint64)
    assert find_copies(array, np.full(5, -1), 0, lambda *_: False) == {1: 0}
    assert find_copies(array, np.full(5, -1), 0, lambda *_: True) == {1: 0, 2: 0}
