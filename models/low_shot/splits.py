"""Which images a low-shot evaluation learns from, and which it asks about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]
Labels: TypeAlias = npt.NDArray[np.generic]
# Sets of tests by their names; "" is the name of the only one of the same data.
Tests: TypeAlias = Mapping[str, Rows]
NONE_APART: Tests = {}


@dataclass(frozen=True)
class Split:
    """Rows of the images to learn from, with and without their labels, and of those to answer."""

    labelled: Rows
    pool: Rows
    tests: Tests


def draw(labels: Labels, shots: int, seed: int) -> Mask:
    """(n,) mask with `shots` random images of each class."""
    return _choose(labels, shots, _generator(shots, seed))


def draw_split(labels: Labels, shots: int, seed: int, tests: Tests = NONE_APART) -> Split:
    """`shots` random images of each class are labelled, of the others a random half is the pool.

    The other half are the tests, unless there are `tests` apart. Depends on the labels, the
    number of shots and the seed alone. Raises ValueError where no image is left to test with.
    """
    generator = _generator(shots, seed)
    chosen = _choose(labels, shots, generator, spare=0 if tests else 1)
    return split_others(chosen, generator, tests)


def split_others(
    labelled: Mask, generator: np.random.Generator, tests: Tests = NONE_APART
) -> Split:
    """Half of what is not `labelled` (n,) is the pool, the other half the tests, if none are given.

    Raises ValueError where nothing is left to test with.
    """
    others = generator.permutation(np.flatnonzero(~labelled))
    half = len(others) // 2
    tests = tests or {"": others[half:]}
    if not all(map(len, tests.values())):
        raise ValueError("all images are labelled and none is left to test with: add images")
    return Split(np.flatnonzero(labelled), others[:half], tests)


def without_pool(labelled: Mask) -> Split:
    """Without a pool: all that is not `labelled` (n,) is tested."""
    nothing = np.array([], dtype=np.intp)
    return Split(np.flatnonzero(labelled), nothing, {"": np.flatnonzero(~labelled)})


def _generator(shots: int, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, shots])


def _choose(labels: Labels, shots: int, generator: np.random.Generator, spare: int = 1) -> Mask:
    """(n,) mask; `spare` images of each class must be left."""
    labelled = np.zeros(len(labels), dtype=bool)
    for name in np.unique(labels):
        members = np.flatnonzero(labels == name)
        if len(members) < shots + spare:
            raise ValueError(
                f"class {str(name)!r} has {len(members)} images, too few for {shots} labels a "
                f"class{' and one to test with' * spare}; ask for fewer or add images"
            )
        labelled[generator.choice(members, shots, replace=False)] = True
    return labelled
