"""How a run begins: what both encoders start with, and what is refused with advice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import EncoderError, PretrainingError
from models.pretrain import pretrain
from models.pretraining import distributed
from models.pretraining.run_folder import CHECKPOINT_FILE
from models.pretraining.run_start import (
    Start,
    check_alike,
    count_steps,
    find_device,
    new_network,
    start_run,
)
from models.pretraining.view_spec import ViewSpec
from tests.models.tiny_pretraining import TINY, coloured_images
from tests.random_encoders import TINY as ENCODER

IMAGES = coloured_images()[0]
CPU = Start(device="cpu")


def test_both_encoders_begin_with_the_same_structure() -> None:
    torch.manual_seed(0)
    network = new_network(replace(TINY, structured_start=True), IMAGES, "cpu")
    anchor, target = network.encoder.state_dict(), network.target_encoder.state_dict()
    assert all(torch.equal(anchor[name], target[name]) for name in anchor)
    torch.manual_seed(0)
    plain = new_network(TINY, IMAGES, "cpu").encoder.state_dict()
    assert not torch.equal(anchor["vit.pos_embed"], plain["vit.pos_embed"])


def test_a_run_can_start_from_an_encoder(tmp_path: Path, checkpoint_folder: Path) -> None:
    recipe = replace(TINY, vit=ENCODER, anchor=ViewSpec(32, (0.5, 1)), focal=ViewSpec(16, (0.2, 1)))
    start = replace(CPU, start_from=str(checkpoint_folder))
    run = start_run(recipe, IMAGES, tmp_path, start)
    other = start_run(recipe, IMAGES, tmp_path, replace(start, seed=1))
    for encoder in (run.network.encoder, run.network.target_encoder):
        weights = encoder.vit.state_dict()
        expected = other.network.encoder.vit.state_dict()
        assert all(torch.equal(weights[name], expected[name]) for name in weights)
    assert not torch.equal(run.network.prototypes, other.network.prototypes)


def test_an_encoder_of_another_architecture_is_refused(
    tmp_path: Path, checkpoint_folder: Path
) -> None:
    with pytest.raises(EncoderError, match=r"is a ViT of .*width 32.*trains one of .*width 24"):
        start_run(TINY, IMAGES, tmp_path, replace(CPU, start_from=str(checkpoint_folder)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    pretrain(replace(TINY, epochs=1), IMAGES, folder, start=CPU)
    return folder


def test_a_folder_with_a_run_is_not_overwritten_by_mistake(finished: Path) -> None:
    with pytest.raises(PretrainingError, match=r"add --resume .* or choose another folder"):
        start_run(replace(TINY, epochs=1), IMAGES, finished, replace(CPU, resume=False))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(TINY, epochs=2), "epochs was 1 and is 2"),
        (replace(TINY, epochs=1, mask_ratio=0.5), "mask_ratio was 0.25 and is 0.5"),
        (replace(TINY, epochs=1, vit=replace(TINY.vit, width=48)), "vit.width was 24 and is 48"),
    ],
)
def test_a_resume_with_a_changed_recipe_names_the_change(
    finished: Path, changed: object, said: str
) -> None:
    with pytest.raises(PretrainingError, match=f"another run: {said}\\. Go on with"):
        start_run(changed, IMAGES, finished, CPU)  # type: ignore[arg-type]


def test_a_resume_with_another_seed_or_pool_names_the_change(finished: Path) -> None:
    with pytest.raises(PretrainingError, match="seed was 0 and is 1; number of images was 64"):
        start_run(replace(TINY, epochs=1), IMAGES[:48], finished, replace(CPU, seed=1))


def test_a_resume_on_other_images_of_the_same_number_is_refused(finished: Path) -> None:
    others = np.concatenate([IMAGES[:20], IMAGES[21:], IMAGES[20:21]])
    with pytest.raises(PretrainingError, match="checksum of some images was"):
        start_run(replace(TINY, epochs=1), others, finished, CPU)


def test_another_description_is_the_same_recipe(finished: Path) -> None:
    described = replace(TINY, epochs=1, description="the same, in other words")
    assert start_run(described, IMAGES, finished, CPU).finished


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"no checkpoint")
    with pytest.raises(
        PretrainingError, match=r"pretraining\.pt cannot be read as a checkpoint .* start anew"
    ):
        start_run(TINY, IMAGES, tmp_path, CPU)


def test_a_checkpoint_of_something_else_is_named(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(1)}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(PretrainingError, match=r"cannot be read as a checkpoint"):
        start_run(TINY, IMAGES, tmp_path, CPU)


def test_processes_that_find_different_runs_do_not_start(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_run(replace(TINY, epochs=1), IMAGES, finished, CPU)
    check_alike(run, finished)
    monkeypatch.setattr(distributed, "least_of", lambda _: 0)  # what a host without the run says
    with pytest.raises(PretrainingError, match=r"at step 4 .* must be the same on every host"):
        check_alike(run, finished)


@pytest.mark.parametrize("images", [0, 1, 15])
def test_too_few_images_for_a_batch_are_refused(tmp_path: Path, images: int) -> None:
    with pytest.raises(
        PretrainingError, match=f"pool of {images} fills no batch of 16 images: add images"
    ):
        start_run(TINY, IMAGES[:images], tmp_path, CPU)


def test_steps_leave_out_the_last_incomplete_batch() -> None:
    assert count_steps(TINY, 63) == (3, 18)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_gpu_is_named() -> None:
    assert find_device("auto") == "cpu"
    with pytest.raises(PretrainingError, match=r"no CUDA device .* choose --device cpu"):
        find_device("cuda")


def test_a_preset_too_large_for_the_device_is_refused_before_it_starts(tmp_path: Path) -> None:
    huge = replace(TINY, vit=replace(TINY.vit, width=60_000, depth=32))
    with pytest.raises(PretrainingError, match=r"needs [\d.]+ GB .* are free: choose a smaller"):
        start_run(huge, IMAGES, tmp_path, CPU)
