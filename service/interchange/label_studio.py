"""Label Studio's JSON exports: tasks with the choices of their annotators."""

import re
from collections.abc import Iterator
from typing import Any

from models.image_sources.names import is_image, shown
from models.image_sources.records import LABELS, Record, file_behind, one_label, pick, text_of
from models.image_sources.tree import Tree
from service.interchange.json_lists import items

# Uploaded files are kept as 1a2b3c4d-name.jpg.
_UPLOAD = re.compile(r"^[0-9a-f]{8}-(?=.)")
# What JSON_MIN has beside a task's data and its choices.
_OWN = frozenset(("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"))


def looks_like_label_studio(keys: set[str]) -> bool:
    """Whether the first task's keys are those of an export, whole or minimal."""
    return "item.data" in keys or {"item.annotation_id", "item.annotator"} <= keys


def read_label_studio(tree: Tree, name: str) -> Iterator[Record]:
    """A task each, with the choice of its annotations where they agree on one."""
    for number, task in enumerate(items(tree, name, "item"), start=1):
        if isinstance(task, dict):
            yield _record(task, f"{name}, task {task.get('id', number)}")


def _record(task: dict[str, Any], where: str) -> Record:
    whole = isinstance(task.get("data"), dict)
    data = task["data"] if whole else task
    key = _image_key(data)
    if key is None:
        return Record("", where, error="the task has no image among its data")
    target = file_behind(str(data[key]))
    chosen = _choices(task) if whole else _minimal_choices(task, key)
    label, warning = one_label(chosen, "choices")
    return Record(
        target=target,
        name=str(data.get("original_name") or _original(target)),
        label=label,
        reference_label=text_of(data.get("reference_label")),
        warning=warning,
    )


def _image_key(data: dict[str, Any]) -> str | None:
    """Where the task's image stands: `image`, or whatever the project calls it."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    named = next((key for key in ("image", "img", "url", "path") if key in texts), None)
    return named or next(
        (key for key, value in texts.items() if is_image(file_behind(value))), None
    )


def _original(target: str) -> str:
    """A file's name as it was before its upload."""
    last = shown(target).rpartition("/")[2]
    return _UPLOAD.sub("", last) if "/upload/" in target else shown(target)


def _choices(task: dict[str, Any]) -> Iterator[str]:
    """What annotators chose; a ground truth alone where there is one."""
    annotations = _objects(task.get("annotations") or task.get("completions"))
    valid = [each for each in annotations if not _cancelled(each)]
    for annotation in [each for each in valid if each.get("ground_truth")] or valid:
        for result in _objects(annotation.get("result")):
            for value in _objects([result.get("value")]):
                yield from _names(value.get("choices"))


def _objects(value: object) -> list[dict[str, Any]]:
    """Those of a list; of anything else none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _cancelled(annotation: dict[str, Any]) -> bool:
    return bool(annotation.get("was_cancelled") or annotation.get("skipped"))


def _minimal_choices(task: dict[str, Any], image: str) -> Iterator[str]:
    """In JSON_MIN choices stand under the name of their control, beside the data."""
    control = pick(task, LABELS)
    if control:
        yield from _names(task[control])
        return
    for key, value in task.items():
        if key != image and key not in _OWN and isinstance(value, dict):
            yield from _names(value)


def _names(value: object) -> Iterator[str]:
    """One choice, several, or an object with them."""
    if isinstance(value, dict):
        value = value.get("choices")
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each.strip():
            yield shown(each.strip())
