"""`handful up` starts quickly, refuses what cannot work, and leaves nothing behind."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from service.client import Client
from tests.e2e.running_service import (
    RunningService,
    running_service,
    start_service,
    wait_for,
    wait_until_ready,
)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def started_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that a service was started and stopped in."""
    folder = tmp_path_factory.mktemp("started")
    with running_service(folder) as service, Client(service.address) as client:
        client.post("/classes", {"name": "Kept"})
    return folder


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_second_start_is_ready_within_fifteen_seconds_and_knows_everything(
    started_once: Path,
) -> None:
    began = time.monotonic()
    with running_service(started_once) as service:
        assert time.monotonic() - began < 15
        with Client(service.address) as client:
            assert [each["name"] for each in client.get("/classes")["classes"]] == ["Kept"]


def test_ctrl_c_ends_every_process(started_once: Path) -> None:
    service = start_service(started_once)
    wait_until_ready(service)
    children = service.descendants()
    assert len(children) == 3

    assert service.stop() == 0
    assert _alive(children) == []


def test_killing_the_supervisor_takes_its_children_along(started_once: Path) -> None:
    service = start_service(started_once)
    wait_until_ready(service)
    children = service.descendants()

    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    wait_for(lambda: not _alive(children), "the children to end", 10)


def test_a_second_service_in_the_same_folder_is_refused(started_once: Path) -> None:
    with running_service(started_once):
        second = start_service(started_once)
        assert second.process.wait(30) == 1
        assert "HANDFUL_DATA_DIR" in second.log.read_text()


def test_a_port_in_use_is_refused_with_advice(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        service = start_service(tmp_path, HANDFUL_PORT=str(taken.getsockname()[1]))
        assert service.process.wait(30) == 1
        assert "HANDFUL_PORT" in service.log.read_text()


def test_an_address_that_others_reach_needs_a_key(tmp_path: Path) -> None:
    service = start_service(tmp_path, HANDFUL_HOST="0.0.0.0")
    assert service.process.wait(30) == 1
    assert "HANDFUL_API_KEY" in service.log.read_text()


def test_an_encoder_that_there_is_none_of_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    service = start_service(tmp_path, HANDFUL_ENCODER="vit-smal")
    assert service.process.wait(60) == 1
    assert "vit-smal" in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


def _sample_is_loading(service: RunningService) -> bool:
    answer = httpx.get(f"{service.address}/projects/digits")
    return answer.is_success and answer.json()["images"] > 0


def test_ctrl_c_ends_the_loading_of_the_sample(tmp_path: Path) -> None:
    with running_service(tmp_path, HANDFUL_SAMPLE_PROJECT="true") as service:
        wait_for(lambda: _sample_is_loading(service), "the first images of the sample")
        assert service.stop() == 0
        assert "is ready" not in service.log.read_text()


def test_a_sample_that_cannot_be_loaded_is_said_and_the_service_goes_on(tmp_path: Path) -> None:
    with running_service(tmp_path, HANDFUL_SAMPLE_PROJECT="true") as service:
        wait_for(lambda: _sample_is_loading(service), "the first images of the sample")
        service.kill("api")
        wait_for(lambda: "is ready" in service.log.read_text(), "the address to be printed", 150)
        assert "is not loaded" in service.log.read_text()
        wait_until_ready(service)


def test_an_empty_folder_opens_on_a_working_sample(sampled: RunningService) -> None:
    def measured() -> dict[str, object] | None:
        try:
            project = httpx.get(f"{sampled.address}/projects/digits").json()
        except httpx.TransportError:
            return None
        done = project.get("images") == 1797 and not project["pending"]
        return project if done and project["reference"] else None

    project = wait_for(measured, "the sample to be embedded", 200)
    assert project["examples"] == 50
    reference = project["reference"]
    assert isinstance(reference, dict)
    assert reference["count"] == 1747
    assert reference["accuracy"] > 0.5  # chance is 0.1
    estimate = project["estimate"]
    assert isinstance(estimate, dict)
    assert estimate["low"] < reference["accuracy"] < estimate["high"]
