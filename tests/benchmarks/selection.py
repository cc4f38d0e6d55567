"""Labels that suggestions save, and how long they take: the tables of docs/suggestions.md.

    python -m tests.benchmarks.selection --encoder models/weights --json selection.json SET.zip ...
        --encoder timm:vit_tiny_patch16_224=FILE.safetensors [--seeds 10] [--batch 30]
    python -m tests.benchmarks.selection --sizes 10000,100000,1000000

Each set is a folder or zip with one folder a class. In each draw a random quarter of the images are
tests, the others a pool from which a user labels what a strategy suggests, a batch at a time; the
classifier is the service's. The figure is the number of labels a class with which a strategy
reaches what random labelling reaches with 2, 5 and 10, as a share of these; between the budgets
that were measured, the accuracy is taken to rise evenly. Intervals hold 90 % of 2,000 resamplings
of the draws. Timing needs no sets: random features, of which a classifier of 20 classes answers.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.low_shot.labelled_folder import read_labelled
from service.commands.research import embed, open_encoder
from service.settings import Settings
from tests.benchmarks.selection_time import measure_sizes
from tests.benchmarks.simulated_labelling import BATCH, BUDGETS, STRATEGIES, Labelling, label

Curves = npt.NDArray[np.float64]

BASELINE = "random"
POINTS = (2.0, 5.0, 10.0)
SHOWN = (1.0, 2.0, 3.0, 5.0, 10.0)
RESAMPLINGS = 2000
INTERVAL = (0.05, 0.95)
BOTH = "all encoders together"


def needed(curve: Curves, accuracy: float) -> float:
    """Labels a class with which a mean curve (budgets,) reaches an accuracy; infinite for never."""
    budgets, best = np.array([0.0, *BUDGETS]), np.maximum.accumulate([0.0, *curve])
    place = int(np.argmax(best >= accuracy))
    if best[place] < accuracy:
        return float("inf")
    if place == 0:
        return 0.0
    rise = (accuracy - best[place - 1]) / (best[place] - best[place - 1])
    return float(budgets[place - 1] + rise * (budgets[place] - budgets[place - 1]))


def shares(curves: Curves, random: Curves) -> npt.NDArray[np.float64]:
    """(points,) labels needed as a share of random's, from mean curves (budgets,)."""
    reached = [random[BUDGETS.index(point)] for point in POINTS]
    return np.array([needed(curves, goal) / at for goal, at in zip(reached, POINTS, strict=True)])


def interval(curves: Curves, random: Curves) -> npt.NDArray[np.float64]:
    """(2, points) ends of the intervals of shares; curves are (draws, budgets)."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLINGS):
        drawn = generator.integers(len(curves), size=len(curves))
        found.append(shares(curves[drawn].mean(axis=0), random[drawn].mean(axis=0)))
    return np.quantile(np.array(found), INTERVAL, axis=0, method="nearest")


def curves_of(labellings: Sequence[Labelling], strategy: str) -> Curves:
    """(draws, budgets), each the mean over sets and encoders of one draw."""
    draws = sorted({each.draw for each in labellings})
    return np.array(
        [
            np.mean(
                [each.accuracies for each in labellings if (each.strategy, each.draw) == key],
                axis=0,
            )
            for key in ((strategy, draw) for draw in draws)
        ]
    )


def markdown(labellings: Sequence[Labelling]) -> str:
    """Accuracy in percent, then labels as shares of random's; a line a strategy."""
    heads = [f"top-1 at {at:g}" for at in SHOWN] + [f"labels for random's {at:g}" for at in POINTS]
    lines = [f"| strategy | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    random = curves_of(labellings, BASELINE)
    for strategy in dict.fromkeys(each.strategy for each in labellings):
        curves = curves_of(labellings, strategy)
        tops = [f"{100 * curves[:, BUDGETS.index(at)].mean():.1f}" for at in SHOWN]
        ends = interval(curves, random).T
        parts = shares(curves.mean(axis=0), random.mean(axis=0))
        cells = [_share(*each) for each in zip(parts, *ends.T, strict=True)]
        lines.append(f"| {strategy} | {' | '.join([*tops, *cells])} |")
    return "\n".join(lines)


def by_set(labellings: Sequence[Labelling]) -> str:
    """Labels of `auto` as shares of random's; a line a set."""
    lines = [
        f"| set | {' | '.join(f'{point:g} a class' for point in POINTS)} |",
        "|---" * (len(POINTS) + 1) + "|",
    ]
    if not any(each.strategy == "auto" for each in labellings):
        return ""
    for data in dict.fromkeys(each.data for each in labellings):
        own = [each for each in labellings if each.data == data]
        mean, random = (curves_of(own, name).mean(axis=0) for name in ("auto", BASELINE))
        lines.append(f"| {data} | {' | '.join(map(_percent, shares(mean, random)))} |")
    return "\n".join(lines)


def _share(share: float, low: float, high: float) -> str:
    return f"{_percent(share)} ({_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if np.isfinite(share) else "more"


def labels_saved(arguments: argparse.Namespace) -> dict[str, object]:
    """Print the tables; all draws by encoder."""
    names = dict.fromkeys([BASELINE, *arguments.strategies.split(",")])
    chosen = {name: STRATEGIES[name] for name in names}
    report: dict[str, list[Labelling]] = {}
    for spec in arguments.encoder:
        encoder, report[spec] = open_encoder(spec, Settings()), []
        for data in arguments.sets:
            images = embed(encoder, read_labelled(data))
            report[spec] += label(data.stem, images, chosen, arguments.seeds, arguments.batch)
        print(f"\n{spec}\n\n{markdown(report[spec])}\n\n{by_set(report[spec])}", flush=True)
    print(f"\n{BOTH}\n\n{markdown([each for found in report.values() for each in found])}")
    return {spec: [asdict(each) for each in found] for spec, found in report.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--encoder", action="append", default=[], metavar="SPEC")
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--sizes", default="", help="of pools that suggestions are timed on")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, object] = {}
    if arguments.sets:
        report |= labels_saved(arguments)
    if arguments.sizes:
        report["seconds"] = measure_sizes([int(size) for size in arguments.sizes.split(",")])
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
