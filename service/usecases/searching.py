"""Finding images by likeness: to files at hand, to images of the pool, or to a class."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models.features import Features, normalise
from service.domain.entities import Rejected, Upload
from service.domain.errors import Conflict, Invalid, TooLarge
from service.domain.finding import Found
from service.storage import examples, images, projects
from service.storage.pools import Pool
from service.storage.tables import ProjectRow
from service.usecases.context import Context
from service.usecases.embedding import INLINE_LIMIT
from service.usecases.pool import describe
from service.usecases.prediction import pool_scores
from service.usecases.queries import embed_files

FILTERS = ("all", "unlabelled", "labelled")
# More of what is searched with than this is left out before the search, less behind it.
FEW = 100
# Images that tell how alike the pool is on average.
SAMPLE = 256
# What is left to 1 where all pictures of a pool are one, but for rounding.
ALL_THE_SAME = 1e-5


@dataclass(frozen=True)
class Search:
    """Which images may be found (`all`, `class:otter`, ...), and how many."""

    filter: str = "all"
    limit: int = 100


@dataclass(frozen=True)
class _State:
    """One consistent state of a project, in which is searched."""

    session: Session
    project: ProjectRow
    pool: Pool


def search_files(
    context: Context, project_id: str, uploads: Iterable[Upload], search: Search
) -> tuple[list[Found], list[Rejected]]:
    """The images most like any of the files, which are not kept; unusable files are reported.

    Raises TooLarge for too many files, NoUsableFile where none is usable, and Conflict where
    there is no encoder yet.
    """
    with context.database.read() as session:
        encoder_id = _state(context, session, project_id, search).pool.encoder_id
    _, queries, rejected = embed_files(context, encoder_id, _few(uploads))
    with context.database.read() as session:
        state = _state(context, session, project_id, search)
        if state.pool.encoder_id != encoder_id:  # switched while the files were embedded
            raise Conflict("encoder-switched", "The encoder was switched just now: search again.")
        return _find(context, state, queries, [], search), rejected


def search_images(
    context: Context, project_id: str, image_ids: Sequence[int], search: Search
) -> list[Found]:
    """The images most like any of these, which are left out themselves.

    Raises NotFound, and Conflict where one of them is not embedded yet.
    """
    with context.database.read() as session:
        state = _state(context, session, project_id, search)
        images.require_images(session, project_id, image_ids)
        wanted = list(dict.fromkeys(image_ids))
        rows = state.pool.rows_of(wanted)
        if len(rows) < len(wanted):
            waiting = set(wanted) - set(state.pool.image_ids[rows].tolist())
            raise _not_embedded(f"Image {min(waiting)} is")
        return _find(context, state, state.pool.features[rows], wanted, search)


def search_class(context: Context, project_id: str, class_id: str, search: Search) -> list[Found]:
    """The images nearest to the centre of a class's examples, which are left out themselves.

    Raises NotFound, and Conflict where no example is embedded.
    """
    with context.database.read() as session:
        state = _state(context, session, project_id, search)
        projects.get_class(session, project_id, class_id)
        labels = examples.labels_by_image(session, project_id)
        own = [image_id for image_id, slug in labels.items() if slug == class_id]
        if not own:
            detail = f"Class '{class_id}' has no examples to search with: label an image first."
            raise Conflict("no-examples", detail)
        rows = state.pool.rows_of(own)
        if not len(rows):
            raise _not_embedded(f"None of the {len(own)} examples of class '{class_id}' is")
        centre = normalise(state.pool.features[rows]).mean(axis=0, keepdims=True)
        return _find(context, state, centre, own, search)


def _state(context: Context, session: Session, project_id: str, search: Search) -> _State:
    project = projects.get_project(session, project_id)
    kind, colon, class_id = search.filter.partition(":")
    if colon and kind in ("class", "predicted"):
        projects.get_class(session, project_id, class_id)
    elif search.filter not in FILTERS:
        taken = ", ".join(FILTERS)
        raise Invalid(
            "bad-filter",
            f"'{search.filter}' is no filter: take one of {taken}, class:ID or predicted:ID.",
        )
    if project.encoder_id is None:
        detail = "The first encoder is still being registered: see GET /jobs."
        raise Conflict("no-encoder", detail)
    return _State(session, project, context.pools.get(session, project_id, project.encoder_id))


def _few(uploads: Iterable[Upload]) -> Iterator[Upload]:
    """No more than a request may wait for. Raises TooLarge at the first one more."""
    for number, upload in enumerate(uploads):
        if number == INLINE_LIMIT:
            detail = f"Search with at most {INLINE_LIMIT} images at once."
            raise TooLarge("too-many-files", detail)
        yield upload


def _find(
    context: Context, state: _State, queries: Features, without: Sequence[int], search: Search
) -> list[Found]:
    """Search with raw features (n, dimension), leaving the images `without` out."""
    among = _rows(context, state, search.filter)
    surplus = len(without)
    if surplus > FEW:
        among = _less(state.pool, among, without)
        surplus = 0
    found, cosines = state.pool.nearest(queries, search.limit + surplus, among)
    best = dict[int, float]()
    for image_id, cosine in zip(found.ravel().tolist(), cosines.ravel().tolist(), strict=True):
        best[image_id] = max(cosine, best.get(image_id, -1.0))
    ranked = sorted(best.keys() - set(without), key=lambda image_id: (-best[image_id], image_id))
    chosen = ranked[: search.limit]
    listed = images.images_by_id(state.session, state.project.id, state.project.encoder_id, chosen)
    described = describe(context, state.session, state.project, listed)
    usual = _usual_similarity(state.pool, queries)
    return [Found(image, best[image.id], _closeness(best[image.id], usual)) for image in described]


def _usual_similarity(pool: Pool, queries: Features) -> float:
    """Mean cosine of the pool's images to raw features (n, dimension), from a part of the pool."""
    if not len(pool):
        return 0.0
    some = np.linspace(0, len(pool) - 1, min(SAMPLE, len(pool))).astype(np.int64)
    return float((normalise(queries) @ normalise(pool.features[some]).T).mean())


def _closeness(similarity: float, usual: float) -> float:
    """Where a cosine stands between the usual one (0) and 1; in [0, 1].

    Encoders of few images give all pictures much the same direction: their cosines are all near
    1, and what tells neighbours apart is how far they are above the usual.
    """
    room = 1 - usual
    if room < ALL_THE_SAME:
        return 1.0
    return min(max((similarity - usual) / room, 0.0), 1.0)


def _rows(context: Context, state: _State, name: str) -> NDArray[np.int64] | None:
    """Rows of the pool that meet a filter; None: all of them."""
    pool, (kind, _, class_id) = state.pool, name.partition(":")
    if kind == "all":
        return None
    if kind == "predicted":
        return _predicted(context, state, class_id)
    labels = examples.labels_by_image(state.session, state.project.id)
    if kind == "class":
        return pool.rows_of([i for i, slug in labels.items() if slug == class_id])
    if kind == "labelled":
        return pool.rows_of(list(labels))
    return _less(pool, None, list(labels))


def _predicted(context: Context, state: _State, class_id: str) -> NDArray[np.int64]:
    """Rows of unlabelled images of which the classifier says that they are of this class."""
    scores = pool_scores(context, state.session, state.project)
    if scores is None or class_id not in scores.classes:
        return np.empty(0, np.int64)
    rows = np.flatnonzero(scores.best == scores.classes.index(class_id))
    own = state.pool.rows_of(scores.pool.image_ids[rows])
    labels = examples.labels_by_image(state.session, state.project.id)
    return _less(state.pool, own, list(labels))


def _less(
    pool: Pool, rows: NDArray[np.int64] | None, image_ids: Sequence[int]
) -> NDArray[np.int64]:
    """The rows, or all, without those of these images."""
    keep = np.zeros(len(pool), dtype=bool)
    keep[slice(None) if rows is None else rows] = True
    keep[pool.rows_of(image_ids)] = False
    return np.flatnonzero(keep)


def _not_embedded(which: str) -> Conflict:
    return Conflict("not-embedded", f"{which} not embedded yet: ask again soon.")
