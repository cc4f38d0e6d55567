"""Files of the Hugging Face hub: cached ones at once, others within a stated time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import (
    _CACHED_NO_EXIST,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    GatedRepoError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # lazily exported
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from models.errors import EncoderError

T = TypeVar("T")


class MissingHubFileError(EncoderError):
    """The hub answered: the repository is there, the file is not."""


@dataclass(frozen=True)
class Hub:
    """Where files come from, and how long they may take.

    `answer_timeout_seconds` bounds the wait for any file's first byte and for the rest of the
    first, small file; `download_timeout_seconds` for the rest of any other.
    `cache_folder` and `endpoint` default to huggingface_hub's own.
    """

    answer_timeout_seconds: float = 4.0
    download_timeout_seconds: float = 1800.0
    cache_folder: Path | None = None
    endpoint: str | None = None

    def ask(self, repository: str, filename: str) -> Path:
        """A small file, which also tells whether the hub can be reached at all."""
        return self._file(repository, filename, self.answer_timeout_seconds)

    def fetch(self, repository: str, filename: str) -> Path:
        """A large file."""
        return self._file(repository, filename, self.download_timeout_seconds)

    def cached(self, repository: str, filename: str) -> Path | None:
        """A file that is here already."""
        found = try_to_load_from_cache(repository, filename, cache_dir=self.cache_folder)
        return Path(found) if isinstance(found, str) else None

    def _file(self, repository: str, filename: str, timeout_seconds: float) -> Path:
        found = try_to_load_from_cache(repository, filename, cache_dir=self.cache_folder)
        if found is _CACHED_NO_EXIST:
            raise _missing(repository, filename)
        if isinstance(found, str):
            return Path(found)
        try:
            _within(self.answer_timeout_seconds, lambda: self._first_byte(repository, filename))
            return _within(timeout_seconds, lambda: self._whole(repository, filename))
        except TimeoutError as error:
            raise EncoderError(
                f"the hub did not deliver {filename} of {repository} in {error}."
            ) from None
        except Exception as error:
            raise _explained(error, repository, filename) from error

    def _first_byte(self, repository: str, filename: str) -> None:
        """See that the file comes, from wherever the hub sends us for it.

        hf_hub_download tries five times; where there is no network, one try says so. Its limit is
        later than the caller's, so that it ends the thread and not the wait.
        """
        url = hf_hub_url(repository, filename, endpoint=self.endpoint)
        headers = build_hf_headers() | {"Range": "bytes=0-0"}
        limit = self.answer_timeout_seconds + 1
        with get_session().stream(
            "GET", url, headers=headers, timeout=limit, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            next(response.iter_raw(), None)

    def _whole(self, repository: str, filename: str) -> Path:
        path = hf_hub_download(
            repository, filename, cache_dir=self.cache_folder, endpoint=self.endpoint
        )
        return Path(path)


def _within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns, from a thread of its own: huggingface_hub bounds each read, no whole.

    Raises TimeoutError. A thread that ran out of time is left to end by itself; whatever it still
    completes lies in the cache for the next call.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise TimeoutError(f"{seconds:g} s")
    return future.result()


def _missing(repository: str, filename: str) -> MissingHubFileError:
    return MissingHubFileError(f"{repository} has no file {filename}: it is no such encoder.")


def _explained(error: Exception, repository: str, filename: str) -> EncoderError:
    match error:
        case GatedRepoError():
            return EncoderError(f"{repository} is gated: accept its terms, then set HF_TOKEN.")
        case RepositoryNotFoundError():
            return EncoderError(f"the hub has no public repository {repository}: check its name.")
        case RemoteEntryNotFoundError():
            return _missing(repository, filename)
        case _:
            reason = str(error.__cause__ or error).strip().split("\n")[0]
            return EncoderError(f"the hub could not deliver {filename} of {repository}: {reason}.")
