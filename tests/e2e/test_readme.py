"""The README's REST session runs as it is written."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.running_service import PATIENCE_SECONDS, RunningService, wait_for

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000"


@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here: apt-get install curl")
def test_the_session_with_curl_ends_in_a_right_prediction(
    sampled: RunningService, tmp_path: Path
) -> None:
    session = next(block for block in _shell_blocks() if f"api={ADDRESS}" in block)
    wait_for(lambda: _sample_is_labelled(sampled.address), "the sample project")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", session.replace(ADDRESS, sampled.address)],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer, explained, suggested, found, evaluation, comparison = _messages(
        done.stdout[done.stdout.index('{"predictions"') :]
    )
    assert [each["label"] for each in answer["predictions"]] == ["three"]
    assert answer["rejected"] == []
    assert 0 <= explained["predictions"][0]["unknown_score"] <= 1
    assert all(each["reason"] for each in suggested["suggestions"])
    assert len(found["results"]) == 3
    assert evaluation["estimate"]["count"] == 50
    assert comparison["difference"] > 0
    assert (tmp_path / "post-codes.onnx").stat().st_size > 1_000_000


def _messages(text: str) -> list[Any]:
    """JSON values that follow one another."""
    found = []
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def _shell_blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def _sample_is_labelled(address: str) -> bool:
    projects = httpx.get(f"{address}/projects", timeout=PATIENCE_SECONDS).json()["projects"]
    return any(project["examples"] == 50 for project in projects)
