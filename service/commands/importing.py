"""`handful import` and the export of a pool: jobs of the service, watched from the terminal."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    track,
)

from models.image_sources import ImageFile, SourceError, UnreadableFile, open_sources
from models.image_sources.folder_tree import FolderTree
from models.images import MAX_BYTES
from service.client import Client, NamedFile, batches
from service.commands.common import AsJson, console, fail
from service.commands.remote import Project, Server, connect, report_rejected
from service.interchange import ImportFormat
from service.interchange.layouts import find_layout
from service.settings import is_loopback

POLL_SECONDS = 0.5
LABEL_MODES = ("labels", "reference", "ignore")
LABELS_AT_ONCE = 5000
# Files named of those that an import could not take.
SHOWN = 20
COUNTS = ("added", "known", "labelled", "failed")


def import_(
    source: Annotated[
        str, typer.Argument(help="Folder, zip, tar, CSV, JSON or Parquet file, or s3://bucket/...")
    ],
    project: Project = "default",
    labels: Annotated[
        str, typer.Option(help="What its labels become: labels, reference (to measure) or ignore.")
    ] = "labels",
    form: Annotated[
        str, typer.Option("--format", help="What it holds; found out if auto.")
    ] = "auto",
    keep: Annotated[
        str, typer.Option(help="copy, or reference: files on the server stay where they are.")
    ] = "copy",
    reference: Annotated[bool, typer.Option(help="The same as --labels reference.")] = False,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Add images to the pool; what is there already is not added twice."""
    mode = "reference" if reference else labels
    _require("--labels", mode, LABEL_MODES)
    _require("--format", form, get_args(ImportFormat))
    _require("--keep", keep, ("copy", "reference"))
    with connect(server, project) as client:
        place = _place(client, source)
        if place is None:
            _require_folders(source, form)
            taken = _send_files(client, source, mode)
        else:
            payload = {"source": place, "format": form, "labels": mode, "keep": keep}
            taken = follow(client, client.post("/jobs", {"kind": "import", "payload": payload}))
            _report_errors(client, taken)
    if as_json:
        print(json.dumps(taken, indent=1))
    if taken.get("state") in ("failed", "cancelled"):
        fail(str(taken["error"] or "The import was cancelled: `resume` goes on with it."))


def follow(client: Client, job: Any) -> Any:
    """Show a job's progress until it is over; the job as it ended."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Waiting for a worker", total=None, rate="")
        while True:
            job = client.get(f"/jobs/{job['id']}")
            rate = f"{job['rate']:.0f}/s" if job["rate"] else ""
            words = job["message"] or "Waiting for a worker"
            bar.update(
                task,
                description=words,
                completed=job["done"],
                total=job["total"] or None,
                rate=rate,
            )
            if job["state"] in ("succeeded", "failed", "cancelled"):
                return job
            time.sleep(POLL_SECONDS)


def _place(client: Client, source: str) -> str | None:
    """Where the service finds it: as it is, or uploaded; None for a folder that must be sent."""
    if source.startswith("s3://"):
        return source
    path = Path(source).resolve()
    roots = client.get("/imports/options")["roots"]
    if is_loopback(client.host) and any(path.is_relative_to(root) for root in roots):
        return str(path)
    if not path.exists():
        fail(f"{source} does not exist.")
    if path.is_dir():
        return None
    with Progress(console=console) as bar:
        task = bar.add_task("Uploading", total=path.stat().st_size)
        return "upload:" + client.send_archive(path, lambda at: bar.update(task, completed=at))


def _require_folders(source: str, form: str) -> None:
    """End where a list says what a folder's files are: sent one by one, they would lose that."""
    folder = Path(source).resolve()
    found = find_layout(FolderTree(folder, [folder]), None) if form == "auto" else None
    listed = ", ".join(found.annotations) if found else ""
    if listed or form not in ("auto", "folder"):
        fail(
            f"{source} has {listed or f'the format {form}'}, which the service must read itself: "
            "pack the folder as a zip and import that, or name it in HANDFUL_IMPORT_ROOTS. "
            "--format folder sends its images, with folders as classes."
        )


def _report_errors(client: Client, job: Any) -> None:
    counts = job["outcome"] or {}
    said = ", ".join(f"{counts.get(name, 0)} {name}" for name in COUNTS)
    console.print(f"{job['done']} files: {said}.")
    found = client.get(f"/jobs/{job['id']}/errors", limit=SHOWN)
    for each in found["errors"]:
        console.print(f"Not taken: {each['file']}: {each['reason']}", style="yellow")
    more = found["total"] - len(found["errors"])
    if more:
        console.print(f"And {more} more: GET /jobs/{job['id']}/errors?format=csv", style="yellow")


def _send_files(client: Client, source: str, mode: str) -> dict[str, Any]:
    """Send what the pool lacks of a folder that the service cannot read, class by class."""
    taken: dict[str, list[Any]] = {"images": [], "rejected": []}
    with ExitStack() as stack:
        files = stack.enter_context(open_sources(source)[0].opened())
        if mode == "reference":
            files = _require_labels(files, source)
        shown = track(files, description="Uploading", console=console)
        for label, some in groupby(
            shown, key=lambda file: file.label if mode != "ignore" else None
        ):
            fields = {"reference_label": label} if label and mode == "reference" else {}
            unlabelled = _send(client, some, fields, taken)
            if label and mode == "labels" and unlabelled:
                _label(client, label, unlabelled)
    duplicates = sum(image["duplicate"] for image in taken["images"])
    console.print(f"{len(taken['images'])} images, {duplicates} of them known already.")
    return taken


def _send(
    client: Client,
    files: Iterable[ImageFile],
    fields: dict[str, str],
    taken: dict[str, list[Any]],
) -> list[int]:
    """Send files whose content is new; ids of those images, new or not, that have no label."""
    unlabelled: list[int] = []
    for batch in batches(_read(files, taken["rejected"])):
        digests = [hashlib.sha256(data).hexdigest() for _, data in batch]
        found = client.post("/images/known", {"sha256s": digests})["images"]
        known = {image["sha256"]: image for image in found}
        pairs = list(zip(digests, batch, strict=True))
        for digest, (name, _) in pairs:
            if digest in known:
                image = {"id": known[digest]["id"], "filename": name, "sha256": digest}
                taken["images"].append(image | {"duplicate": True})
        unlabelled += [image["id"] for image in found if image["class_id"] is None]
        new = [file for digest, file in pairs if digest not in known]
        for answer in client.upload("/images", new, **fields):
            taken["images"] += answer["images"]
            taken["rejected"] += answer["rejected"]
            report_rejected(answer["rejected"])
            unlabelled += [each["id"] for each in answer["images"] if not each["duplicate"]]
    return unlabelled


def _read(files: Iterable[ImageFile], rejected: list[dict[str, str]]) -> Iterator[NamedFile]:
    for file in files:
        name = Path(file.name).name
        try:
            yield name, file.read(MAX_BYTES + 1)
        except UnreadableFile as error:
            reason = {"filename": name, "code": "unreadable", "reason": str(error)}
            rejected.append(reason)
            report_rejected([reason])


def _require_labels(files: Iterable[ImageFile], source: str) -> list[ImageFile]:
    """The files of classes. Raises SourceError where there is none."""
    labelled = [file for file in files if file.label is not None]
    if not labelled:
        raise SourceError(f"{source} needs one folder a class: its files lie in no class folder")
    return labelled


def _label(client: Client, name: str, image_ids: list[int]) -> None:
    """Make the images examples of the class of this name."""
    known = {each["name"].casefold(): each["id"] for each in client.get("/classes")["classes"]}
    class_id = known.get(name.casefold()) or client.post("/classes", {"name": name})["id"]
    for start in range(0, len(image_ids), LABELS_AT_ONCE):
        some = image_ids[start : start + LABELS_AT_ONCE]
        client.post(f"/classes/{class_id}/examples", {"image_ids": some})


def _require(option: str, value: str, taken: Sequence[str]) -> None:
    if value not in taken:
        fail(f"{option} {value}: take one of {', '.join(taken)}.")
