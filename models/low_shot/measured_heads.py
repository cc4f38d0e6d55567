"""Heads by name, fitted as they are used: what a low-shot evaluation measures."""

from collections.abc import Iterable, Mapping
from typing import cast, get_args

from models.classifiers import HeadKind
from models.fitting import fit_head
from models.heads.by_name import HEADS
from models.low_shot.protocol import Fit, plain

# The one head that learns from unlabelled images as well: what the service has with a pool.
POOL = "pool"


def fits_of(names: Iterable[str]) -> Mapping[str, Fit]:
    """How to fit each head. Raises ValueError, with all names, for one that does not exist.

    Heads that the service offers are fitted and calibrated as it does; the paper's protocol
    stays as it stands.
    """
    return {name: _fit_of(name) for name in names}


def _fit_of(name: str) -> Fit:
    if name not in HEADS:
        raise ValueError(f"there is no head {name!r}: choose from {', '.join(HEADS)}")
    if name == POOL:
        return lambda features, labels, pool: fit_head(features, labels, "auto", pool)
    if name in get_args(HeadKind):
        kind = cast("HeadKind", name)
        return lambda features, labels, _pool: fit_head(features, labels, kind)
    return plain(HEADS[name])
