"""The `handful` command as a user types it, against a running service and without one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.heads.by_name import HEADS
from service.client import Client, batches

pytestmark = pytest.mark.timeout(600)
COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60)}


def handful(*words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, words)],
        # Wide: where a line breaks would depend on the length of a temporary folder's name.
        env=os.environ | {"HANDFUL_HUB_TIMEOUT_SECONDS": "1", "COLUMNS": "500"} | settings,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of noisy colour, eight images each, and a file that is no image."""
    root = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for index in range(8):
            noise = rng.normal(colour, 30, (48, 48, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noise).save(root / name / f"{name}-{index}.png")
    (root / "red" / "notes.txt").write_text("not an image")
    return root


def test_import_label_and_predict_go_through_the_service(service_url: str, folder: Path) -> None:
    with Client(service_url) as client:
        project = client.post("/projects", {"name": "Commands"})["id"]
    there = ("--project", project, "--server", service_url)

    imported = handful("import", folder, "--reference", *there)
    assert imported.returncode == 0, imported.stderr
    assert "16 images, 0 of them known already" in imported.stderr
    assert "notes.txt" in imported.stderr
    assert "16 images, 16 of them known already" in handful("import", folder, *there).stderr

    for name in COLOURS:
        files = [folder / name / f"{name}-{index}.png" for index in range(3)]
        labelled = json.loads(handful("label", name, *files, "--json", *there).stdout)
        assert len(labelled["examples"]) == 3

    tests = [folder / name / f"{name}-7.png" for name in COLOURS]
    predicted = handful("predict", *tests, "--json", *there)
    assert [each["label"] for each in json.loads(predicted.stdout)] == list(COLOURS)


def test_import_takes_images_wherever_they_lie(
    service_url: str, folder: Path, tmp_path: Path
) -> None:
    with Client(service_url) as client:
        project = client.post("/projects", {"name": "Flat"})["id"]
    there = ("--project", project, "--server", service_url)
    shutil.copy(folder / "red" / "red-0.png", tmp_path / "beside.png")
    (tmp_path / "any").mkdir()
    shutil.copy(folder / "red" / "red-1.png", tmp_path / "any" / "inside.png")
    (tmp_path / "any" / "notes.txt").write_text("not an image")

    imported = json.loads(handful("import", tmp_path, "--json", *there).stdout)
    assert [image["filename"] for image in imported["images"]] == ["inside.png", "beside.png"]
    assert [each["filename"] for each in imported["rejected"]] == ["notes.txt"]

    flat = handful("import", tmp_path / "any", "--reference", *there)
    assert flat.returncode == 1
    assert "one folder a class" in flat.stderr


def test_a_request_is_bounded_in_files_and_in_bytes() -> None:
    many = [(str(index), b"") for index in range(65)]
    assert [len(batch) for batch in batches(many)] == [64, 1]
    large = [("a", bytes(20 * 1024**2)), ("b", bytes(5 * 1024**2)), ("c", bytes(25 * 1024**2))]
    assert [[name for name, _ in batch] for batch in batches(large)] == [["a"], ["b"], ["c"]]


def test_a_service_that_is_not_there_is_said_so(folder: Path) -> None:
    failed = handful("import", folder, "--server", "http://127.0.0.1:9")
    assert failed.returncode == 1
    assert "handful up" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_encoders_are_listed_with_their_licence(service_url: str) -> None:
    listed = json.loads(handful("encoders", "--json", "--server", service_url).stdout)
    assert listed[0]["licence"]


def test_evaluate_needs_no_service(
    folder: Path, tmp_path: Path, started: Callable[[str], Path], bundled: Path
) -> None:
    report = tmp_path / "report.json"
    data_dir = {"HANDFUL_DATA_DIR": str(started("evaluated"))}
    words = ("evaluate", "--data", folder, "--shots", "1,2", "--seeds", "3", "--json", report)
    done = handful(*words, "--encoder", bundled.name, **data_dir)
    assert done.returncode == 0, done.stderr
    results = json.loads(report.read_text())["results"]
    assert {(each["head"], each["shots"]) for each in results} == {
        (head, shots) for head in HEADS for shots in (1, 2)
    }
    assert all(len(each["draws"]) == 3 and each["mean"] > 0.5 for each in results)


def test_a_wrong_setting_is_named(folder: Path) -> None:
    failed = handful("import", folder, HANDFUL_PORT="many")
    assert failed.returncode == 1
    assert "HANDFUL_PORT" in failed.stderr
