"""`handful pretrain`: a run from images to an encoder, stopped and gone on with, and bad input."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from models.loaders import load_encoder
from models.loaders.run import load_run
from models.onnx_encoder import OnnxEncoder
from models.prepared_images import open_prepared
from models.pretraining.run_folder import has_checkpoint
from service.cli import app
from tests.models.tiny_pretraining import coloured_images

TINY = ("--preset", "cpu-32", "--device", "cpu", "--set", "batch=16", "--set", "queue=16")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number, (image, label) in enumerate(zip(*coloured_images(40, 32), strict=True)):
        save(folder / str(label) / f"{number}.png", Image.fromarray(image.transpose(1, 2, 0)))
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(exist_ok=True)
    image.save(path)


def pretrain(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["pretrain", *map(str, words)])


@pytest.fixture(scope="module")
def finished(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps to its end, which tells what it leaves out."""
    out = tmp_path_factory.mktemp("finished") / "run"
    done = pretrain("--data", pictures, "--out", out, *TINY, "--epochs", "1")
    assert done.exit_code == 0, done.output
    assert "step 2 of 2: loss" in done.stderr
    assert "left out broken.png: this is not an image file" in " ".join(done.stderr.split())
    return out


def test_a_finished_run_leaves_an_encoder_that_tells_where_it_is_from(finished: Path) -> None:
    manifest, _ = load_encoder(str(finished / "encoder"))
    assert manifest.name.startswith("cpu-32-pictures")
    assert manifest.probes.keys() == {"knn", "low_shot"}
    assert (manifest.training["images"], manifest.training["skipped"]) == (40, 1)
    assert OnnxEncoder(finished / "encoder").manifest == manifest


def test_a_run_that_is_terminated_ends_well_and_can_go_on(pictures: Path, tmp_path: Path) -> None:
    options = ["--data", str(pictures), "--out", str(tmp_path / "run"), *TINY, "--epochs", "9999"]
    command = [sys.executable, "-m", "service.cli", "pretrain", *options, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "total" in line:
                process.send_signal(signal.SIGTERM)
                break
        last = json.loads(process.stdout.read().splitlines()[-1])
    assert process.returncode == 0
    assert last["event"] == "stopped"
    assert not (tmp_path / "run" / "encoder").exists()
    assert has_checkpoint(tmp_path / "run")
    assert 20 <= last["step"] < last["steps"]


def test_a_folder_with_a_run_wants_to_be_told_to_go_on(pictures: Path, finished: Path) -> None:
    options = ("--data", pictures, "--out", finished, *TINY, "--epochs", "1")
    refused = pretrain(*options)
    assert refused.exit_code == 1
    assert "add --resume" in " ".join(refused.stderr.split())
    done = pretrain(*options, "--resume", "--json")
    events = [
        (json.loads(line)["step"], json.loads(line)["event"])
        for line in done.stdout.split("\n")
        if line
    ]
    assert events == [(2, "resumed"), (2, "finished")]


def test_a_resume_without_a_preset_follows_the_runs_recipe(pictures: Path, finished: Path) -> None:
    options = ("--data", pictures, "--out", finished, "--device", "cpu", "--resume")
    done = pretrain(*options)
    assert done.exit_code == 0, done.output
    assert "step 2 of 2: finished" in done.stderr


def test_a_resume_with_another_preset_is_refused_before_images_are_prepared(
    pictures: Path, finished: Path
) -> None:
    refused = pretrain(*("--data", pictures, "--out", finished, "--resume", "--preset", "cpu-64"))
    assert refused.exit_code == 1
    assert "batch was 16 and is 128" in " ".join(refused.stderr.split())
    assert open_prepared(finished / "images").pixels.shape[-1] == 32


def test_a_run_starts_from_an_encoder_and_keeps_its_licence(
    pictures: Path, finished: Path, tmp_path: Path
) -> None:
    spec = str(finished / "encoder")
    begin = ("--data", pictures, *TINY, "--epochs", "1", "--start-from", spec)
    done = pretrain(*begin, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    manifest, _ = load_encoder(str(tmp_path / "run" / "encoder"))
    assert manifest.training["start_from"] == spec
    assert spec in manifest.licence
    assert load_run(tmp_path / "run")[0].licence == manifest.licence
    again = ("--data", pictures, "--out", tmp_path / "run", "--device", "cpu", "--resume")
    assert pretrain(*again).exit_code == 0
    assert load_encoder(str(tmp_path / "run" / "encoder"))[0].training["start_from"] == spec
    other = pretrain(*begin, "--out", tmp_path / "other", "--set", "vit.width=48")
    assert other.exit_code == 1
    assert "width 96" in other.stderr
    assert "width 48" in other.stderr


def pool(folder: Path, *sizes: int) -> Path:
    """A folder with one image of each size."""
    folder.mkdir()
    for number, size in enumerate(sizes):
        Image.new("RGB", (size, size), "teal").save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((), "no usable image"),
        ((32,), "a pool of 1 fills no batch of 16 images: add images"),
        ((6, 7), "no usable image"),
    ],
)
def test_pools_that_cannot_train_are_told(
    tmp_path: Path, sizes: tuple[int, ...], said: str
) -> None:
    done = pretrain("--data", pool(tmp_path / "pool", *sizes), "--out", tmp_path / "run", *TINY)
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "vit-x"), "no preset 'vit-x'"),
        (("--set", "batch"), "write --set batch=VALUE"),
        (("--set", "colour=3"), "no setting 'colour'"),
        (("--device", "tpu"), "no device 'tpu': choose auto, cpu, cuda"),
        (("--data", "nowhere"), "nowhere is neither a folder nor"),
        (("--set", "vit.width=8190", "--set", "vit.depth=128"), "choose a smaller preset"),
    ],
)
def test_options_that_cannot_be_are_told(
    pictures: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    data = () if "--data" in words else ("--data", pictures)
    done = pretrain(*data, "--out", tmp_path / "run", *TINY, *words)
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())


def test_a_place_that_is_no_folder_is_told(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = pretrain("--data", pictures, "--out", tmp_path / "file" / "run", *TINY)
    assert done.exit_code == 1
    assert "Not a directory" in " ".join(done.stderr.split())
    assert isinstance(done.exception, SystemExit)


def test_a_seed_too_large_for_a_generator_is_told(pictures: Path, tmp_path: Path) -> None:
    done = pretrain("--data", pictures, "--out", tmp_path / "run", "--seed", str(2**32), *TINY)
    assert done.exit_code == 2
    assert "--seed" in done.stderr
