"""Classes that are named apart from the images: their order, and those that have no image."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from xml.etree import ElementTree
from xml.parsers import expat

from models.image_sources.parquet import named_classes, open_table
from models.image_sources.records import text_of
from models.image_sources.source import UnreadableFile
from models.image_sources.tree import Tree
from service.interchange.annotations import open_annotations
from service.interchange.coco import coco_classes
from service.interchange.formats import Layout

# A line a class, as YOLO's tools have it.
PLAIN_LIST = "classes.txt"
# What a Label Studio project is given as its labelling interface.
INTERFACE = "label_config.xml"
MAX_BYTES = 2**24


def write_plain_list(classes: Iterable[str]) -> bytes:
    """A line a class."""
    return "".join(f"{name}\n" for name in classes).encode()


def write_interface(classes: Iterable[str]) -> bytes:
    """An image and one choice among the classes, as the tasks of an export refer to them."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", name="image", value="$image")
    choices = ElementTree.SubElement(view, "Choices", name="choice", toName="image")
    for name in classes:
        ElementTree.SubElement(choices, "Choice", value=name)
    ElementTree.indent(view)
    return bytes(ElementTree.tostring(view, "utf-8")) + b"\n"


def listed_classes(layout: Layout, tree: Tree, annotations: str) -> Iterable[str]:
    """The classes that the file `annotations` names, or one beside it; often there are none.

    Raises SourceError where a file cannot be read, Damaged where it ends too early.
    """
    if layout == "coco":
        return coco_classes(tree, annotations)
    if annotations.lower().endswith(".parquet"):
        return _of_schema(tree, annotations)
    folder = posixpath.dirname(annotations)
    if layout == "labelstudio":
        return _of_file(tree, posixpath.join(folder, INTERFACE), _choices)
    return _of_file(tree, posixpath.join(folder, PLAIN_LIST), _lines)


def _of_schema(tree: Tree, annotations: str) -> Iterator[str]:
    with open_annotations(tree, annotations) as file, open_table(file, annotations) as table:
        yield from named_classes(table.schema_arrow)


def _of_file(
    tree: Tree, name: str, read: Callable[[bytes], Sequence[str | bytes]]
) -> Iterator[str]:
    if _is_there(tree, name):
        with open_annotations(tree, name) as file:
            yield from filter(None, map(text_of, read(file.read(MAX_BYTES))))


def _is_there(tree: Tree, name: str) -> bool:
    try:
        return tree.has(name)
    except UnreadableFile:  # a link that leads outside: no list, as the images have their labels
        return False


def _lines(text: bytes) -> Sequence[str | bytes]:
    return text.removeprefix(b"\xef\xbb\xbf").splitlines()


def _choices(interface: bytes) -> Sequence[str | bytes]:
    """The choices of an interface that has one question; of several it is not known which counts.

    What is no XML, or defines entities, names none.
    """
    questions = 0
    choices: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal questions
        questions += element == "Choices"
        if element == "Choice":
            choices.append(attributes.get("value", ""))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(interface, True)
    except expat.ExpatError:
        return []
    return choices if questions == 1 else []


def _refuse(*_: object) -> None:
    """Entities may unpack to any size."""
    raise expat.ExpatError("it has a document type")
