from pathlib import Path

import numpy as np
import pytest

from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.splits import draw_split
from tests.benchmarks.confidence import (
    Study,
    calibration_table,
    coverage_table,
    find_strangers,
    study,
    unknown_table,
)
from tests.benchmarks.confidence_plots import plot_all


@pytest.fixture(scope="module")
def images() -> EmbeddedImages:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(8), 25)
    features = rng.normal(size=(8, 32))[codes] + 0.7 * rng.normal(size=(200, 32))
    return EmbeddedImages(features.astype(np.float32), codes.astype(str), codes.astype(str))


@pytest.fixture(scope="module")
def studied(images: EmbeddedImages) -> Study:
    return study(images, {shots: [draw_split(images.labels, shots, 0)] for shots in (3, 5, 10)}, 1)


def test_tables_have_a_line_a_way_of_learning(studied: Study) -> None:
    studies = {"set": studied}

    assert calibration_table(studies).count("\n") == 7
    assert coverage_table(studies).count("\n") == 7
    assert "| no pool | " in unknown_table(studies)


def test_classes_without_labels_are_strangers_whatever_the_pool(images: EmbeddedImages) -> None:
    for pool in ("with them", "without them", "no pool"):
        assert find_strangers(images, seed=1, pool=pool).auroc > 0.9


def test_plots_are_pictures(studied: Study, tmp_path: Path) -> None:
    plot_all({"encoder": {"set": studied}}, tmp_path)

    for name in ("calibration", "coverage"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
