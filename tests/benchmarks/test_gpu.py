"""The command for GPUs goes through its parts here too, in a tiny form, and reports each."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from models.manifest import load_manifest
from tests.benchmarks import gpu
from tests.benchmarks.gpu_report import table


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command with these words; gives its status and its JSON report."""

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(tmp_path), *words])
        status = gpu.main()
        report = tmp_path / "gpu.json"
        return status, json.loads(report.read_text()) if report.exists() else {}

    return run


def test_measurements_and_training_are_reported(command: Any, tmp_path: Path) -> None:
    status, report = command("--device", "cpu", "--quick", "--parts", "steps", "growth", "train")
    assert status == 0
    assert [speed["way"] for speed in report["parts"]["steps"]["steps"]] == ["ours", "plain"]
    assert report["parts"]["growth"]["growth"][0]["images_per_second"] > 0
    assert report["parts"]["train"]["run"]["step"] == 1
    assert load_manifest(tmp_path / "encoder").training["step"] == 1
    lines = (tmp_path / "gpu.md").read_text().splitlines()
    assert lines[0].startswith(f"# {report['device']}, ")
    assert any(line.startswith("| photographs | trained | ") for line in lines)


def test_a_part_that_fails_is_named_and_the_others_run(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: Any) -> gpu.Result:
        raise RuntimeError("CUDA error: misaligned | address")

    monkeypatch.setitem(gpu.PARTS, "steps", broken)
    monkeypatch.setitem(gpu.PARTS, "growth", lambda _: {"growth": []})
    status, report = command("--device", "cpu", "--quick", "--parts", "steps", "growth")
    assert status == 1
    assert [part["passed"] for part in report["parts"].values()] == [False, True]
    assert (
        "no: RuntimeError: CUDA error: misaligned \\| address" in (tmp_path / "gpu.md").read_text()
    )


def test_rows_share_a_table_by_what_all_of_them_say() -> None:
    rows = [{"what": "mask", "speed": 5.0, "waiting": 0.1}, {"what": "processes", "speed": 7.25}]
    expected = ["| what | speed |", "| --- | --- |", "| mask | 5 |", "| processes | 7.25 |"]
    assert table(rows).splitlines() == expected


def test_tests_that_were_skipped_do_not_pass_on_a_gpu(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\n@pytest.mark.gpu\n@pytest.mark.skip\ndef test_one(): pass\n"
    )
    monkeypatch.setattr(gpu, "TESTS", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "device_name", lambda _: "a GPU")
    status, report = command("--parts", "tests")
    assert status == 1
    assert report["parts"]["tests"]["tests"][0]["outcome"] == "skipped"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert command() == (2, {})
    assert "There is no NVIDIA GPU here" in capsys.readouterr().out


def test_extraction_is_measured_beside_its_parts(command: Any) -> None:
    status, report = command("--device", "cpu", "--quick", "--parts", "extraction")
    assert status == 0
    part = report["parts"]["extraction"]
    ways = {row["way"]: row["images_per_second"] for row in part["extraction"]}
    assert list(ways) == ["decode", "encode", "job", "pipeline"]
    assert min(ways.values()) > 0
    assert part["report"]["agreement"] > 0.999  # the same weights on both sides
