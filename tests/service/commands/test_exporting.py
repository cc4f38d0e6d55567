"""`handful export`, in this process: of encoders here, of classifiers from a running service."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.loaders import BUNDLED_FOLDER, load_encoder
from models.manifest import load_manifest
from service.app import create_app
from service.cli import app
from tests.service.caller import Caller
from tests.service.server import serve


@pytest.fixture(autouse=True)
def data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HANDFUL_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def export(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_a_bundled_encoder_is_exported_with_its_licence_and_notice(tmp_path: Path) -> None:
    out = tmp_path / "x.safetensors"
    done = export("--encoder", BUNDLED_FOLDER, "--format", "timm", "--out", out)
    assert done.exit_code == 0, done.output
    manifest = load_manifest(BUNDLED_FOLDER)
    assert load_encoder(f"timm:{out}")[0] == manifest
    told = " ".join(done.stderr.split())
    for sentence in ("create_model", f"Licence: {manifest.licence}.", str(manifest.notice)):
        assert sentence in told


def test_an_encoder_of_the_service_goes_by_its_id(data_folder: Path, tmp_path: Path) -> None:
    manifest = load_manifest(BUNDLED_FOLDER)
    shutil.copytree(BUNDLED_FOLDER, data_folder / "encoders" / manifest.encoder_id)
    words = ("--encoder", manifest.encoder_id, "--format", "hf", "--out", tmp_path / "hf")
    done = export(*words, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["path"] == str(tmp_path / "hf")
    assert answer["encoder_id"] == manifest.encoder_id
    assert answer["feature"]["norm"] == "pre"
    assert answer["licence"] == manifest.licence
    assert answer["notes"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--encoder", "nowhere", "--format", "hf"), "'nowhere' names no encoder"),
        (("--encoder", "", "--format", "hf"), "'' names no encoder"),
        (("--encoder", BUNDLED_FOLDER, "--format", "pth"), "is no export format"),
        (("--encoder", BUNDLED_FOLDER, "--format", "msn"), "is a folder: name the file"),
    ],
)
def test_what_cannot_be_exported_is_told(
    words: tuple[str | Path, ...], fault: str, tmp_path: Path
) -> None:
    done = export(*words, "--out", tmp_path)
    assert done.exit_code == 1
    assert fault in " ".join(done.stderr.split())
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays_until_it_is_forced(tmp_path: Path) -> None:
    out = tmp_path / "x.pth.tar"
    out.write_text("mine")
    words = ("--encoder", BUNDLED_FOLDER, "--format", "msn", "--out", out)
    assert export(*words).exit_code == 1
    assert out.read_text() == "mine"
    assert export(*words, "--force").exit_code == 0
    assert load_encoder(f"msn:{out}")[0] == load_manifest(BUNDLED_FOLDER)


@pytest.fixture
def server(api: Caller) -> Iterator[str]:
    """Address of a service with two classes, and a project without any."""
    api.teach("red", "green")
    api.post("/projects", {"name": "Empty"})
    with serve(create_app(api.context.settings)) as address:
        yield address


def test_a_classifier_is_exported_by_its_version_or_as_the_active_one(
    server: str, tmp_path: Path
) -> None:
    there = ("--server", server, "--format", "csv")
    for version, classes in (("1", {"red"}), ("active", {"red", "green"})):
        out = tmp_path / f"{version}.csv"
        done = export("--classifier", version, "--out", out, "--json", *there)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout) == {"path": str(out)}
        rows = [row.split(",") for row in out.read_text().splitlines()[1:]]
        assert {row[3] for row in rows} == classes


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--classifier", "9", "--format", "npz"), "404: Project 'default' has no classifier"),
        (("--classifier", "1", "--format", "msn"), "'onnx', 'npz' or 'csv'"),
        (("--classifier", "active", "--project", "empty", "--format", "npz"), "no classifier in"),
    ],
)
def test_what_the_service_cannot_export_is_told(
    words: tuple[str, ...], fault: str, server: str, tmp_path: Path
) -> None:
    done = export(*words, "--server", server, "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert fault in " ".join(done.stderr.split())
    assert not (tmp_path / "x").exists()


def test_a_classifier_replaces_no_file_unasked(server: str, tmp_path: Path) -> None:
    out = tmp_path / "x.npz"
    out.write_text("mine")
    words = ("--classifier", "2", "--format", "npz", "--server", server, "--out", out)
    assert export(*words).exit_code == 1
    assert export(*words[:-1], tmp_path).exit_code == 1
    assert out.read_text() == "mine"
    assert export(*words, "--force").exit_code == 0
    assert out.read_bytes()[:2] == b"PK"
