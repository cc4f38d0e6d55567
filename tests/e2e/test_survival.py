"""kill -9 of any process, in the middle of uploads and embedding: nothing acknowledged is lost."""

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from service.client import Client
from tests.e2e.replicated_service import ReplicatedService
from tests.e2e.running_service import (
    PATIENCE_SECONDS,
    RunningService,
    held,
    is_ready,
    running_service,
    wait_for,
)

pytestmark = pytest.mark.timeout(900)
# Enough for a job of several batches; the pairs that follow are embedded as they come.
IMAGES_AT_ONCE = 320
IMAGES = IMAGES_AT_ONCE + 80
VICTIMS = ["api", "worker", "redis"]

AnyService = RunningService | ReplicatedService


@pytest.fixture(scope="module", params=["one host", "replicas"])
def service(request: pytest.FixtureRequest, started: Callable[[str], Path]) -> Iterator[AnyService]:
    """What `handful up` starts, and two apis and two workers on PostgreSQL and one Redis."""
    if request.param == "replicas":
        yield request.getfixturevalue("replicas")
        return
    with running_service(started("survival")) as running:
        yield running


def _image(seed: int) -> bytes:
    """A JPEG of random blobs, different for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((160, 160)).save(file, "JPEG")
    return file.getvalue()


class Uploader(threading.Thread):
    """Uploads many images, then pairs, and labels every fourth; remembers what was acknowledged.

    Another round follows until the service was hurt: a job may be over before it can be.
    """

    def __init__(self, address: str, project: str, first_seed: int) -> None:
        super().__init__()
        self._address, self._project, self._seeds = address, project, count(first_seed, IMAGES)
        self.acknowledged: dict[int, str | None] = {}
        self.sent = 0
        self.hurt = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._address, params={"project": self._project}) as http:
            while not (self.sent and self.hurt.is_set()):
                first = next(self._seeds)
                self._send_round(http, range(first, first + IMAGES))
                self.sent += IMAGES

    def _send_round(self, http: httpx.Client, seeds: range) -> None:
        many, rest = seeds[:IMAGES_AT_ONCE], seeds[IMAGES_AT_ONCE:]
        wait_for(partial(self._send, http, many, "/images"), "many images to get through")
        for start in range(0, len(rest), 2):
            label = f"/classes/{'ab'[start // 8 % 2]}/examples"
            path = label if start % 8 == 0 else "/images"
            pair = rest[start : start + 2]
            wait_for(partial(self._send, http, pair, path), "an upload to get through")

    def _send(self, http: httpx.Client, seeds: range, path: str) -> bool:
        files = [("files", (f"{i}.jpg", _image(i))) for i in seeds]
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


@pytest.mark.parametrize("victim", VICTIMS)
def test_killing_a_process_loses_nothing(service: AnyService, victim: str) -> None:
    with Client(service.address) as client:
        project = client.post("/projects", {"name": f"Killed {victim}"})["id"]
    with Client(service.address, project=project) as client:
        for name in "AB":
            client.post("/classes", {"name": name})
    uploader = Uploader(service.address, project, VICTIMS.index(victim) * 1_000_000)
    uploader.start()
    try:
        kill = partial(_kill_under_way, service, victim)
        job_id = wait_for(kill, "an embedding job to be under way", pause_seconds=0.02)
    finally:
        uploader.hurt.set()
        uploader.join()
    for address in service.addresses:  # one that was killed comes back
        wait_for(partial(is_ready, address), f"{address} to be ready")

    assert len(uploader.acknowledged) == uploader.sent
    with Client(service.address, project=project) as client:
        wait_for(lambda: _embedded(client), "every image to be embedded", 400)
        listed = _all_images(client)
        assert {image["id"]: image["class_id"] for image in listed} == uploader.acknowledged
        for image in listed[:: IMAGES // 8]:
            url = f"{service.address}/images/{image['id']}/file?project={project}"
            file = httpx.get(url, timeout=PATIENCE_SECONDS)
            Image.open(io.BytesIO(file.content)).load()
        labelled = sum(label is not None for label in uploader.acknowledged.values())
        newest = client.get("/classifiers", limit=1)["classifiers"][0]
        assert sum(newest["classes"].values()) == labelled
        states = {job["state"] for job in client.get("/jobs")["jobs"] if job["kind"] == "embed"}
        assert states == {"succeeded"}
        # The job was cut off in its midst, and another worker took it up. Of two workers it may
        # be the other one that has the job.
        attempts = client.get(f"/jobs/{job_id}")["attempts"]
        both = {1, 2} if isinstance(service, ReplicatedService) else {2}
        assert attempts in (both if victim == "worker" else {1})


def _kill_under_way(service: AnyService, victim: str) -> str | None:
    """Kill the process while an embedding job is in its midst, and give the job's id."""
    if _embedding_under_way(service) is None:
        return None
    with held(service.workers()):  # no job gets on, or to its end, between the look and the kill
        job_id = _embedding_under_way(service)
        if job_id is not None:
            service.kill(victim)
        return job_id


def _embedding_under_way(service: AnyService) -> str | None:
    """Id of an embedding job that has done a part of its images, and less than half of them."""
    with Client(service.address) as client:
        for job in client.get("/jobs")["jobs"]:
            running = job["kind"] == "embed" and job["state"] == "running"
            if running and 0 < job["done"] < job["total"] / 2:
                return str(job["id"])
    return None


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
def _logs(service: AnyService) -> Iterator[None]:
    """Show the service's own words where a test failed."""
    yield
    for log in sorted(Path(service.data_dir / "logs").glob("*.log")):
        print(f"== {log.name}", *log.read_text().splitlines()[-15:], sep="\n")
