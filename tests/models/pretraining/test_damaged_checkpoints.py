"""Whatever a checkpoint holds, it is a run or it is refused in words."""

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import EncoderError, PretrainingError
from models.loaders.run import load_run
from models.pretraining.run_folder import CHECKPOINT_FILE, Run, begun_in, resume_run, save_run
from models.pretraining.run_start import Start, start_run
from tests.models.tiny_pretraining import TINY, coloured_images

DROP = object()
VALUES: tuple[Any, ...] = (
    DROP,
    None,
    -1,
    0,
    1e400,
    float("nan"),
    "x",
    [],
    {},
    (1,),
    {"x": 1},
    torch.ones(3, 2),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whose optimizer remembers something."""
    folder = tmp_path_factory.mktemp("new")
    run = start_run(TINY, coloured_images()[0], folder, Start(device="cpu"))
    for parameter in run.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    run.optimizer.step()
    run.step = 1
    return run


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    save_run(folder, run)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    content = torch.load(folder / CHECKPOINT_FILE, weights_only=True)
    assert isinstance(content, dict)
    return content


def places(content: Any) -> list[tuple[Any, ...]]:
    """The keys that lead to each thing in it, at any depth."""
    if not isinstance(content, dict):
        return []
    return [(key, *more) for key, inner in content.items() for more in ((), *places(inner))]


def changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The content with one thing in it dropped or replaced."""
    key, *more = place
    content = copy.copy(content)
    if more:
        content[key] = changed(content[key], tuple(more), value)
    elif value is DROP:
        del content[key]
    else:
        content[key] = value
    return content


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(number=st.integers(0, 9999), value=st.integers(0, len(VALUES) - 1))
def test_a_damaged_checkpoint_is_read_or_refused_in_words(
    run: Run, whole: dict[str, Any], tmp_path: Path, number: int, value: int
) -> None:
    found = places(whole)
    damaged = changed(whole, found[number % len(found)], VALUES[value])
    torch.save(damaged, tmp_path / CHECKPOINT_FILE)
    with suppress(PretrainingError):
        begun_in(tmp_path)
    with suppress(PretrainingError):
        resume_run(tmp_path, run)
        run.optimizer.step()
    with suppress(EncoderError):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seed": "x"}, "its seed is of type str"),
        ({"recipe": {"name": "x"}}, "this is no recipe"),
        ({"network": {"x": torch.ones(1)}}, "Missing key"),
        ({"optimizer": {}}, "KeyError: 'state'"),
        ({"step": -1}, "its step is -1"),
    ],
)
def test_what_is_wrong_is_said(
    change: dict[str, Any], why: str, run: Run, whole: dict[str, Any], tmp_path: Path
) -> None:
    torch.save(whole | change, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(PretrainingError, match=rf"pretraining\.pt cannot be read .*{why}.* anew"):
        resume_run(tmp_path, run)


def test_averages_of_another_shape_are_refused(
    run: Run, whole: dict[str, Any], tmp_path: Path
) -> None:
    broken = copy.deepcopy(whole)
    broken["optimizer"]["state"][0]["exp_avg"] = torch.ones(1)
    torch.save(broken, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(PretrainingError, match="exp_avg does not fit the network"):
        resume_run(tmp_path, run)
