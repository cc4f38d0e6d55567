"""The command that writes an encoder for other tools."""

import json
from pathlib import Path
from typing import Annotated

import typer

from models.errors import EncoderError
from service.commands.common import AsJson, console, fail, read_settings


def export(
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            help="msn (the paper's .pth.tar), hf (a folder for transformers), timm, or onnx.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write; with hf, a folder.")],
    encoder: Annotated[
        str, typer.Option(help="Spec or id of the encoder, or the folder of a pretraining run.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an encoder in the layout of other tools; Handful reads msn, hf and timm again."""
    from models.exporting import export_encoder
    from models.loaders import Hub

    settings = read_settings()
    registered = settings.encoders_dir / encoder
    spec = str(registered) if encoder and registered.is_dir() else encoder
    try:
        exported = export_encoder(
            spec, layout, out, overwrite=force, hub=Hub(settings.hub_timeout_seconds)
        )
    except EncoderError as error:
        fail(str(error))
    manifest = exported.manifest
    console.print(f"{manifest.encoder_id} is in {exported.path}.", highlight=False)
    for note in [*exported.notes, f"Licence: {manifest.licence}."]:
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)
    if manifest.notice:
        console.print(manifest.notice, style="yellow", markup=False, highlight=False)
    if as_json:
        answer = manifest.model_dump(mode="json", include={"encoder_id", "feature", "licence"})
        print(json.dumps({"path": str(exported.path), **answer, "notes": exported.notes}, indent=1))
