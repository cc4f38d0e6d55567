"""`handful import` of folders that the service cannot read."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.app import create_app
from service.cli import app
from service.usecases.context import Context
from tests.pictures import png
from tests.service.caller import Caller
from tests.service.server import serve


@pytest.fixture(autouse=True)
def no_data_folder_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HANDFUL_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, one of which a list gives a class."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        (folder / f"{seed}.png").write_bytes(png("red", seed))
    (folder / "labels.csv").write_text("path,label\n0.png,otter\n")
    return folder


def import_(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, words)])


@pytest.mark.parametrize(("form", "named"), [("auto", "labels.csv"), ("csv", "format csv")])
def test_a_list_is_not_left_out_in_silence(
    context: Context, api: Caller, folder: Path, form: str, named: str
) -> None:
    with serve(create_app(context.settings)) as address:
        refused = import_(folder, "--server", address, "--format", form)
    assert refused.exit_code != 0
    told = " ".join(refused.stderr.split())
    assert named in told
    assert "zip" in told
    assert api.get("/images")["total"] == 0


def test_a_folder_is_sent_as_folders_where_that_is_asked_for(
    context: Context, api: Caller, folder: Path
) -> None:
    with serve(create_app(context.settings)) as address:
        sent = import_(folder, "--server", address, "--format", "folder")
    assert sent.exit_code == 0, sent.stderr
    assert api.get("/images")["total"] == 2
