"""Every head on several sets, with few labels a class: the tables of docs/classifiers.md.

    python -m tests.benchmarks.heads --encoder models/weights --json heads.json SET.zip ...
        --encoder timm:vit_tiny_patch16_224=FILE.safetensors

Each set is a folder or zip with one folder a class, split and measured as by `handful evaluate`: n
labelled images a class, half of the others as the pool, the other half as tests. Features are kept
in HANDFUL_DATA_DIR, so that only the first run needs the encoders.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import numpy as np

from models.heads.by_name import HEADS
from models.low_shot.data import Plan, read_data
from models.low_shot.measured_heads import fits_of
from models.low_shot.protocol import LowShotResult, measure
from service.commands.research import embed, open_encoder
from service.settings import Settings

SHOTS = (1, 2, 5, 10)
# What all others are compared with: the protocol of the MSN paper.
BASELINE = "official"

# By set, then by head and labels a class.
Table: TypeAlias = Mapping[str, Mapping[tuple[str, int], LowShotResult]]


def measure_encoder(spec: str, sets: Sequence[Path], heads: Iterable[str], seeds: int) -> Table:
    """Each head on each set, on the same draws."""
    encoder, fits = open_encoder(spec, Settings()), fits_of(heads)
    table = {}
    for data in sets:
        study = read_data(Plan(data, SHOTS, seeds), lambda files: embed(encoder, files))
        features, labels = study.images.features, study.images.labels
        table[data.stem] = {
            (result.head, shots): result
            for shots, splits in study.splits.items()
            for result in measure(features, labels, shots, splits, fits)
        }
        print(f"{encoder.encoder_id}: {data.stem}", file=sys.stderr)
    return table


def markdown(table: Table) -> str:
    """Top-1 in percent, and its difference in points to the baseline; a line a head and shots."""
    columns = ["labels a class", "head", *table, "mean", "gain", "worst set", "ECE", "fit, ms"]
    return "\n".join(
        ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|", *_rows(table)]
    )


def _rows(table: Table) -> Iterator[str]:
    for head, shots in sorted(next(iter(table.values())), key=lambda key: key[1]):
        results = [by_head[head, shots] for by_head in table.values()]
        tops = np.array([100 * result.mean for result in results])
        gains = tops - [100 * by_head[BASELINE, shots].mean for by_head in table.values()]
        ece = np.mean([result.ece for result in results])
        fit_ms = np.median([1000 * result.fit_seconds for result in results])
        cells = [f"{top:.1f}" for top in (*tops, tops.mean())]
        compared = [f"{gains.mean():+.1f}", f"{gains.min():+.1f}", f"{ece:.3f}", f"{fit_ms:.0f}"]
        yield "| " + " | ".join([str(shots), f"`{head}`", *cells, *compared]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--encoder", action="append", required=True, metavar="SPEC")
    parser.add_argument("--heads", default=",".join(HEADS), help=f"of {', '.join(HEADS)}")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    heads = dict.fromkeys([BASELINE, *arguments.heads.split(",")])
    report = {}
    for spec in arguments.encoder:
        table = measure_encoder(spec, arguments.sets, heads, arguments.seeds)
        print(f"\n{spec}\n\n{markdown(table)}")
        report[spec] = {
            data: [asdict(result) | {"mean": result.mean} for result in by_head.values()]
            for data, by_head in table.items()
        }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
