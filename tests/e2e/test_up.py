"""`handful up` starts quickly, refuses what cannot work, and leaves nothing behind."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.client import Client
from tests.e2e.running_service import (
    PATIENCE_SECONDS,
    RunningService,
    held,
    running_service,
    start_service,
    wait_for,
    wait_until_ready,
)
from tests.stopwatch import queued_seconds

pytestmark = pytest.mark.timeout(600)
SAMPLE_IMAGES, LABELS = 1797, 50


@dataclass
class Start:
    """A start, its processes, and the seconds that it took of which it had a processor."""

    service: RunningService
    processes: list[int]
    seconds: float


@contextmanager
def start(folder: Path) -> Iterator[Start]:
    """Start in the folder, and stop at the end what still runs."""
    began = time.monotonic()
    with running_service(folder) as service:
        elapsed = time.monotonic() - began
        children = service.descendants()
        # The supervisor comes first, then its children side by side.
        waited = queued_seconds(service.process.pid) + max(map(queued_seconds, children))
        yield Start(service, children, elapsed - waited)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """A first start, in an empty folder, whose supervisor was killed."""
    with start(tmp_path_factory.mktemp("started")) as first:
        with Client(first.service.address) as client:
            client.post("/classes", {"name": "Kept"})
        first.service.process.kill()
        first.service.process.wait()
    return first


@pytest.fixture(scope="module")
def second(killed: Start) -> Iterator[Start]:
    """A second start in that folder."""
    with start(killed.service.data_dir) as second:
        yield second


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_killing_the_supervisor_takes_its_children_along(killed: Start) -> None:
    assert len(killed.processes) == 3
    wait_for(lambda: not _alive(killed.processes), "the children to end")


def test_a_second_start_is_ready_within_fifteen_seconds_and_knows_everything(
    second: Start,
) -> None:
    assert second.seconds < 15
    with Client(second.service.address) as client:
        assert [each["name"] for each in client.get("/classes")["classes"]] == ["Kept"]


def test_a_second_service_in_the_same_folder_is_refused(second: Start) -> None:
    refused = start_service(second.service.data_dir)
    assert refused.process.wait(PATIENCE_SECONDS) == 1
    assert "HANDFUL_DATA_DIR" in refused.log.read_text()


def test_ctrl_c_ends_every_process(second: Start) -> None:
    assert len(second.processes) == 3
    assert second.service.stop() == 0
    assert _alive(second.processes) == []


def test_a_port_in_use_is_refused_with_advice(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        service = start_service(tmp_path, HANDFUL_PORT=str(taken.getsockname()[1]))
        assert service.process.wait(PATIENCE_SECONDS) == 1
        assert "HANDFUL_PORT" in service.log.read_text()


def test_an_address_that_others_reach_needs_a_key(tmp_path: Path) -> None:
    service = start_service(tmp_path, HANDFUL_HOST="0.0.0.0")
    assert service.process.wait(PATIENCE_SECONDS) == 1
    assert "HANDFUL_API_KEY" in service.log.read_text()


def test_an_encoder_that_there_is_none_of_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    service = start_service(tmp_path, HANDFUL_ENCODER="vit-smal")
    assert service.process.wait(PATIENCE_SECONDS) == 1
    assert "vit-smal" in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


def _sample_images(service: RunningService) -> int:
    answer = httpx.get(f"{service.address}/projects/digits", timeout=PATIENCE_SECONDS)
    return int(answer.json()["images"]) if answer.is_success else 0


@contextmanager
def hurt_while_loading(
    started: Callable[[str], Path], hurt: Callable[[RunningService], None]
) -> Iterator[RunningService]:
    """A service to which this was done when most of the sample was still to be loaded."""
    while True:
        with running_service(started("sample"), HANDFUL_SAMPLE_PROJECT="true") as service:
            first = partial(_sample_images, service)
            wait_for(first, "the first images of the sample", pause_seconds=0.02)
            with held([service.process.pid]):  # it is the supervisor that loads the sample
                if caught := _sample_images(service) < SAMPLE_IMAGES / 2:
                    hurt(service)
            if caught:  # else loading was faster: another service is tried
                yield service
                return


def test_ctrl_c_ends_the_loading_of_the_sample(started: Callable[[str], Path]) -> None:
    with hurt_while_loading(started, RunningService.interrupt) as service:
        assert service.process.wait(PATIENCE_SECONDS) == 0
        assert "is ready" not in service.log.read_text()


def test_a_sample_that_cannot_be_loaded_is_said_and_the_service_goes_on(
    started: Callable[[str], Path],
) -> None:
    with hurt_while_loading(started, lambda service: service.kill("api")) as service:
        wait_for(lambda: "is ready" in service.log.read_text(), "the address to be printed")
        assert "is not loaded" in service.log.read_text()
        wait_until_ready(service)


def test_an_empty_folder_opens_on_a_working_sample(sampled: RunningService) -> None:
    def loaded() -> dict[str, Any] | None:
        answer = httpx.get(f"{sampled.address}/projects/digits", timeout=PATIENCE_SECONDS)
        project: dict[str, Any] = answer.json()
        done = answer.is_success and (project["images"], project["pending"]) == (SAMPLE_IMAGES, 0)
        return project if done and (project["estimate"] or {}).get("count") == LABELS else None

    project = wait_for(loaded, "the sample to be embedded and learnt", 400, pause_seconds=1)
    assert project["examples"] == LABELS
    reference, estimate = project["reference"], project["estimate"]
    assert reference["count"] == SAMPLE_IMAGES - LABELS
    assert reference["accuracy"] > 0.5  # chance is 0.1
    assert estimate["low"] < reference["accuracy"] < estimate["high"]
