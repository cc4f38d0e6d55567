"""How good the version that answers is on its own labels, what it mixes up, and what next."""

from collections.abc import Mapping
from typing import cast

from models.classifiers import HeadKind
from models.quality import evaluation
from models.quality.learning_curve import forecast, verdict
from service.domain.entities import Estimate
from service.domain.errors import Conflict
from service.storage import classifiers, examples, projects
from service.usecases.context import Context
from service.usecases.evaluated import ClassEvaluation, ConfusionCell, Evaluation, Suspect
from service.usecases.judgements import Judgement, judge
from service.usecases.labelled_pool import divide_pool
from service.usecases.prediction import confidence_note, nothing_to_answer_with

# A cell opens this many images; its count is of all.
CELL_IMAGES = 100
MAX_SUSPECTS = 200


def evaluate(context: Context, project_id: str) -> Evaluation:
    """The answering version, by answers to its own labels from heads that did not see them.

    Raises NotFound; Conflict where the project has no version, or one that kept no labels.
    """
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        if project.active_version is None:
            raise nothing_to_answer_with(session, project)
        version = classifiers.get_version(session, project_id, project.active_version)
        labels = classifiers.load_labels(version)
        head = context.heads.get(version)
        pool = context.pools.get(session, project_id, version.encoder_id)
        names = projects.class_names(session, project_id)
        present = examples.labels_by_image(session, project_id)
        confirmed = examples.confirmed_images(session, project_id)
    kind = cast(HeadKind, version.kind)
    labelled = divide_pool(pool, labels, kind)
    if not len(labelled.labels):
        raise Conflict("labels-gone", "The images that this version was fitted on were deleted.")
    state = (version.id, len(labelled.labels))  # images may be deleted, labels stay as they were
    judged = context.judgements.get(state, lambda: judge(labelled, kind))
    note = confidence_note(version, head)
    doubtful = {image: label for image, label in present.items() if image not in confirmed}
    return _describe(version.version, version.encoder_id, judged, note, names, doubtful)


def _describe(
    version: int,
    encoder_id: str,
    judged: Judgement,
    note: str | None,
    names: Mapping[str, str],
    doubtful: Mapping[int, str],
) -> Evaluation:
    # A class may be gone since: its id stands for it then.
    names = {each.label: each.label for each in judged.quality.classes} | dict(names)
    return Evaluation(
        version=version,
        encoder_id=encoder_id,
        estimate=_estimate(judged),
        calibration_error=judged.calibration_error,
        verdict=verdict(judged.curve),
        note=note,
        classes=[_class(each, names) for each in judged.quality.classes],
        confusion=[_cell(each, judged) for each in judged.quality.confusion],
        curve=judged.curve.points,
        forecast=forecast(judged.curve),
        suspects=_suspects(judged, names, doubtful),
    )


def _estimate(judged: Judgement) -> Estimate | None:
    """Where the curve stands now, so that its forecast goes on from there."""
    now = judged.curve.estimate
    if now is None or judged.estimate is None:
        return None
    return Estimate(now.accuracy, now.low, now.high, judged.estimate.count)


def _class(quality: evaluation.ClassQuality, names: Mapping[str, str]) -> ClassEvaluation:
    return ClassEvaluation(
        quality.label,
        names[quality.label],
        quality.examples,
        quality.precision,
        quality.recall,
    )


def _cell(cell: evaluation.ConfusionCell, judged: Judgement) -> ConfusionCell:
    image_ids = judged.image_ids[list(cell.rows[:CELL_IMAGES])].tolist()
    return ConfusionCell(cell.actual, cell.predicted, len(cell.rows), image_ids)


def _suspects(
    judged: Judgement, names: Mapping[str, str], doubtful: Mapping[int, str]
) -> list[Suspect]:
    """Those whose label still stands, and was not confirmed since."""
    found = [(int(judged.image_ids[each.row]), each) for each in judged.suspects]
    standing = [
        (image_id, each) for image_id, each in found if doubtful.get(image_id) == each.label
    ]
    return [
        Suspect(image_id, each.label, each.suggested, each.score, each.reason(names))
        for image_id, each in standing[:MAX_SUSPECTS]
    ]
