"""kill -9 of any process, in the middle of uploads and embedding: nothing acknowledged is lost."""

import io
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from service.client import Client
from tests.e2e.running_service import RunningService, running_service, wait_for

pytestmark = pytest.mark.timeout(300)
IMAGES = 160


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("survival")) as running:
        yield running


def _image(seed: int) -> bytes:
    """A JPEG of random blobs, different for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((160, 160)).save(file, "JPEG")
    return file.getvalue()


class Uploader(threading.Thread):
    """Uploads images two at a time, labels every fourth, and remembers what was acknowledged."""

    def __init__(self, address: str, project: str, seeds: range) -> None:
        super().__init__()
        self._address, self._project, self._seeds = address, project, seeds
        self.acknowledged: dict[int, str | None] = {}

    def run(self) -> None:
        with httpx.Client(base_url=self._address, params={"project": self._project}) as http:
            for start in range(0, len(self._seeds), 2):
                wait_for(partial(self._send, http, start), "an upload to get through")

    def _send(self, http: httpx.Client, start: int) -> bool:
        files = [("files", (f"{i}.jpg", _image(i))) for i in self._seeds[start : start + 2]]
        label = f"/classes/{'ab'[start // 8 % 2]}/examples"
        path = label if start % 8 == 0 else "/images"
        try:
            response = http.post(path, files=files, timeout=30)
        except httpx.TransportError:
            return False  # not acknowledged: sent again, which must be harmless
        if response.status_code != 201:
            return False
        for item in response.json().get("images", []):
            self.acknowledged.setdefault(item["id"], None)
        for item in response.json().get("examples", []):
            self.acknowledged[item["image_id"]] = item["class_id"]
        return True


@pytest.mark.parametrize("victim", ["api", "worker", "redis"])
def test_killing_a_process_loses_nothing(service: RunningService, victim: str) -> None:
    first = ["api", "worker", "redis"].index(victim) * IMAGES
    seeds = range(first, first + IMAGES)
    with Client(service.address) as client:
        project = client.post("/projects", {"name": f"Killed {victim}"})["id"]
    with Client(service.address, project=project) as client:
        for name in "AB":
            client.post("/classes", {"name": name})
    uploader = Uploader(service.address, project, seeds)
    uploader.start()
    for _ in range(2):
        wait_for(lambda: _embedding_runs(service, project), "an embedding job to run")
        service.kill(victim)
        time.sleep(3)
    uploader.join()

    assert len(uploader.acknowledged) == IMAGES
    with Client(service.address, project=project) as client:
        wait_for(lambda: _embedded(client), "every image to be embedded", 150)
        listed = _all_images(client)
        assert {image["id"]: image["class_id"] for image in listed} == uploader.acknowledged
        for image in listed[:: IMAGES // 8]:
            file = httpx.get(f"{service.address}/images/{image['id']}/file?project={project}")
            Image.open(io.BytesIO(file.content)).load()
        labelled = sum(label is not None for label in uploader.acknowledged.values())
        newest = client.get("/classifiers", limit=1)["classifiers"][0]
        assert sum(newest["classes"].values()) == labelled
        states = {job["state"] for job in client.get("/jobs")["jobs"] if job["kind"] == "embed"}
        assert states == {"succeeded"}


def _embedding_runs(service: RunningService, project: str) -> bool:
    try:
        state = httpx.get(f"{service.address}/images?project={project}&limit=1", timeout=5).json()
    except httpx.TransportError:
        return False
    return bool(state["total"]) and service.child("worker") is not None


def _embedded(client: Client) -> bool:
    try:
        idle = all(j["state"] not in ("queued", "running") for j in client.get("/jobs")["jobs"])
        return idle and client.get("/images", limit=1)["pending"] == 0
    except httpx.TransportError:
        return False


def _all_images(client: Client) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    cursor = None
    while True:
        page = client.get("/images", limit=100, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.fixture(scope="module", autouse=True)
def _logs(service: RunningService) -> Iterator[None]:
    """Show the service's own words where a test failed."""
    yield
    for log in sorted(Path(service.data_dir / "logs").glob("*.log")):
        print(f"== {log.name}", *log.read_text().splitlines()[-15:], sep="\n")
