"""`handful import` and `handful export --pool` against a running service."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import Client
from tests.e2e.running_service import RunningService, running_service
from tests.e2e.test_commands import handful
from tests.pictures import png

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the service may read."""
    return tmp_path_factory.mktemp("photos").resolve()


@pytest.fixture(scope="module")
def service(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of its own."""
    folder = tmp_path_factory.mktemp("service")
    with running_service(folder, HANDFUL_IMPORT_ROOTS=str(root)) as service:
        yield service


def fill(folder: Path) -> None:
    """Two classes of four images, and a file that is none."""
    for number, name in enumerate(("otter", "seal")):
        (folder / name).mkdir(parents=True)
        for seed in range(4):
            (folder / name / f"{name}-{seed}.png").write_bytes(png("red", seed + 100 * number))
    (folder / "seal" / "notes.txt").write_text("no image")


def test_folders_archives_and_exports_go_in_and_out(
    service: RunningService, root: Path, tmp_path: Path
) -> None:
    fill(root / "animals")
    projects = {}
    with Client(service.address) as client:
        for name in ("Read", "Sent", "Packed", "Back"):
            projects[name] = client.post("/projects", {"name": name})["id"]

    def run(name: str, source: Path, *more: str) -> str:
        words = ("import", source, "--project", projects[name], "--server", service.address)
        done = handful(*words, *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # A folder that the service may read, one that it may not, and an archive.
    read = json.loads(run("Read", root / "animals", "--json"))
    assert {name: read["outcome"][name] for name in ("added", "labelled", "failed")} == {
        "added": 8, "labelled": 8, "failed": 1,
    }  # fmt: skip
    elsewhere = shutil.copytree(root / "animals", tmp_path / "animals")
    sent = json.loads(run("Sent", elsewhere, "--json"))
    assert [image["duplicate"] for image in sent["images"]] == [False] * 8
    again = json.loads(run("Sent", elsewhere, "--json"))
    assert [image["duplicate"] for image in again["images"]] == [True] * 8
    archive = shutil.make_archive(str(tmp_path / "animals"), "zip", elsewhere)
    assert json.loads(run("Packed", Path(archive), "--json"))["outcome"]["labelled"] == 8

    out = tmp_path / "out.zip"
    words = ("export", "--pool", "all", "--format", "imagefolder", "--images", "--out", out)
    there = ("--project", projects["Packed"], "--server", service.address)
    exported = handful(*words, *there)
    assert exported.returncode == 0, exported.stderr
    run("Back", out)
    pools = []
    for project in projects.values():
        with Client(service.address, project=project) as client:
            items = client.get("/images")["items"]
            pools.append({(each["sha256"], each["class_id"], each["filename"]) for each in items})
    assert len(pools[0]) == 8
    assert all(pool == pools[0] for pool in pools)
