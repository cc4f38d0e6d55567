"""COCO: images, annotations and categories in one JSON file; read at the level of images."""

from collections.abc import Iterator
from typing import Any

from models.image_sources.records import Record, one_label, text_of
from models.image_sources.tree import Tree
from service.interchange.json_lists import items

MARKS = frozenset(("images", "annotations", "categories"))


# One set of images may have a file for each task; the first of these tells the most of classes.
TASKS = ("labels", "instances", "person_keypoints", "stuff", "panoptic", "image_info", "captions")


def one_task_each(names: list[str]) -> list[str]:
    """Of the files `instances_train.json`, `captions_train.json`, .. the one to be read."""
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        rank = next((n for n, task in enumerate(TASKS) if last.startswith(f"{task}_")), None)
        part = name if rank is None else f"{folder}/{last.removeprefix(TASKS[rank])}"
        best[part] = min(best.get(part, (len(TASKS), "")), (rank or 0, name))
    return [name for _, name in best.values()]


def looks_like_coco(keys: set[str]) -> bool:
    """Whether the top level's keys are those of COCO; a large list may hide the later ones."""
    return bool(keys & MARKS) and not any(key.startswith("item.") for key in keys)


def read_coco(tree: Tree, name: str) -> Iterator[Record]:
    """An image each, with the category of its annotations where that is one alone."""
    names = {
        _key(each.get("id")): text_of(each.get("name"))
        for each in _objects(tree, name, "categories")
    }
    found = _categories_by_image(tree, name)
    for number, image in enumerate(_objects(tree, name, "images"), start=1):
        categories = found.get(_key(image.get("id")), ())
        label, warning = one_label(
            (names.get(each) or f"category {each}" for each in categories), "annotations"
        )
        yield _record(image, label, warning, f"{name}, image {number}")


def coco_classes(tree: Tree, name: str) -> list[str]:
    """The names of the categories, also of those that no image is of. Raises as `read_coco`.

    Headings that others stand under are none: Roboflow lists one before its classes.
    """
    headed = [
        (text_of(each.get("name")), text_of(each.get("supercategory")))
        for each in _objects(tree, name, "categories")
    ]
    headings = {heading for named, heading in headed if heading != named}  # COCO's person is both
    return [named for named, _ in headed if named and named not in headings]


def _categories_by_image(tree: Tree, name: str) -> dict[Any, tuple[Any, ...]]:
    """The different categories of each image: hardly ever more than a few."""
    found: dict[Any, tuple[Any, ...]] = {}
    for annotation in _objects(tree, name, "annotations"):
        image, category = _key(annotation.get("image_id")), _key(annotation.get("category_id"))
        known = found.get(image, ())
        if category is not None and category not in known:  # captions have none
            found[image] = (*known, category)
    return found


def _key(identity: object) -> Any:
    """An identity as it is; one that is no number or text, of a broken file, in words."""
    simple = identity is None or isinstance(identity, int | float | str)
    return identity if simple else repr(identity)


def _record(image: dict[str, Any], label: str | None, warning: str | None, where: str) -> Record:
    """`file_name`, or where the image has none an address of it."""
    target = next(
        (str(image[key]) for key in ("file_name", "coco_url", "flickr_url") if image.get(key)), ""
    )
    return Record(
        target=target,
        name=str(image.get("original_name") or target or where),
        label=label,
        reference_label=text_of(image.get("reference_label")),
        warning=warning,
        error=None if target else "it has no file_name",
    )


def _objects(tree: Tree, name: str, key: str) -> Iterator[dict[str, Any]]:
    """The entries of a top-level list that are objects; a file without the list has none."""
    return (each for each in items(tree, name, f"{key}.item") if isinstance(each, dict))
