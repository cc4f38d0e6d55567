"""A classifier version as a file: to run elsewhere, or what it says of the whole pool."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from models.features import Features
from models.fitting import FittedHead
from models.portable import Input, export_classifier, export_npz
from service.storage import classifiers, examples, images, projects
from service.storage.pools import Pool
from service.usecases.context import Context
from service.usecases.prediction import class_sets
from service.usecases.scores import AT_ONCE
from service.usecases.spreadsheets import plain_cell

Layout: TypeAlias = Literal["onnx", "npz", "csv"]
MEDIA_TYPES: dict[Layout, str] = {
    "onnx": "application/octet-stream",
    "npz": "application/zip",
    "csv": "text/csv",
}
COLUMNS = ("image_id", "filename", "label", "predicted", "probability", "unknown", "set")
Row: TypeAlias = tuple[int, str, str, str, str, str, str]


def export_version(
    context: Context, project_id: str, version: int, layout: Layout, takes: Input = "file"
) -> bytes:
    """onnx: preprocessing, encoder and head in one, which `takes` a file's bytes or its pixels.

    npz: the head's arrays; csv: a row for each image of the pool that its encoder has embedded.
    Raises NotFound; Unavailable where too many wait for an onnx or a csv already.
    """
    with context.database.read() as session:
        projects.get_project(session, project_id)
        row = classifiers.get_version(session, project_id, version)
        head = context.heads.get(row)
        names = projects.class_names(session, project_id)
    if layout == "npz":
        return export_npz(head)
    with context.exports.take():
        if layout == "csv":
            return _predictions(context, project_id, row.encoder_id, head)
        folder = context.settings.encoders_dir / row.encoder_id
        return export_classifier(folder, head, names, takes)


def _predictions(context: Context, project_id: str, encoder_id: str, head: FittedHead) -> bytes:
    with context.database.read() as session:
        pool = context.pools.get(session, project_id, encoder_id)
        filenames = images.filenames(session, project_id)
        labels = examples.labels_by_image(session, project_id)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(pool, head, filenames, labels))
    return file.getvalue().encode()


def _rows(
    pool: Pool, head: FittedHead, filenames: Mapping[int, str], labels: Mapping[int, str]
) -> Iterator[Row]:
    """In words and digits alone, classes by their ids; a set's are separated by spaces."""
    for start in range(0, len(pool), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        answers = _answers(head, pool.features[some])
        for image_id, answer in zip(pool.image_ids[some].tolist(), answers, strict=True):
            if image_id in filenames:  # others were deleted meanwhile
                name = plain_cell(filenames[image_id])
                yield image_id, name, labels.get(image_id, ""), *answer


def _answers(head: FittedHead, features: Features) -> Iterator[tuple[str, str, str, str]]:
    """What the last four columns say of raw features (n, dimension), in order."""
    probabilities = head.predict_proba(features)
    best = head.classes_[probabilities.argmax(axis=1)]
    unknown, sets = head.is_unknown(features), class_sets(head, probabilities)
    for label, confidence, strange, classes in zip(
        best, probabilities.max(axis=1), unknown, sets, strict=True
    ):
        yield str(label), f"{confidence:.6f}", "yes" if strange else "no", " ".join(classes or [])
