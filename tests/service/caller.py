"""The REST API as tests call it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol, cast

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.usecases.context import Context
from tests.pictures import Part, parts

LOCAL = "http://127.0.0.1:8000"


class Response(Protocol):
    """What httpx, and what Starlette's test client answers with."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def is_success(self) -> bool: ...
    def json(self) -> Any: ...


@contextmanager
def running_service(settings: Settings, address: str = LOCAL) -> Iterator["Caller"]:
    """A service on these settings in this process, and its caller.

    Its upkeep rests: at moments of its own it would make jobs and versions that tests count. They
    call it where they want it.
    """
    with without_upkeep(), TestClient(create_app(settings), base_url=address) as client:
        yield Caller(client)


@contextmanager
def without_upkeep() -> Iterator[None]:
    """A service that starts within it does nothing by itself."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("service.app._repeating", lambda *_: nullcontext())
        yield


class Caller:
    """Short forms of the calls that most tests make; every answer must be a success."""

    def __init__(self, client: TestClient) -> None:
        self.http = client

    @property
    def context(self) -> Context:
        """The application's own context, with its caches."""
        return cast(Context, self.http.app.state.context)  # type: ignore[attr-defined]

    def get(self, path: str, **params: Any) -> Any:
        """GET, decoded."""
        return _body(self.http.get(path, params=params))

    def post(self, path: str, body: dict[str, Any] | None = None, **params: Any) -> Any:
        """POST JSON, decoded."""
        return _body(self.http.post(path, json=body, params=params))

    def patch(self, path: str, body: dict[str, Any], **params: Any) -> Any:
        """PATCH JSON, decoded."""
        return _body(self.http.patch(path, json=body, params=params))

    def put(self, path: str, body: dict[str, Any], **params: Any) -> Any:
        """PUT JSON, decoded."""
        return _body(self.http.put(path, json=body, params=params))

    def delete(self, path: str, **params: Any) -> None:
        """DELETE."""
        _body(self.http.delete(path, params=params))

    def send(self, path: str, files: Sequence[Part], **params: Any) -> Any:
        """POST files, decoded."""
        return _body(self.http.post(path, files=files, params=params))

    def make_class(self, name: str, **params: Any) -> str:
        """Make a class; its id."""
        return str(self.post("/classes", {"name": name}, **params)["id"])

    def label(self, class_id: str, files: Sequence[Part], **params: Any) -> Any:
        """Add files as examples of a class."""
        return self.send(f"/classes/{class_id}/examples", files, **params)

    def teach(self, *colours: str, each: int = 3, **params: Any) -> None:
        """Make a class for each colour and label some pictures of it."""
        for colour in colours:
            self.label(self.make_class(colour, **params), parts(colour, range(each)), **params)


def problem_of(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem in a response, checked for its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = cast(dict[str, Any], response.json())
    assert problem["status"] == status
    assert problem["type"] == f"https://handful.dev/problems/{code}"
    assert len(problem["detail"]) > 15
    return problem


def _body(response: Response) -> Any:
    assert response.is_success, response.text
    return response.json() if response.content else None
