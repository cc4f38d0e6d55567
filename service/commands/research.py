"""Commands that need data and a machine, but no running service."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from models.errors import EncoderError
from models.heads.by_name import HEADS
from models.low_shot.data import LowShotData, Plan, read_data
from models.low_shot.embedded_images import CachedEncoder, EmbeddedImages
from models.low_shot.imagenet_subsets import read_subsets
from models.low_shot.labelled_folder import LabelledFile
from models.low_shot.measured_heads import POOL, fits_of
from models.low_shot.protocol import Fit, LowShotResult, measure
from models.manifest import MANIFEST_FILE
from service.commands.common import console, fail, print_rows, read_settings
from service.settings import Settings

SHOTS = "1,2,5,10"
ALL_HEADS = ",".join(HEADS)
COLUMNS = ("head", "shots", "mean", "std", "ece", "fit_seconds")

Data = Annotated[
    Path, typer.Option(help="Folder or zip with one folder a class, or train/ + val/.")
]
Shots = Annotated[str | None, typer.Option(help="Labels a class, with commas.", show_default=SHOTS)]
Seeds = Annotated[int, typer.Option(help="Random draws of the labels.", min=1)]
Heads = Annotated[str, typer.Option(help="What learns from the features, with commas.")]
SubsetFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--subset-file", help="List of the labelled images, or a folder of lists; repeatable."
    ),
]
TestData = Annotated[
    list[Path] | None, typer.Option(help="Other images of the classes to test on; repeatable.")
]
ReportFile = Annotated[
    Path | None, typer.Option("--json", help="Write the results with every draw to this file.")
]


def evaluate(
    data: Data,
    encoder: Annotated[str, typer.Option(help="Spec of the encoder.")] = "auto",
    shots: Shots = None,
    seeds: Seeds = 10,
    heads: Heads = ALL_HEADS,
    subset_file: SubsetFiles = None,
    test_data: TestData = None,
    json_file: ReportFile = None,
) -> None:
    """Measure heads on an encoder's features, with few labels a class to learn from.

    Of the other images a random half is the pool, for the head `pool`; the rest are the tests.
    """
    if json_file and not json_file.parent.is_dir():
        fail(f"{json_file.parent} is no folder: --json names a file in one that exists")
    try:
        fits = fits_of(word.strip() for word in heads.split(","))
        plan = _plan(data, shots, seeds, subset_file or [], test_data or [], POOL in fits)
        opened = open_encoder(encoder, read_settings())
        study = read_data(plan, lambda files: embed(opened, files))
        results = _measure(study, fits)
    except (EncoderError, ValueError) as error:
        fail(str(error))
    rows = [_row(result) for result in results]
    columns = COLUMNS if all("tests" not in row for row in rows) else ("tests", *COLUMNS)
    print_rows(rows, columns, as_json=False, title=f"{data} by {opened.encoder_id}")
    if json_file:
        report = {"data": str(data), "encoder": opened.encoder_id, "results": rows}
        json_file.write_text(json.dumps(report, indent=1))


def _plan(
    data: Path,
    shots: str | None,
    seeds: int,
    subset_files: list[Path],
    test_data: list[Path],
    unlabelled: bool,
) -> Plan:
    if subset_files and shots:
        raise ValueError("--subset-file says how many labels a class there are: drop --shots")
    numbers = _numbers(shots or SHOTS)
    return Plan(data, numbers, seeds, read_subsets(subset_files), test_data, unlabelled)


def _numbers(shots: str) -> list[int]:
    words = [word.strip() for word in shots.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise ValueError(f"--shots {shots!r} are not numbers above zero with commas, like {SHOTS}")
    return [int(word) for word in words]


def open_encoder(spec: str, settings: Settings) -> CachedEncoder:
    """An encoder's folder is taken as it is; what else a spec names is registered first."""
    folders = (settings.encoders_dir / spec, Path(spec))
    folder = next((each for each in folders if (each / MANIFEST_FILE).is_file()), None)
    if folder is None:
        # Takes seconds to import.
        from models.encoder import register_encoder

        folder = register_encoder(
            spec, settings.encoders_dir, hub_timeout_seconds=settings.hub_timeout_seconds
        )
    return CachedEncoder(folder, settings.features_dir)


def embed(encoder: CachedEncoder, files: Iterable[LabelledFile]) -> EmbeddedImages:
    """What is no image is named and left out."""

    def left_out(name: str, why: str) -> None:
        console.print(f"Left out: {name}: {why}", style="yellow", markup=False)

    return encoder.embed(track(files, description="Embedding", console=console), left_out)


def _measure(study: LowShotData, fits: Mapping[str, Fit]) -> list[LowShotResult]:
    features, labels = study.images.features, study.images.labels
    steps = [(shots, name) for shots in study.splits for name in fits]
    results: list[LowShotResult] = []
    for shots, name in track(steps, description="Measuring", console=console):
        head = {name: fits[name]}
        results += measure(features, labels, shots, study.splits[shots], head)
    return results


def _row(result: LowShotResult) -> dict[str, Any]:
    row = {
        "head": result.head,
        "shots": result.shots,
        "mean": result.mean,
        "std": result.std,
        "draws": list(result.draws),
        "ece": result.ece,
        "fit_seconds": result.fit_seconds,
    }
    return row | {"tests": result.tests} if result.tests else row
