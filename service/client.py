"""The REST API from Python: what the command line, the sample and scripts call."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from service.tus import send_archive

FILES_PER_REQUEST = 64
# Far below what the service takes in one request, with room for the one largest file.
BYTES_PER_REQUEST = 24 * 1024**2
NOTHING_TAKEN: dict[str, Any] = {
    "images": [],
    "examples": [],
    "predictions": [],
    "classifier_version": None,
}
NamedFile = tuple[str, bytes]


class ApiError(RuntimeError):
    """The service refused; the message is its own."""


class Client:
    """A connection to a running service, on one project."""

    def __init__(self, address: str, *, project: str = "default", key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=address, headers=headers, params={"project": project}, timeout=120
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """GET a resource. Raises ApiError with the service's own words."""
        return self._answer(self._http.get(path, params=params))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON. Raises ApiError with the service's own words."""
        return self._answer(self._http.post(path, json=body))

    @property
    def host(self) -> str:
        """Name or address of the machine that the service runs on."""
        return self._http.base_url.host

    def send_archive(self, file: Path, tell: Callable[[int], None]) -> str:
        """Upload a file in pieces, resumed where the connection breaks; the upload's id."""
        try:
            return send_archive(self._http, file, tell)
        except httpx.HTTPStatusError as error:
            _accepted(error.response)
            raise

    def download_to(self, path: str, file: Path, **params: Any) -> None:
        """GET a file: it is whole, or what was there before. Raises ApiError."""
        partial = file.with_name(f".{file.name}.partial")
        try:
            with self._http.stream("GET", path, params=params) as response:
                if not response.is_success:
                    response.read()
                    _accepted(response)
                with partial.open("wb") as target:
                    target.writelines(response.iter_bytes())
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)

    def upload(self, path: str, files: Iterable[NamedFile], **fields: str) -> Iterator[Any]:
        """POST named files in bounded requests; one answer a request.

        Each file is taken from `files` when its request comes: a generator may read it then.
        Where none of a request's files is usable the answer says so in `rejected`, like others.
        """
        for some in batches(files):
            parts = [("files", (name, data)) for name, data in some]
            response = self._http.post(path, files=parts, data=fields)
            rejected = _rejected(response)
            yield NOTHING_TAKEN | {"rejected": rejected} if rejected else self._answer(response)

    def _answer(self, response: httpx.Response) -> Any:
        accepted = _accepted(response)
        return accepted.json() if accepted.content else None


def batches(files: Iterable[NamedFile]) -> Iterator[list[NamedFile]]:
    """Files for one request each: bounded in number and in bytes, but at least one file."""
    batch: list[NamedFile] = []
    size = 0
    for name, data in files:
        if batch and (len(batch) == FILES_PER_REQUEST or size + len(data) > BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append((name, data))
        size += len(data)
    if batch:
        yield batch


def _accepted(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text[:200]
    raise ApiError(f"{response.status_code}: {detail}")


def _rejected(response: httpx.Response) -> list[dict[str, str]]:
    """Why each file was refused, where none of the request's files is usable."""
    if response.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
        return []
    rejected: list[dict[str, str]] = response.json().get("rejected", [])
    return rejected
