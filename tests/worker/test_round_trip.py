"""A project with every oddity, exported and imported into an empty one elsewhere, is the same."""

import csv
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from PIL import Image

from service.interchange import ExportFormat
from service.storage import images, projects
from service.usecases.context import Context, create_context
from service.usecases.importing import export_file, request_import
from service.usecases.jobs import get_job
from tests.pictures import encoded, picture
from tests.service.caller import Caller
from tests.worker.imports import counts, take
from tests.worker.test_exporting import export
from worker.importing import import_images
from worker.running import claim

# In an order of its own, some without an image, some whose ids or files could be taken for others'.
EMOJI = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # a family: without its joiners three people
HINDI = "क्\u200dष"
CLASSES = (
    *("Zebra, empty", "C++", "C", "a/b", "..", "con", "classes.txt", "labels.csv", "1", "None"),
    *("<b> & \"quoted\" 'too'", HINDI, EMOJI, "\U0001f44d", "写真\u3000集", "été", "Ω" * 100),
    *("unlabelled", "=1+1", "-1", "Apple, empty"),
)
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


class Known(NamedTuple):
    """What a project knows of an image."""

    filename: str
    sha256: str
    size: tuple[int, int]
    label: str | None
    reference: str | None


class Project(NamedTuple):
    classes: list[str]
    images: list[Known]


def files() -> Iterator[bytes]:
    """Pictures of every kind, each a content of its own, none like another to the eye."""
    rotated = Image.Exif()
    rotated[0x0112] = 6
    rotated[0x010E] = "Taken in Zürich"
    yield encoded(picture("red", 1), "JPEG", exif=rotated)
    yield encoded(picture("red", 2).convert("CMYK"), "JPEG")
    yield encoded(picture("red", 3).quantize(8))
    yield encoded(picture("red", 4).convert("LA"))
    yield encoded(picture("red", 5).convert("I;16"))
    yield encoded(picture("red", 6), "GIF", save_all=True, append_images=[picture("blue", 6)])
    for seed, kind in enumerate(("BMP", "TIFF", "WEBP", "AVIF"), start=7):
        yield encoded(picture("green", seed), kind)
    seed = 100
    while True:
        yield encoded(picture("blue", seed := seed + 1))


NAMES = (
    *("2024/été/1.jpg", "2025/été/1.jpg", "1.png", "1 (2).png", "CAT/1.PNG", "cat/1.png"),
    *("写真\u3000猫.png", f"{HINDI}.png", f"{EMOJI}.png", "9:30.png", "no suffix", ".hidden.png"),
    *(" spaced .png", "con.png", "a?b*c.png", "#1 100%25.png", "=1+1.png", "x, 'y' \"z\".png"),
    *("metadata.csv", "labels.csv", "classes.txt", "tasks.json", "label_config.xml", "1.png"),
    f"{'long' * 60}.png",
)


@pytest.fixture
def odd(reading: Context, root: Path, api: Caller) -> Project:
    """A project with all of it, and what it knows."""
    for name in CLASSES:
        api.make_class(name)
    labels = CLASSES[-2:0:-1]
    with (root / "pool.csv").open("w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["path", "original_name", "label", "reference_label"])
        for number, (name, data) in enumerate(zip(NAMES, files(), strict=False)):
            (root / f"{number}.png").write_bytes(data)
            # Some classes have no image, some images no class, or another than the true one.
            label = labels[number % len(labels)] if number % 4 else ""
            rows.writerow([f"{number}.png", name, label, ("C", "C++", "", "heron")[number % 4]])
        (root / "copy.png").write_bytes((root / "0.png").read_bytes())
        rows.writerow(["copy.png", "another name of the first.png", "", ""])
    assert counts(take(reading, root / "pool.csv")) == {
        "added": len(NAMES),
        "known": 1,
        "labelled": len(NAMES) - 7,
        "failed": 0,
    }
    api.patch("/classes/c-2", {"name": "Sea (C)"})  # its true labels go with it
    return told(reading, "default")


def told(context: Context, project_id: str) -> Project:
    """All that a project knows, in its order."""
    with context.database.read() as session:
        names = projects.class_names(session, project_id)
        rows = images.list_images(
            session, project_id, None, where=[], after=None, limit=1000, oldest_first=True
        )
        known = [
            Known(
                filename=row.filename,
                sha256=row.sha256,
                size=(row.width, row.height),
                label=names[slug] if slug else None,
                reference=names.get(row.reference_label or "", row.reference_label),
            )
            for row, slug, _ in rows
        ]
    return Project(list(names.values()), known)


@pytest.fixture
def elsewhere(context: Context, tmp_path: Path) -> Iterator[Context]:
    """A worker with a store of its own, which has none of the images."""
    data_dir = tmp_path / "elsewhere"
    data_dir.mkdir()
    (data_dir / "encoders").symlink_to(context.settings.encoders_dir)
    roots = str(context.settings.exports_dir.resolve())
    settings = context.settings.model_copy(update={"data_dir": data_dir, "import_roots": roots})
    elsewhere = create_context(settings)
    yield elsewhere
    elsewhere.database.close()


def brought(context: Context, project_id: str, source: Path) -> dict[str, Any]:
    """Import into a project to the end; what came of it."""
    payload = {"source": str(source), "format": "auto", "labels": "labels", "keep": "copy"}
    running = claim(context, request_import(context, project_id, payload).id, threading.Event())
    assert running is not None
    running.run(import_images)
    done = get_job(context, running.job.id)
    assert (done.state, done.error) == ("succeeded", None)
    return counts(done)


@pytest.mark.parametrize("form", FORMATS)
def test_a_project_comes_back_whole_from_every_format(
    odd: Project, api: Caller, context: Context, elsewhere: Context, form: str
) -> None:
    assert odd.classes[0] == CLASSES[0]
    assert {"Sea (C)", "C++", "heron", None} == {each.reference for each in odd.images}
    job = export(context, api, format=form, images=True)
    assert (job.state, job.error) == ("succeeded", None)
    other = api.post("/projects", {"name": "Other"})["id"]
    came = brought(elsewhere, other, export_file(context, job.id).resolve())
    assert (came["added"], came["known"], came["failed"]) == (len(odd.images), 0, 0)
    assert told(elsewhere, other) == odd
    for image in odd.images:
        assert sha256(elsewhere.images.image(image.sha256)).hexdigest() == image.sha256
    again = brought(elsewhere, other, export_file(context, job.id).resolve())
    assert again == {"added": 0, "known": len(odd.images), "labelled": 0, "failed": 0}
    assert told(elsewhere, other) == odd
