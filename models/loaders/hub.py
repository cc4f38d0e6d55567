"""Files of the Hugging Face hub: cached ones at once, others within a stated time."""

import queue
import threading
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    GatedRepoError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)

from models.errors import EncoderError


class MissingHubFileError(EncoderError):
    """The hub answered: the repository is there, the file is not."""


@dataclass(frozen=True)
class Hub:
    """Where files come from, and how long they may take.

    `answer_timeout_seconds` bounds the first, small file, `download_timeout_seconds` each one
    after it. `cache_folder` and `endpoint` default to huggingface_hub's own.
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

    def _file(self, repository: str, filename: str, timeout_seconds: float) -> Path:
        cached = try_to_load_from_cache(repository, filename, cache_dir=self.cache_folder)
        if isinstance(cached, str):
            return Path(cached)
        return self._download(repository, filename, timeout_seconds)

    def _download(self, repository: str, filename: str, timeout_seconds: float) -> Path:
        """Download in a thread of its own: huggingface_hub bounds each read, never the whole.

        A thread that ran out of time is left to end by itself; whatever it still completes lies
        in the cache for the next call.
        """
        answers: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

        def download() -> None:
            url = hf_hub_url(repository, filename, endpoint=self.endpoint)
            try:
                # hf_hub_download tries five times; where there is no network, one try says so.
                # Its own limit is the later one, so that it ends the thread and not the wait.
                get_hf_file_metadata(url, timeout=timeout_seconds + 1, endpoint=self.endpoint)
                path = hf_hub_download(
                    repository, filename, cache_dir=self.cache_folder, endpoint=self.endpoint
                )
                answers.put(path)
            except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
                answers.put(error)

        threading.Thread(target=download, daemon=True).start()
        try:
            answer = answers.get(timeout=timeout_seconds)
        except queue.Empty:
            raise EncoderError(
                f"the hub did not deliver {filename} of {repository} in {timeout_seconds:g} s."
            ) from None
        if isinstance(answer, Exception):
            raise _explained(answer, repository, filename) from answer
        return Path(answer)


def _explained(error: Exception, repository: str, filename: str) -> EncoderError:
    match error:
        case GatedRepoError():
            return EncoderError(f"{repository} is gated: accept its terms, then set HF_TOKEN.")
        case RepositoryNotFoundError():
            return EncoderError(f"the hub has no public repository {repository}: check its name.")
        case RemoteEntryNotFoundError():
            return MissingHubFileError(
                f"{repository} has no file {filename}: it is no such encoder."
            )
        case _:
            reason = str(error.__cause__ or error).strip().split("\n")[0]
            return EncoderError(f"the hub could not deliver {filename} of {repository}: {reason}.")
