"""The training loop: it learns, resumes to the same weights, and ends cleanly whatever happens."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import PretrainingError
from models.pretrain import NEW_OR_RESUMED, Intervals, pretrain
from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import CHECKPOINT_FILE, LOG_FILE, Record, Run
from models.pretraining.run_start import Start
from tests.models.parallel_run import train
from tests.models.tiny_pretraining import TINY, TINY_FOR_GPU, coloured_images

EVERY_STEP = Intervals(log_steps=1, checkpoint_seconds=0, probe_share=1)


class Interruption(Exception):
    """Stands for a kill: it comes from outside, between two steps."""


def records_in(folder: Path) -> list[Record]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]


def losses(folder: Path) -> list[float]:
    return [record["total"] for record in records_in(folder) if "total" in record]


def pretrain_interrupted(recipe: Recipe, folder: Path, start: Start = NEW_OR_RESUMED) -> Run:
    """A run that loses its ninth step, and goes on from the checkpoint before."""
    images, _ = coloured_images()

    def interrupt(record: Record) -> None:
        if record["step"] == 9:
            raise Interruption

    seldom = replace(EVERY_STEP, checkpoint_seconds=3600, checkpoint_steps=4)
    with pytest.raises(Interruption):
        pretrain(recipe, images, folder, start=start, intervals=seldom, on_record=interrupt)
    return pretrain(recipe, images, folder, start=start, intervals=EVERY_STEP)


def test_the_loss_falls_and_every_record_says_how_it_goes(tmp_path: Path) -> None:
    images, labels = coloured_images()
    records: list[Record] = []
    run = pretrain(
        TINY, images, tmp_path, labels=labels, intervals=EVERY_STEP, on_record=records.append
    )
    assert run.finished
    assert np.mean(losses(tmp_path)[-4:]) < np.mean(losses(tmp_path)[:4])
    assert records == records_in(tmp_path)
    assert [record.get("event") for record in records] == ["started"] + [None] * 24 + ["finished"]
    assert {"knn", "low_shot"} <= records[0].keys()
    last = records[-2]
    assert last["step"] == last["steps"] == 24
    assert last["epoch"] == 6
    assert last["distinct_prototypes"] > 1
    assert last["images_per_second"] > 0
    assert last["seconds_left"] == 0 < records[1]["seconds_left"]
    assert last["memory_mb"] > 50
    assert 0 <= last["waiting"] < 1
    assert 0 <= last["knn"] <= 1


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    images, _ = coloured_images()
    recipe = replace(TINY, queue=24, mask_per_sample=True)
    whole = pretrain(recipe, images, tmp_path / "whole", intervals=EVERY_STEP)
    resumed = pretrain_interrupted(recipe, tmp_path / "parts")
    for name, tensor in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], tensor, atol=1e-6, rtol=1e-5)
    np.testing.assert_allclose(losses(tmp_path / "parts"), losses(tmp_path / "whole"), atol=1e-5)
    assert [r["event"] for r in records_in(tmp_path / "parts") if "event" in r] == [
        "started",
        "resumed",
        "finished",
    ]


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_a_run_on_a_gpu_resumes_to_the_losses_it_would_have_had(tmp_path: Path) -> None:
    on_gpu = Start("cuda")
    whole = pretrain(
        TINY_FOR_GPU,
        coloured_images()[0],
        tmp_path / "whole",
        start=on_gpu,
        intervals=EVERY_STEP,
    )
    assert whole.device.type == "cuda"
    pretrain_interrupted(TINY_FOR_GPU, tmp_path / "parts", on_gpu)
    found, expected = losses(tmp_path / "parts"), losses(tmp_path / "whole")
    assert len(found) == len(expected) == 12
    assert np.isfinite(expected).all()
    # Some of a GPU's sums have no fixed order.
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_run_killed_at_once_goes_on_with_the_losses_it_would_have_had(tmp_path: Path) -> None:
    train(tmp_path / "whole")
    words = [sys.executable, "-m", "tests.models.parallel_run", str(tmp_path / "killed"), "12"]
    killed = subprocess.run(words, capture_output=True, timeout=300, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(losses(tmp_path / "killed")) == 12
    train(tmp_path / "killed")
    found, expected = losses(tmp_path / "killed"), losses(tmp_path / "whole")
    assert len(found) == len(expected) == 20
    np.testing.assert_allclose(found, expected, atol=1e-5)
    resumed = next(r for r in records_in(tmp_path / "killed") if r.get("event") == "resumed")
    assert resumed["step"] == 7


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    images, _ = coloured_images()
    pretrain(TINY, images, tmp_path, intervals=EVERY_STEP)
    assert pretrain(TINY, images, tmp_path, intervals=EVERY_STEP).finished
    assert len(losses(tmp_path)) == 24


def test_a_run_that_is_asked_to_stop_saves_itself_and_can_go_on(tmp_path: Path) -> None:
    images, _ = coloured_images()
    records: list[Record] = []
    rarely = Intervals(log_steps=100)
    stopped = pretrain(
        TINY,
        images,
        tmp_path,
        intervals=rarely,
        on_record=records.append,
        should_stop=lambda: True,
    )
    assert stopped.step == 1
    assert not stopped.finished
    assert records[-1]["event"] == "stopped"
    assert "--resume" in records[-1]["message"]
    assert pretrain(TINY, images, tmp_path, intervals=rarely).finished
    assert len(losses(tmp_path)) == 1


def test_a_loss_that_is_no_number_stops_the_run_before_it_is_saved(tmp_path: Path) -> None:
    images, _ = coloured_images()
    spoilt = replace(TINY, learning_rate=(10, 10, 10), weight_decay=(1, 1))
    with pytest.raises(PretrainingError, match=r"at step \d+ the loss became .*last checkpoint"):
        pretrain(spoilt, images, tmp_path, intervals=replace(EVERY_STEP, checkpoint_steps=1))
    checkpoint = torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)
    assert checkpoint["step"] == len(losses(tmp_path)) >= 1


def test_a_collapse_raises_an_alarm_and_the_run_goes_on(tmp_path: Path) -> None:
    images = np.full((64, 3, 16, 16), 128, dtype=np.uint8)  # there is nothing to tell apart
    still = replace(TINY, target=replace(TINY.target, jitter=0))
    run = pretrain(still, images, tmp_path, intervals=EVERY_STEP)
    assert run.finished
    alarms = [record["alarm"] for record in records_in(tmp_path) if "alarm" in record]
    assert any("collapse" in alarm for alarm in alarms)


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    images, _ = coloured_images()
    short = replace(TINY, epochs=1)
    for seed in (0, 1):
        pretrain(short, images, tmp_path / str(seed), start=Start(seed=seed), intervals=EVERY_STEP)
    assert losses(tmp_path / "0") != losses(tmp_path / "1")
