"""A run that goes on after an upgrade follows the recipe that it was begun with."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from models.pretraining.run_folder import CHECKPOINT_FILE, begun_in
from service.cli import app
from tests.models.tiny_pretraining import coloured_images

TINY = ("--preset", "cpu-32", "--set", "batch=16", "--set", "queue=16", "--epochs", "1")
Resume = Callable[..., Result]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps to its end, beside its pictures."""
    folder = tmp_path_factory.mktemp("finished")
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, image in enumerate(coloured_images(32, 32)[0]):
        Image.fromarray(image.transpose(1, 2, 0)).save(pictures / f"{number}.png")
    done = pretrain(pictures, folder / "run", *TINY, "--seed", "5")
    assert done.exit_code == 0, done.output
    return folder / "run"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def resume(finished: Path, run: Path) -> Resume:
    """Go on with the run, with these options."""
    return lambda *words: pretrain(finished.parent / "pictures", run, "--resume", *words)


def pretrain(pictures: Path, out: Path, *words: str) -> Result:
    given = ["pretrain", "--data", str(pictures), "--out", str(out), "--device", "cpu", *words]
    return CliRunner().invoke(app, given)


def rewrite_recipe(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """As if the run had been begun by a release whose preset was another."""
    checkpoint = torch.load(run / CHECKPOINT_FILE, weights_only=True)
    change(checkpoint["recipe"])
    torch.save(checkpoint, run / CHECKPOINT_FILE)


def test_a_preset_that_has_changed_since_does_not_stop_a_run(run: Path, resume: Resume) -> None:
    rewrite_recipe(run, lambda recipe: recipe.update(mask_ratio=0.31))
    for words in ((), TINY):
        done = resume(*words)
        assert done.exit_code == 0, done.output
        begun = begun_in(run)
        assert begun is not None
        assert (begun.recipe.mask_ratio, begun.seed) == (0.31, 5)


def test_what_a_recipe_lacks_is_as_it_was_before(run: Path, resume: Resume) -> None:
    def forget(recipe: dict[str, Any]) -> None:
        del recipe["start_share"], recipe["clip"], recipe["anchor"]["flip"]

    rewrite_recipe(run, forget)
    begun = begun_in(run)
    assert begun is not None
    assert begun.recipe.start_share == 0
    assert begun.recipe.anchor.flip == 0.5
    done = resume("--preset", "cpu-32")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--set", "mask_ratio=0.5"), "mask_ratio was 0.31 and is 0.5"),
        (("--preset", "cpu-64"), "mask_ratio was 0.31 and is"),
        (("--epochs", "2"), "epochs was 1.0 and is 2.0"),
        (("--seed", "0"), "seed was 5 and is 0"),
    ],
)
def test_what_is_asked_for_and_differs_is_refused(
    words: tuple[str, ...], why: str, run: Path, resume: Resume
) -> None:
    rewrite_recipe(run, lambda recipe: recipe.update(mask_ratio=0.31))
    refused = resume(*words)
    assert refused.exit_code == 1
    assert why in " ".join(refused.stderr.split())
