"""How far confidence from few labels is to be believed: tables and plots of docs/confidence.md.

    python -m tests.benchmarks.confidence --encoder models/weights --images docs/images SET.zip ...
        --encoder timm:vit_tiny_patch16_224=FILE.safetensors

Each set is a folder or zip with one folder a class, split as by `handful evaluate`: n labelled
images a class, half of the others as the pool, the other half as tests. For the unknown two
classes have no labels; their images are among the tests and, or not, in the pool.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from models.fitting import fit_head
from models.low_shot.data import Plan, read_data
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.splits import Split, draw_split
from models.quality.calibration_error import expected_calibration_error
from service.commands.research import embed, open_encoder
from service.settings import Settings

SHOTS = (2, 3, 5, 10)
# Labels a class, and classes without labels, where the unknown is looked for.
UNKNOWN_SHOTS = 5
HELD_OUT_CLASSES = 2
POOLS = ("with them", "without them", "no pool")

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """What a head said of its tests, (m,) each, and of its sets; their figures are nan without."""

    confidence: Floats
    right: npt.NDArray[np.bool_]
    stated: float = np.nan
    covered: float = np.nan
    classes: float = np.nan

    @property
    def ece(self) -> float:
        return expected_calibration_error(self.confidence, self.right)


@dataclass(frozen=True)
class Strangers:
    """How well the unknown was told from the known, and the shares of both called unknown.

    alarms_in_pool: of the pool's own images of labelled classes; nan without a pool.
    """

    auroc: float
    false_alarms: float
    found: float
    alarms_in_pool: float


def answer(images: EmbeddedImages, split: Split, pooled: bool) -> Answers:
    """Fit on one draw as the service does, and ask about its tests."""
    pool = images.features[split.pool] if pooled else None
    head = fit_head(images.features[split.labelled], images.labels[split.labelled], pool=pool)
    tests = split.tests[""]
    probabilities = head.predict_proba(images.features[tests])
    truth = np.searchsorted(head.classes_, images.labels[tests])
    right = probabilities.argmax(axis=1) == truth
    answers = Answers(probabilities.max(axis=1), right)
    chosen = head.prediction_sets(probabilities)
    if chosen is None or head.coverage is None:
        return answers
    covered = float(chosen[np.arange(len(tests)), truth].mean())
    size = float(chosen.sum(axis=1).mean())
    return replace(answers, stated=head.coverage, covered=covered, classes=size)


def find_strangers(images: EmbeddedImages, seed: int, pool: str) -> Strangers:
    """Without the labels of two classes, which depend on the seed alone."""
    split = draw_split(images.labels, UNKNOWN_SHOTS, seed)
    classes = np.unique(images.labels)
    hidden = np.random.default_rng(seed).choice(classes, HELD_OUT_CLASSES, replace=False)
    strange = np.isin(images.labels, hidden)
    labelled = split.labelled[~strange[split.labelled]]
    kept = split.pool[~strange[split.pool]] if pool == "without them" else split.pool
    head = fit_head(
        images.features[labelled],
        images.labels[labelled],
        pool=None if pool == "no pool" else images.features[kept],
    )
    tests = split.tests[""]
    called, unknown = head.is_unknown(images.features[tests]), strange[tests]
    auroc = roc_auc_score(unknown, head.unknown_score(images.features[tests]))
    known = kept[~strange[kept]]
    in_pool = np.nan if pool == "no pool" else head.is_unknown(images.features[known]).mean()
    shares = called[~unknown].mean(), called[unknown].mean(), in_pool
    return Strangers(float(auroc), *map(float, shares))


@dataclass(frozen=True)
class Study:
    """All draws of one set: answers by labels a class and pool or none; strangers by pool."""

    answers: Mapping[tuple[int, bool], Sequence[Answers]]
    strangers: Mapping[str, Sequence[Strangers]]

    def ece(self, key: tuple[int, bool]) -> float:
        """Of all draws together: the tests of one are so few that their noise would count."""
        draws = self.answers[key]
        return expected_calibration_error(
            np.concatenate([draw.confidence for draw in draws]),
            np.concatenate([draw.right for draw in draws]),
        )


def study(images: EmbeddedImages, splits: Mapping[int, Sequence[Split]], seeds: int) -> Study:
    """Every draw of one set, with the service's heads."""
    answers = {
        (shots, pooled): [answer(images, split, pooled) for split in draws]
        for shots, draws in splits.items()
        for pooled in (False, True)
    }
    strangers = {
        pool: [find_strangers(images, seed, pool) for seed in range(seeds)] for pool in POOLS
    }
    return Study(answers, strangers)


def study_encoder(spec: str, sets: Sequence[Path], seeds: int) -> dict[str, Study]:
    """By the name of the set."""
    encoder, studies = open_encoder(spec, Settings()), {}
    for data in sets:
        read = read_data(Plan(data, SHOTS, seeds), lambda files: embed(encoder, files))
        studies[data.stem] = study(read.images, read.splits, seeds)
        print(f"{encoder.encoder_id}: {data.stem}", file=sys.stderr)
    return studies


def calibration_table(studies: Mapping[str, Study]) -> str:
    """Expected calibration error of all draws together; a line a number of labels and pool."""
    rows = []
    for key in next(iter(studies.values())).answers:
        errors = [each.ece(key) for each in studies.values()]
        alone = np.mean([draw.ece for each in studies.values() for draw in each.answers[key]])
        rows.append([str(key[0]), _pool_word(key[1]), *_three(errors), f"{alone:.3f}"])
    return _markdown(["labels a class", "pool", *studies, "mean", "a single draw"], rows)


def coverage_table(studies: Mapping[str, Study]) -> str:
    """Share of tests whose set holds the true class, less what was stated, in points."""
    rows = []
    for key in next(iter(studies.values())).answers:
        draws = [each.answers[key] for each in studies.values()]
        gaps = [100 * _mean([draw.covered - draw.stated for draw in some]) for some in draws]
        if np.isnan(gaps).all():
            continue
        spread = np.nanstd([100 * (draw.covered - draw.stated) for some in draws for draw in some])
        stated = 100 * _mean([draw.stated for some in draws for draw in some])
        size = _mean([draw.classes for some in draws for draw in some])
        figures = ["none" if np.isnan(gap) else f"{gap:+.1f}" for gap in (*gaps, _mean(gaps))]
        others = [f"{spread:.1f}", f"{stated:.0f} %", f"{size:.1f}"]
        rows.append([str(key[0]), _pool_word(key[1]), *figures, *others])
    titles = [
        "labels a class",
        "pool",
        *studies,
        "mean",
        "between draws",
        "stated",
        "classes a set",
    ]
    return _markdown(titles, rows)


def unknown_table(studies: Mapping[str, Study]) -> str:
    """AUROC of the unknown score, two classes of each set without labels."""
    rows = []
    for pool in POOLS:
        draws = [each.strangers[pool] for each in studies.values()]
        aurocs = [_mean([draw.auroc for draw in some]) for some in draws]
        shares = [
            _mean([getattr(draw, name) for some in draws for draw in some])
            for name in ("found", "false_alarms", "alarms_in_pool")
        ]
        called = ["none" if np.isnan(share) else f"{100 * share:.0f} %" for share in shares]
        rows.append([pool, *_three(aurocs), *called])
    titles = ["pool", *studies, "mean", "called unknown", "of the known", "of the pool's known"]
    return _markdown(titles, rows)


def _three(figures: Sequence[float]) -> Iterator[str]:
    """With three digits, their mean last."""
    return (f"{figure:.3f}" for figure in (*figures, np.mean(figures)))


def _mean(figures: Sequence[float]) -> float:
    known = np.asarray(figures)[~np.isnan(figures)]
    return float(known.mean()) if len(known) else np.nan


def _pool_word(pooled: bool) -> str:
    return "yes" if pooled else "no"


def _markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _figures(studies: Mapping[str, Study]) -> dict[str, Any]:
    """What the tables are made of, for machines."""
    return {
        name: {
            "ece": {
                f"{shots} {_pool_word(pooled)}": each.ece((shots, pooled))
                for shots, pooled in each.answers
            },
            "auroc": {
                pool: [draw.auroc for draw in draws] for pool, draws in each.strangers.items()
            },
        }
        for name, each in studies.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--encoder", action="append", required=True, metavar="SPEC")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--images", type=Path, help="folder for the plots")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    by_encoder = {
        spec: study_encoder(spec, arguments.sets, arguments.seeds) for spec in arguments.encoder
    }
    for spec, studies in by_encoder.items():
        for table in (calibration_table, coverage_table, unknown_table):
            print(f"\n{spec}: {table.__name__.replace('_', ' ')}\n\n{table(studies)}")
    if arguments.images:
        from tests.benchmarks.confidence_plots import plot_all

        plot_all(by_encoder, arguments.images)
    if arguments.json:
        report = {spec: _figures(studies) for spec, studies in by_encoder.items()}
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
