"""Plots of stated confidence against what came true."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from models.quality.calibration_error import BINS

if TYPE_CHECKING:
    from tests.benchmarks.confidence import Answers, Study

mpl.use("Agg")
# Labels a class of which the calibration is drawn.
DRAWN_SHOTS = 5
# A bin of fewer answers would show their noise.
FEWEST_IN_BIN = 50


def plot_all(by_encoder: "Mapping[str, Mapping[str, Study]]", folder: Path) -> None:
    """`calibration.png` and `coverage.png`, a panel an encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in (("calibration", _calibration), ("coverage", _coverage)):
        figure, panels = plt.subplots(
            1, len(by_encoder), figsize=(5 * len(by_encoder), 4.6), squeeze=False
        )
        for panel, (spec, studies) in zip(panels[0], by_encoder.items(), strict=True):
            draw(panel, studies)
            panel.set_title(Path(spec.split("=")[0]).name.removeprefix("timm:"))
            panel.legend(loc="best", frameon=False)
        figure.tight_layout()
        figure.savefig(folder / f"{name}.png", dpi=110)
        plt.close(figure)


def _calibration(panel: Axes, studies: "Mapping[str, Study]") -> None:
    """Accuracy of answers by how sure the head was of them, all sets and draws together."""
    panel.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for pooled, marker in ((False, "o"), (True, "s")):
        draws = [draw for each in studies.values() for draw in each.answers[DRAWN_SHOTS, pooled]]
        confidence, accuracy = _reliability(draws)
        label = f"{DRAWN_SHOTS} labels a class" + (" and a pool" if pooled else "")
        panel.plot(confidence, accuracy, marker=marker, markersize=4, label=label)
    panel.set(xlabel="stated probability", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1))


def _reliability(draws: "Iterable[Answers]") -> tuple[list[float], list[float]]:
    """Mean confidence and accuracy of each bin that has answers enough."""
    some = list(draws)
    confidence = np.concatenate([draw.confidence for draw in some])
    right = np.concatenate([draw.right for draw in some])
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    full = np.flatnonzero(np.bincount(bin_of, minlength=BINS) >= FEWEST_IN_BIN)
    return (
        [float(confidence[bin_of == each].mean()) for each in full],
        [float(right[bin_of == each].mean()) for each in full],
    )


def _coverage(panel: Axes, studies: "Mapping[str, Study]") -> None:
    """For each set and number of labels: what was stated, and what the sets held."""
    panel.plot([0.8, 1], [0.8, 1], color="0.7", linewidth=1)
    panel.fill_between([0.8, 1], [0.78, 0.98], [0.82, 1.02], color="0.93")
    for shots, marker in ((3, "^"), (5, "o"), (10, "s")):
        draws = [
            [draw for draw in each.answers[shots, pooled] if not np.isnan(draw.stated)]
            for each in studies.values()
            for pooled in (False, True)
        ]
        stated = [float(np.mean([draw.stated for draw in some])) for some in draws if some]
        covered = [float(np.mean([draw.covered for draw in some])) for some in draws if some]
        panel.plot(
            stated, covered, marker, markersize=5, alpha=0.7, label=f"{shots} labels a class"
        )
    panel.set(xlabel="stated coverage", ylabel="share of sets with the true class")
    panel.set(xlim=(0.86, 1), ylim=(0.8, 1))
