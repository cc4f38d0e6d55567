"""The command line of benchmarks that measure labelled sets, each with several encoders."""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.labelled_folder import read_labelled
from service.commands.research import embed, open_encoder
from service.settings import Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Outcome = TypeVar("Outcome", bound="DataclassInstance")


def measure_sets(
    description: str | None,
    measure: Callable[[str, EmbeddedImages, int], Iterable[Outcome]],
    markdown: Callable[[Sequence[Outcome]], str],
) -> None:
    """Print a table for each `--encoder`, and write all outcomes to `--json`.

    measure: outcomes of a set by its name, its images and the number of draws.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--encoder", action="append", required=True, metavar="SPEC")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report = {}
    for spec in arguments.encoder:
        encoder = open_encoder(spec, Settings())
        outcomes = [
            outcome
            for data in arguments.sets
            for outcome in measure(data.stem, embed(encoder, read_labelled(data)), arguments.seeds)
        ]
        print(f"\n{spec}\n\n{markdown(outcomes)}", flush=True)
        report[spec] = [asdict(each) for each in outcomes]
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))
