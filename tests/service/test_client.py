"""The REST API from Python, over a real socket."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from service.app import create_app
from service.client import BYTES_PER_REQUEST, FILES_PER_REQUEST, ApiError, Client, batches
from service.usecases.context import Context
from tests.pictures import png
from tests.service.server import serve


@pytest.fixture
def address(context: Context) -> Iterator[str]:
    with serve(create_app(context.settings)) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def test_calls_go_to_the_clients_project(address: str, client: Client) -> None:
    assert client.post("/projects", {"name": "Other"})["id"] == "other"
    with Client(address, project="other") as other:
        other.post("/classes", {"name": "Red"})
        assert [each["id"] for each in other.get("/classes")["classes"]] == ["red"]
    assert client.get("/classes") == {"classes": []}


def test_a_refusal_is_told_in_the_services_own_words(client: Client) -> None:
    with pytest.raises(ApiError, match="404: There is no class 'nobody'"):
        client.get("/classes/nobody")


def test_many_files_go_in_requests_of_their_own(client: Client) -> None:
    files = [(f"{seed}.png", png("red", seed)) for seed in range(FILES_PER_REQUEST + 1)]
    answers = list(client.upload("/images", files, reference_label="Red"))
    assert [len(answer["images"]) for answer in answers] == [FILES_PER_REQUEST, 1]


def test_a_request_is_bounded_in_bytes_and_holds_at_least_one_file() -> None:
    half = bytes(BYTES_PER_REQUEST // 2)
    sizes = [len(each) for each in batches([("a", half), ("b", half), ("c", b"1"), ("d", half)])]
    assert sizes == [2, 2]
    assert len(list(batches([("huge", half * 3), ("small", b"1")]))) == 2
    assert list(batches([])) == []


def test_a_request_of_bad_files_alone_does_not_stop_the_others(client: Client) -> None:
    bad = [(f"{number}.txt", b"words") for number in range(FILES_PER_REQUEST)]
    first, second = client.upload("/images", [*bad, ("red.png", png("red"))])
    assert (first["images"], len(first["rejected"])) == ([], FILES_PER_REQUEST)
    assert [each["filename"] for each in second["images"]] == ["red.png"]


def test_other_refusals_of_an_upload_stop_it(client: Client) -> None:
    with pytest.raises(ApiError, match="no class"):
        list(client.upload("/classes/nobody/examples", [("red.png", png("red"))]))


def test_a_key_is_sent_along(context: Context) -> None:
    locked = context.settings.model_copy(update={"api_key": SecretStr("secret")})
    with serve(create_app(locked)) as address:
        with Client(address, key="secret") as client:
            assert client.get("/classes") == {"classes": []}
        with Client(address) as client, pytest.raises(ApiError, match="Authorization"):
            client.get("/classes")


def test_a_download_that_breaks_leaves_what_was_there_before(tmp_path: Path) -> None:
    out = tmp_path / "animals.zip"
    out.write_bytes(b"of yesterday")
    with (
        broken_download() as address,
        Client(address) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.download_to("/jobs/1/file", out)
    assert out.read_bytes() == b"of yesterday"
    assert list(tmp_path.iterdir()) == [out]


@contextmanager
def broken_download() -> Iterator[str]:
    """Address of a server that promises a thousand bytes and closes after four."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()
