"""`handful evaluate`, in this process, with an encoder of random weights that knows colours."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from models.heads.by_name import HEADS
from models.manifest import MANIFEST_FILE
from service.cli import app
from tests.pictures import COLOURS, png

KEYS = {"head", "shots", "mean", "std", "draws", "ece", "fit_seconds"}


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HANDFUL_DATA_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def encoder(encoders_folder: Path) -> Path:
    return min(encoders_folder.glob(f"[!.]*/{MANIFEST_FILE}")).parent


def write(folder: Path, seeds: range) -> Path:
    """Pictures in a folder a colour."""
    for colour in COLOURS:
        (folder / colour).mkdir(parents=True)
        for seed in seeds:
            (folder / colour / f"{colour}_{seed}.png").write_bytes(png(colour, seed))
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write(tmp_path / "pictures", range(8))


def evaluate(*words: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


def results_of(report: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(report.read_text())["results"]
    return results


def test_each_head_and_shot_count_has_its_row_with_every_draw(
    pictures: Path, encoder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    words = ("--data", pictures, "--encoder", encoder, "--shots", "1,3", "--seeds", 2)

    done = evaluate(*words, "--json", report)

    assert done.exit_code == 0, done.output
    written = json.loads(report.read_text())
    assert (written["data"], written["encoder"]) == (str(pictures), encoder.name)
    assert [(row["head"], row["shots"]) for row in written["results"]] == [
        (head, shots) for shots in (1, 3) for head in HEADS
    ]
    for row in written["results"]:
        assert row.keys() == KEYS
        assert row["mean"] == pytest.approx(sum(row["draws"]) / 2)
        assert row["mean"] > 0.8
        assert 0 <= row["ece"] <= 1
        assert row["fit_seconds"] > 0
    assert "official" in done.stdout


def test_a_second_run_gives_the_same_without_the_encoder(
    pictures: Path, encoder: Path, tmp_path: Path
) -> None:
    words = ("--data", pictures, "--shots", "1", "--heads", "official", "--json")
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert evaluate(*words, first, "--encoder", encoder).exit_code == 0
    only_manifest = tmp_path / "manifest-alone"
    only_manifest.mkdir()
    (only_manifest / MANIFEST_FILE).write_bytes((encoder / MANIFEST_FILE).read_bytes())

    done = evaluate(*words, second, "--encoder", only_manifest)

    assert done.exit_code == 0, done.output
    assert results_of(second)[0]["draws"] == results_of(first)[0]["draws"]


def test_published_lists_say_what_is_labelled(
    pictures: Path, encoder: Path, tmp_path: Path
) -> None:
    lists = [tmp_path / f"subsets{number}" for number in (1, 2)]
    for number, folder in enumerate(lists):
        folder.mkdir()
        for shots in (1, 2):
            names = [f"{c}_{number + i}.png" for c in COLOURS for i in range(shots)]
            (folder / f"{shots}imgs_class.txt").write_text("\n".join(names))
    report = tmp_path / "report.json"
    words = ("--data", pictures, "--encoder", encoder, "--heads", "official", "--json", report)

    done = evaluate(*words, "--subset-file", lists[0], "--subset-file", lists[1])

    assert done.exit_code == 0, done.output
    assert [(row["shots"], len(row["draws"])) for row in results_of(report)] == [(1, 2), (2, 2)]
    refused = evaluate(*words, "--subset-file", lists[0], "--shots", "1")
    assert refused.exit_code == 1
    assert "drop --shots" in " ".join(refused.stderr.split())


def test_other_images_of_the_classes_are_tested(
    pictures: Path, encoder: Path, tmp_path: Path
) -> None:
    corrupted, report = tmp_path / "corrupted", tmp_path / "report.json"
    write(corrupted / "fog" / "1", range(20, 22))
    write(corrupted / "fog" / "2", range(30, 32))
    words = ("--data", pictures, "--encoder", encoder, "--shots", "1", "--heads", "prototype")

    done = evaluate(*words, "--test-data", corrupted, "--json", report)

    assert done.exit_code == 0, done.output
    tests = [row["tests"] for row in results_of(report)]
    assert tests == [f"{corrupted}/fog/1", f"{corrupted}/fog/2", "mean of 2"]


def test_what_is_no_image_is_named(pictures: Path, encoder: Path) -> None:
    (pictures / "red" / "notes.txt").write_text("words")
    done = evaluate("--data", pictures, "--encoder", encoder, "--shots", "1", "--seeds", 1)
    assert done.exit_code == 0, done.output
    assert "Left out: red/notes.txt" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--shots", "8"), "one to test with"),
        (("--shots", "0"), "--shots '0' are not numbers above zero"),
        (("--shots", "two"), "--shots 'two' are not numbers above zero"),
        (("--heads", "official,forest"), "there is no head 'forest': choose from official"),
        (("--test-data", "nowhere"), "nowhere is neither a folder nor a zip"),
        (("--subset-file", "nowhere"), "nowhere cannot be read as a list"),
        (("--encoder", "nowhere"), "'nowhere' names no encoder"),
    ],
)
def test_what_cannot_be_measured_is_told(
    words: tuple[str, ...], fault: str, pictures: Path, encoder: Path
) -> None:
    done = evaluate("--data", pictures, "--encoder", encoder, *words)
    assert done.exit_code == 1
    assert fault in " ".join(done.stderr.split())
