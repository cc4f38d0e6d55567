"""What one request may hold, over real sockets too."""

from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from service.app import create_app
from service.usecases.context import Context
from tests.pictures import encoded, part, png
from tests.service.caller import Caller, problem_of
from tests.service.server import serve

MIB = b"\0" * 2**20


@pytest.fixture
def two_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDFUL_MAX_REQUEST_MB", "2")


@pytest.fixture
def address(two_mib: None, context: Context) -> Iterator[str]:
    """A service behind a real socket."""
    with serve(create_app(context.settings)) as address:
        yield address


HEAD = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
LENGTH = {"Content-Length": str(len(HEAD) + 200 * len(MIB) + len(TAIL))}


def two_hundred_mib() -> Iterator[bytes]:
    """A multipart body that is made as it is sent."""
    yield HEAD
    for _ in range(200):
        yield MIB
    yield TAIL


@pytest.mark.parametrize("length", [{}, LENGTH], ids=["unsaid", "said"])
def test_a_huge_upload_is_refused_whether_or_not_it_says_its_length(
    address: str, length: dict[str, str]
) -> None:
    with httpx.Client(base_url=address, timeout=120) as client:
        headers = MULTIPART | length
        refused = client.post("/images", content=two_hundred_mib(), headers=headers)
        problem = problem_of(refused, 413, "request-too-large")
        assert "HANDFUL_MAX_REQUEST_MB" in problem["detail"]
        sent = client.post("/images", files=[part(png("red"))])
        assert sent.status_code == 201, "the service goes on after it"
        assert client.get("/images").json()["total"] == 1


def test_a_huge_json_body_without_a_length_is_refused_too(address: str) -> None:
    refused = httpx.post(
        f"{address}/classes",
        content=(MIB for _ in range(4)),
        headers={"Content-Type": "application/json"},
        timeout=120,
    )
    problem_of(refused, 413, "request-too-large")


def test_a_request_at_the_limit_is_taken(two_mib: None, api: Caller) -> None:
    full = 2 * 2**20 - 400  # the rest is the multipart frame
    refused = api.http.post("/images", files=[part(b"\0" * full)])
    problem_of(refused, 422, "not-an-image")
    over = api.http.post("/images", files=[part(b"\0" * (2 * 2**20))])
    problem_of(over, 413, "request-too-large")


@pytest.mark.parametrize("length", [{}, {"Content-Length": str(5 * 2**20)}], ids=["unsaid", "said"])
def test_a_message_is_bounded_more_narrowly_than_files(api: Caller, length: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json"} | length
    body = (b"[" * 2**20 for _ in range(5))
    refused = api.http.post("/labels", content=body, headers=headers)
    problem_of(refused, 413, "request-too-large")
    sent = api.http.post("/images", files=[part(png("red")), part(b"\0" * 5 * 2**20)])
    assert sent.status_code == 201
    labels = [{"image_id": 2**31 - 1 - n, "class_id": "a" * 100} for n in range(10_000)]
    full = api.http.post("/labels", json={"labels": labels})
    assert full.status_code == 404, "it was read, and names no image of the pool"


def test_who_has_not_shown_the_key_can_send_no_more_than_one(api: Caller) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for kind in ({"Content-Type": "application/json"}, headers):
        refused = api.http.post("/session", content=b"[" * 2**15, headers=kind)
        problem_of(refused, 413, "request-too-large")


def test_thousands_of_files_in_one_request_are_refused_as_a_whole(api: Caller) -> None:
    picture = encoded(Image.new("RGB", (1, 1)))
    refused = api.http.post("/images", files=[part(picture) for _ in range(5000)])
    assert "1000" in problem_of(refused, 413, "too-many-files")["detail"]
    assert api.get("/images")["total"] == 0
    as_many = api.send("/images", [part(picture) for _ in range(1000)])
    assert len(as_many["images"]) == 1000
