"""`handful import` and `handful export --pool` against a running service."""

import json
import shutil
from pathlib import Path

import pytest

from service.client import Client
from tests.e2e.test_commands import handful
from tests.pictures import png

pytestmark = pytest.mark.timeout(600)


def fill(folder: Path) -> None:
    """Two classes of four images, and a file that is none."""
    for number, name in enumerate(("otter", "seal")):
        (folder / name).mkdir(parents=True)
        for seed in range(4):
            (folder / name / f"{name}-{seed}.png").write_bytes(png("red", seed + 100 * number))
    (folder / "seal" / "notes.txt").write_text("no image")


def test_folders_archives_and_exports_go_in_and_out(
    service_url: str, import_root: Path, tmp_path: Path
) -> None:
    fill(import_root / "animals")
    projects = {}
    with Client(service_url) as client:
        for name in ("Read", "Sent", "Packed", "Back"):
            projects[name] = client.post("/projects", {"name": name})["id"]

    def run(name: str, source: Path, *more: str) -> str:
        words = ("import", source, "--project", projects[name], "--server", service_url)
        done = handful(*words, *more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # A folder that the service may read, one that it may not, and an archive.
    read = json.loads(run("Read", import_root / "animals", "--json"))
    assert {name: read["outcome"][name] for name in ("added", "labelled", "failed")} == {
        "added": 8, "labelled": 8, "failed": 1,
    }  # fmt: skip
    elsewhere = shutil.copytree(import_root / "animals", tmp_path / "animals")
    sent = json.loads(run("Sent", elsewhere, "--json"))
    assert [image["duplicate"] for image in sent["images"]] == [False] * 8
    again = json.loads(run("Sent", elsewhere, "--json"))
    assert [image["duplicate"] for image in again["images"]] == [True] * 8
    archive = shutil.make_archive(str(tmp_path / "animals"), "zip", elsewhere)
    assert json.loads(run("Packed", Path(archive), "--json"))["outcome"]["labelled"] == 8

    out = tmp_path / "out.zip"
    words = ("export", "--pool", "all", "--format", "imagefolder", "--images", "--out", out)
    there = ("--project", projects["Packed"], "--server", service_url)
    exported = handful(*words, *there)
    assert exported.returncode == 0, exported.stderr
    run("Back", out)
    pools = []
    for project in projects.values():
        with Client(service_url, project=project) as client:
            items = client.get("/images")["items"]
            pools.append({(each["sha256"], each["class_id"], each["filename"]) for each in items})
    read, sent, packed, back = pools
    assert len(read) == 8
    assert read == packed == back
    # Files that are sent come without their folders.
    assert sent == {(sha256, label, Path(name).name) for sha256, label, name in read}
