"""Commands that need data and a machine, but no running service."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from PIL.Image import Image
from rich.progress import track

from models.errors import EncoderError
from models.features import Features
from models.image_sources import SourceError
from models.images import ImageRejected, decode
from models.labelled_folder import read_labelled
from models.low_shot import low_shot_table
from service.commands.common import console, fail, print_rows, read_settings

if TYPE_CHECKING:
    from models.encoder import TorchEncoder

BATCH = 32
Data = Annotated[Path, typer.Option(help="Folder with one subfolder a class, or a zip of one.")]


def evaluate(
    data: Data,
    encoder: Annotated[str, typer.Option(help="Spec of the encoder.")] = "auto",
    shots: Annotated[str, typer.Option(help="Labels a class, separated by commas.")] = "1,2,5,10",
    seeds: Annotated[int, typer.Option(help="Random draws of the labels.", min=1)] = 10,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the results with every draw to this file.")
    ] = None,
) -> None:
    """Measure an encoder with few labels: n images a class to learn from, all others to test."""
    from models.encoder import TorchEncoder, register_encoder

    settings = read_settings()
    try:
        numbers = [int(shot) for shot in shots.split(",")]
        folder = register_encoder(
            encoder, settings.encoders_dir, hub_timeout_seconds=settings.hub_timeout_seconds
        )
        opened = TorchEncoder(folder)
        features, labels = _embed_all(opened, data)
        table = low_shot_table(features, labels, numbers, seeds)
    except (EncoderError, ValueError) as error:
        fail(str(error))
    rows: list[dict[str, Any]] = [
        {"head": r.head, "shots": r.shots, "mean": r.mean, "std": r.std, "draws": list(r.draws)}
        for r in table
    ]
    print_rows(
        rows, ("head", "shots", "mean", "std"), as_json=False, title=f"{data} by {folder.name}"
    )
    if json_file:
        report = {"data": str(data), "encoder": folder.name, "results": rows}
        json_file.write_text(json.dumps(report, indent=1))


def _embed_all(encoder: "TorchEncoder", data: Path) -> tuple[Features, list[str]]:
    """Features and labels of all usable images, of which only a batch is held decoded."""
    features: list[Features] = []
    labels: list[str] = []
    images = _usable_images(data)
    while batch := list(islice(images, BATCH)):
        features.append(encoder.embed([image for image, _ in batch]))
        labels += [label for _, label in batch]
    if not features:
        raise SourceError(f"{data} holds no usable image")
    return np.concatenate(features), labels


def _usable_images(data: Path) -> Iterator[tuple[Image, str]]:
    """Images and their labels; what is no image is named and left out."""
    for file in track(read_labelled(data), description="Embedding", console=console):
        try:
            yield decode(file.data).image, file.label
        except ImageRejected as rejection:
            console.print(f"Left out: {file.name}: {rejection.message}", style="yellow")
