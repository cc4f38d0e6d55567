"""Commands that talk to a running service over its REST API."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from models.image_sources import SourceError
from service.client import ApiError, Client
from service.commands.common import AsJson, console, fail, print_rows, read_settings

Project = Annotated[str, typer.Option(help="Id of the project.")]
Server = Annotated[str, typer.Option(help="Address of the service; this machine's if empty.")]


def label(
    class_name: Annotated[str, typer.Argument(help="Name of the class; made where it is new.")],
    files: Annotated[list[Path], typer.Argument(help="Image files of this class.")],
    project: Project = "default",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Add files as examples of a class."""
    taken: dict[str, Any] = {"examples": [], "rejected": [], "classifier_version": None}
    with connect(server, project) as client:
        known = {each["name"]: each["id"] for each in client.get("/classes")["classes"]}
        class_id = known.get(class_name) or client.post("/classes", {"name": class_name})["id"]
        named = ((path.name, path.read_bytes()) for path in files)
        for answer in client.upload(f"/classes/{class_id}/examples", named):
            taken["examples"] += answer["examples"]
            taken["rejected"] += answer["rejected"]
            taken["classifier_version"] = answer["classifier_version"]
            report_rejected(answer["rejected"])
    version = taken["classifier_version"] or "pending"
    console.print(f"{len(taken['examples'])} examples; classifier version {version}.")
    if as_json:
        print(json.dumps(taken, indent=1))


def predict(
    files: Annotated[list[Path], typer.Argument(help="Image files to predict.")],
    project: Project = "default",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Predict image files without keeping them."""
    rows: list[dict[str, Any]] = []
    with connect(server, project) as client:
        named = ((str(path), path.read_bytes()) for path in files)
        for answer in client.upload("/predict", named):
            rows += answer["predictions"]
            report_rejected(answer["rejected"])
    print_rows(rows, ("filename", "label", "probability", "unknown"), as_json=as_json)


def encoders(
    register: Annotated[str, typer.Option(help="Spec of an encoder to register.")] = "",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """List the registered encoders, or have one registered."""
    with connect(server, "default") as client:
        if register:
            job = client.post("/encoders", {"spec": register})
            console.print(f"Registering in job {job['id']}: see `GET /jobs/{job['id']}`.")
        rows = client.get("/encoders")["encoders"]
    print_rows(rows, ("id", "source", "dimension", "image_size", "licence"), as_json=as_json)
    for row in rows:
        if row["notice"]:
            console.print(f"{row['id']}: {row['notice']}", style="yellow", highlight=False)


class connect:  # noqa: N801  reads as the verb it is
    """A client whose failures end the command with a sentence instead of a stack."""

    def __init__(self, server: str, project: str) -> None:
        settings = read_settings()
        self._address = server or f"http://127.0.0.1:{settings.port}"
        secret = settings.api_key
        if secret is None and settings.api_key_file and settings.api_key_file.exists():
            key: str | None = settings.api_key_file.read_text().strip()
        else:
            key = secret.get_secret_value() if secret else None
        self._client = Client(self._address, project=project, key=key)

    def __enter__(self) -> Client:
        return self._client.__enter__()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._client.__exit__()
        if isinstance(error, (ApiError, SourceError, OSError)):
            fail(str(error))
        if isinstance(error, httpx.TransportError):
            fail(f"No service answers at {self._address}: start one with `handful up`.")


def report_rejected(rejected: list[dict[str, Any]]) -> None:
    """Tell which files were not taken."""
    for each in rejected:
        console.print(f"Not taken: {each['filename']}: {each['reason']}", style="yellow")
