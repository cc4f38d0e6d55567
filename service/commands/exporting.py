"""The command that writes encoders and classifiers for other tools."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models.errors import EncoderError
from service.commands.common import AsJson, console, fail, read_settings
from service.commands.importing import follow
from service.commands.remote import Project, Server, connect

NONE_YET = "There is no classifier in this project yet: label an image first."


def export(  # noqa: PLR0913, PLR0917  the command's options
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            help="msn (the paper's .pth.tar), hf (a folder for transformers), timm, or onnx; of a "
            "classifier onnx (with its encoder), npz (the head's arrays) or csv (predictions); "
            "of a pool csv, coco, labelstudio, imagefolder, hf or parquet.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write; with hf, a folder.")],
    encoder: Annotated[
        str, typer.Option(help="Spec or id of the encoder, or the folder of a pretraining run.")
    ] = "auto",
    classifier: Annotated[
        str, typer.Option(help="Version of a running service's classifier, or `active`.")
    ] = "",
    pool: Annotated[
        str, typer.Option(help="Write a running service's images: all, or the labelled ones.")
    ] = "",
    images: Annotated[bool, typer.Option("--images", help="With a pool's image files.")] = False,
    project: Project = "default",
    server: Server = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an encoder in the layout of other tools, or a classifier of a running service."""
    if pool:
        _export_pool(pool, layout, out, project, server, images=images, overwrite=force)
        told = {"path": str(out)}
    elif classifier:
        _export_classifier(classifier, layout, out, project, server, overwrite=force)
        told = {"path": str(out)}
    else:
        told = _export_encoder(encoder, layout, out, overwrite=force)
    if as_json:
        print(json.dumps(told, indent=1))


def _export_pool(
    which: str, layout: str, out: Path, project: str, server: str, *, images: bool, overwrite: bool
) -> None:
    if out.exists() and not overwrite:
        fail(f"{out} exists: --force replaces it.")
    payload = {"format": layout, "images": images, "which": which}
    with connect(server, project) as client:
        job = follow(client, client.post("/jobs", {"kind": "export", "payload": payload}))
        if job["state"] != "succeeded":
            fail(str(job["error"] or "The export was cancelled."))
        client.download_to(f"/jobs/{job['id']}/file", out)
    console.print(f"{job['outcome']['images']} images are in {out}.", markup=False)


def _export_encoder(encoder: str, layout: str, out: Path, *, overwrite: bool) -> dict[str, Any]:
    from models.exporting import export_encoder
    from models.loaders import Hub

    settings = read_settings()
    registered = settings.encoders_dir / encoder
    spec = str(registered) if encoder and registered.is_dir() else encoder
    try:
        exported = export_encoder(
            spec, layout, out, overwrite=overwrite, hub=Hub(settings.hub_timeout_seconds)
        )
    except EncoderError as error:
        fail(str(error))
    manifest = exported.manifest
    console.print(f"{manifest.encoder_id} is in {exported.path}.", markup=False, highlight=False)
    for note in [*exported.notes, f"Licence: {manifest.licence}."]:
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)
    if manifest.notice:
        console.print(manifest.notice, style="yellow", markup=False, highlight=False)
    answer = manifest.model_dump(mode="json", include={"encoder_id", "feature", "licence"})
    return {"path": str(exported.path), **answer, "notes": exported.notes}


def _export_classifier(
    version: str, layout: str, out: Path, project: str, server: str, *, overwrite: bool
) -> None:
    if out.is_dir():
        fail(f"{out} is a folder: name the file to write.")
    if out.exists() and not overwrite:
        fail(f"{out} is there already: name another place, or replace it with --force.")
    with connect(server, project) as client:
        if version == "active":
            version = str(client.get(f"/projects/{project}")["active_version"] or fail(NONE_YET))
        client.download_to(f"/classifiers/{version}/export", out, format=layout)
    console.print(f"Version {version} is in {out}.", markup=False, highlight=False)
