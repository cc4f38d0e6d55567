"""The pool: images in, listed, looked at, found by likeness, and out again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from service.domain.entities import (
    Image,
    Job,
    KnownImage,
    Neighbour,
    Page,
    Rejected,
    StoredImage,
    Upload,
)
from service.domain.errors import Conflict, Invalid
from service.storage import embeddings, examples, images, indexes, projects
from service.storage.images import ListedImage
from service.storage.tables import ProjectRow
from service.usecases.context import Context
from service.usecases.cursors import read_cursor
from service.usecases.fitting import refit
from service.usecases.intake import drop_unused, enter, keep_files
from service.usecases.jobs import start_job
from service.usecases.prediction import nearest_examples, pool_scores, pool_strangers, summaries
from service.usecases.scores import Scores

ORDERS = ("newest", "oldest", "uncertain", "confident")
FILTERS = ("all", "unlabelled", "labelled", "uncertain", "unknown", "near-duplicates")


def add_images(
    context: Context, project_id: str, uploads: Iterable[Upload], reference_label: str | None
) -> tuple[list[StoredImage], list[Rejected], Job | None]:
    """Enter files in the pool; the job that embeds them, where the project has an encoder."""
    with context.database.read() as session:
        projects.get_project(session, project_id)
    intake = keep_files(context, uploads)
    with context.database.write() as session:
        stored = enter(context, session, project_id, intake.kept, reference_label)
        encoder_id = projects.get_project(session, project_id).encoder_id
    job = None
    if encoder_id and any(not image.duplicate for image in stored):
        job = start_job(context, "embed", {"encoder_id": encoder_id})
    return stored, intake.rejected, job


def get_image(context: Context, project_id: str, image_id: int) -> Image:
    """One image with its label and prediction. Raises NotFound."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        images.get_image(session, project_id, image_id)
        listed = images.images_by_id(session, project_id, project.encoder_id, [image_id])
        return describe(context, session, project, listed)[0]


def find_known(context: Context, project_id: str, sha256s: Sequence[str]) -> list[KnownImage]:
    """The images of the project that have these contents. Raises NotFound."""
    with context.database.read() as session:
        projects.get_project(session, project_id)
        found = images.find_by_contents(session, project_id, sha256s)
    return [KnownImage(row.id, row.sha256, slug) for row, slug in found]


def image_content(context: Context, project_id: str, image_id: int) -> tuple[str, str]:
    """File name and sha256 of an image."""
    with context.database.read() as session:
        row = images.get_image(session, project_id, image_id)
        return row.filename, row.sha256


def delete_image(context: Context, project_id: str, image_id: int) -> None:
    """Take an image out of the pool, with its label; its file goes when nothing needs it."""
    with context.database.write() as session:
        row = images.get_image(session, project_id, image_id)
        if examples.examples_of(session, [image_id]):
            projects.bump_labels_revision(session, project_id)
        images.release_near_duplicates(session, project_id, image_id)
        indexes.note_removals(session, project_id, [image_id])
        session.delete(row)
    drop_unused(context, [row.sha256])
    refit(context, project_id)


def find_neighbours(
    context: Context, project_id: str, image_id: int, *, count: int, examples_only: bool
) -> list[Neighbour]:
    """The images, or the examples, most like this one; itself left out.

    Raises Conflict where the image is not embedded yet.
    """
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        images.get_image(session, project_id, image_id)
        pool = context.pools.get(session, project_id, project.encoder_id or "")
        labels = examples.labels_by_image(session, project_id)
    row = pool.row_of(image_id)
    if row is None:
        raise Conflict("not-embedded", f"Image {image_id} is not embedded yet: ask again soon.")
    query = pool.features[[row]]
    if examples_only:
        others = {other: slug for other, slug in labels.items() if other != image_id}
        return nearest_examples(pool, others, query, count)[0]
    found, cosines = pool.nearest(query, count + 1)
    pairs = zip(found[0].tolist(), cosines[0].tolist(), strict=True)
    return [Neighbour(i, labels.get(i), cosine) for i, cosine in pairs if i != image_id][:count]


@dataclass(frozen=True)
class Listing:
    """Which images to list (`all`, `class:otter`, ...), in which order, from where on."""

    filter: str = "all"
    order: str | None = None
    cursor: str | None = None
    limit: int = 100


def list_images(context: Context, project_id: str, listing: Listing) -> Page[Image]:
    """One page of the pool with labels and predictions. Raises Invalid for a filter unknown."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        order = listing.order or ("uncertain" if listing.filter == "uncertain" else "newest")
        if order not in ORDERS:
            raise Invalid("bad-order", f"'{order}' is no order: take one of {', '.join(ORDERS)}.")
        _check_filter(session, project_id, listing.filter)
        by_score = _by_prediction(listing.filter) or (
            order in ("uncertain", "confident") and project.active_version is not None
        )
        chosen = _ranked if by_score else _chronological
        listed, next_cursor, total = chosen(context, session, project, listing, order)
        pending = 0
        if project.encoder_id:
            pending = embeddings.count_pending(session, project.encoder_id, project_id)
        items = describe(context, session, project, listed)
    return Page(items, next_cursor, total, pending)


Chosen = tuple[list[ListedImage], str | None, int]


def _chronological(
    _context: Context, session: Session, project: ProjectRow, listing: Listing, order: str
) -> Chosen:
    """By arrival, straight from the database; the cursor is the last image's id."""
    where = _conditions(listing.filter)
    after = read_cursor(listing.cursor)
    listed = images.list_images(
        session,
        project.id,
        project.encoder_id,
        where=where,
        after=after,
        limit=listing.limit + 1,
        oldest_first=order == "oldest",
    )
    page = listed[: listing.limit]
    next_cursor = str(page[-1][0].id) if len(listed) > listing.limit else None
    return page, next_cursor, _count(session, project.id, listing.filter)


def _count(session: Session, project_id: str, name: str) -> int:
    """Number of images that meet a filter, from what is counted or an index alone."""
    if name == "all":
        return projects.count_images(session, project_id)
    if name == "labelled":
        return examples.count_examples(session, project_id)
    if name == "unlabelled":
        return _count(session, project_id, "all") - _count(session, project_id, "labelled")
    if name.startswith("class:"):
        return examples.count_examples(session, project_id, slug=name[6:])
    return images.count_images(session, project_id, _conditions(name))


def _ranked(
    context: Context, session: Session, project: ProjectRow, listing: Listing, order: str
) -> Chosen:
    """By what the classifier says; the cursor is the place in that ranking."""
    start = read_cursor(listing.cursor) or 0
    scores = pool_scores(context, session, project)
    if scores is None:
        return [], None, 0
    rows = _matching(session, scores, project.id, listing.filter)
    if listing.filter == "unknown":
        rows = _strange(context, session, project, scores, rows)
    keys: dict[str, NDArray[np.generic]] = {
        "uncertain": scores.margin,
        "confident": -scores.confidence,
        "oldest": scores.pool.image_ids,
        "newest": -scores.pool.image_ids,
    }
    ranked = rows[np.argsort(keys[order][rows], kind="stable")]
    stop = start + listing.limit
    page = scores.pool.image_ids[ranked[start:stop]].tolist()
    listed = images.images_by_id(session, project.id, project.encoder_id, page)
    return listed, str(stop) if stop < len(ranked) else None, len(ranked)


def _by_prediction(name: str) -> bool:
    return name in ("uncertain", "unknown") or name.startswith("predicted:")


def _check_filter(session: Session, project_id: str, name: str) -> None:
    kind, colon, class_id = name.partition(":")
    if colon and kind in ("class", "predicted"):
        projects.get_class(session, project_id, class_id)
    elif name not in FILTERS:
        raise Invalid(
            "bad-filter",
            f"'{name}' is no filter: take one of {', '.join(FILTERS)}, class:ID, predicted:ID.",
        )


def _conditions(name: str) -> Sequence[ColumnElement[bool]]:
    if name.startswith("class:"):
        return [images.has_label(name[6:])]
    return {
        "unlabelled": [~images.has_label()],
        "labelled": [images.has_label()],
        "near-duplicates": [images.is_near_duplicate()],
    }.get(name, [])


def _matching(session: Session, scores: Scores, project_id: str, name: str) -> NDArray[np.int64]:
    """Rows of the pool that meet a filter."""
    labels = examples.labels_by_image(session, project_id)
    if name == "all":
        return np.arange(len(scores.pool))
    if name == "labelled" or name.startswith("class:"):
        wanted = [i for i, slug in labels.items() if name == "labelled" or slug == name[6:]]
        return np.sort(scores.pool.rows_of(wanted))
    keep = np.ones(len(scores.pool), dtype=bool)
    keep[scores.pool.rows_of(list(labels))] = False
    if name.startswith("predicted:"):
        keep &= scores.predicted_as(name[10:])
    return np.flatnonzero(keep)


def _strange(
    context: Context, session: Session, project: ProjectRow, scores: Scores, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Those of the rows that are unknown; the strangers' pool may be a moment newer."""
    strangers = pool_strangers(context, session, project)
    if strangers is None:
        return rows[:0]
    return rows[np.isin(scores.pool.image_ids[rows], strangers.pool.image_ids[strangers.unknown])]


def describe(
    context: Context, session: Session, project: ProjectRow, listed: list[ListedImage]
) -> list[Image]:
    """Listed images with their labels and predictions, in order."""
    predicted = summaries(context, session, project, [row.id for row, _, _ in listed])
    return [
        Image(
            row.id, row.sha256, row.filename, row.width, row.height, slug, embedded,
            predicted.get(row.id), row.near_duplicate_of, row.created_at,
        )
        for row, slug, embedded in listed
    ]  # fmt: skip
