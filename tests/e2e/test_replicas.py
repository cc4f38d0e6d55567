"""Two apis and two workers on one PostgreSQL and one Redis answer as one service."""

import io
import json
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from service.client import Client
from tests.e2e.replicated_service import ReplicatedService
from tests.e2e.running_service import wait_for

pytestmark = pytest.mark.timeout(600)
COLOURS = {"Red": (220, 30, 30), "Blue": (30, 30, 220)}


@pytest.fixture
def both(replicas: ReplicatedService, request: pytest.FixtureRequest) -> Iterator[list[Client]]:
    """A client of each replica, on a fresh project."""
    first, second = replicas.addresses
    with Client(first) as client:
        project = client.post("/projects", {"name": request.node.name[:60]})["id"]
    with Client(first, project=project) as one, Client(second, project=project) as other:
        yield [one, other]


def test_every_label_given_to_one_is_known_to_the_other_at_once(both: list[Client]) -> None:
    for number, (name, colour) in enumerate(COLOURS.items()):
        teller, listener = both[number], both[1 - number]
        teller.post("/classes", {"name": name})
        files = [(f"{i}.png", _picture(colour, i)) for i in range(3)]
        (answer,) = teller.upload(f"/classes/{name.lower()}/examples", files)
        (asked,) = listener.upload("/predict", [("asked.png", _picture(colour, 9))])

        assert asked["classifier"]["version"] == answer["classifier_version"]
        assert asked["predictions"][0]["label"] == name


def test_images_sent_to_either_are_embedded_and_found_through_both(both: list[Client]) -> None:
    for number, client in enumerate(both):
        files = [(f"{number}-{i}.png", _picture((9 * i, 90 * number, 200), i)) for i in range(24)]
        list(client.upload("/images", files))
    wait_for(lambda: _is_over(both[0]), "all to be embedded")

    listed = [client.get("/images", limit=100)["items"] for client in both]
    asked = listed[0][0]["id"]
    alike = [client.get(f"/images/{asked}/neighbours", limit=47) for client in both]

    assert len(listed[0]) == 48
    assert listed[0] == listed[1]
    assert len(alike[0]["neighbours"]) == 47
    assert alike[0] == alike[1]


def test_a_job_of_one_is_followed_through_the_other(
    both: list[Client], replicas: ReplicatedService
) -> None:
    files = [(f"{i}.png", _picture((i, 9, 9), i)) for i in range(40)]
    (answer,) = both[0].upload("/images", files)
    events = f"{replicas.addresses[1]}/jobs/{answer['job_id']}/events"

    with httpx.stream("GET", events, timeout=180) as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]

    assert told[-1]["state"] == "succeeded"


def _is_over(client: Client) -> bool:
    """Whether images are embedded, and copies among them flagged: a job does that at its end."""
    embeds = client.get("/jobs", kind="embed")["jobs"]
    idle = all(job["state"] not in ("queued", "running") for job in embeds)
    return idle and not client.get("/images", limit=1)["pending"]


def _picture(colour: tuple[int, int, int], seed: int) -> bytes:
    file = io.BytesIO()
    image = Image.new("RGB", (48, 48), colour)
    image.putpixel((seed % 48, seed // 48), (255, 255, 255))
    image.save(file, "PNG")
    return file.getvalue()
