"""A large import through a running service, its worker killed on the way: the timeline.

    python -m tests.benchmarks.large_import --kills 2 --json FILE ARCHIVE.zip ...

Starts `handful up` in an empty folder, imports the archives as jobs, kills the worker with -9 at
equal parts of the way, waits until every image is embedded, and then counts what is there against
the archives themselves: nothing may be missing and nothing doubled. One api and one worker share
the machine's cores here; both jobs are spread over all workers that a deployment has.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from service.client import ApiError, Client
from tests.e2e.running_service import RunningService, running_service

ROW_SECONDS = 20.0
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class Moment:
    """Where the service stood: images in the pool, of them embedded, and what was done to it."""

    seconds: float
    images: int
    embedded: int
    event: str = ""


class Import:
    """Archives on their way into one service."""

    def __init__(self, service: RunningService, archives: Sequence[Path], kills: int) -> None:
        self._service = service
        self._client = Client(service.address)
        self._kills = kills
        self._expected = count_contents(archives)
        self._archives = archives
        self.moments: list[Moment] = []

    def run(self) -> None:
        """Until every image is embedded. Raises AssertionError where the counts are wrong."""
        started = time.monotonic()
        jobs = [self._start(archive) for archive in self._archives]
        killed, last_row = 0, -ROW_SECONDS
        while True:
            elapsed = time.monotonic() - started
            assert elapsed < LONGEST_SECONDS, f"not done after {elapsed:.0f} s"
            images, embedded = self._counts()
            done = embedded == self._expected and self._all_over(jobs)
            event = "all embedded" if done else ""
            # The way is half importing, half embedding.
            if not done and killed < self._kills:
                way = (images + embedded) / 2 / self._expected
                if way > (killed + 1) / (self._kills + 1):
                    self._service.kill("worker")
                    killed += 1
                    event = "worker killed (-9)"
            if event or elapsed - last_row >= ROW_SECONDS:
                self._note(Moment(elapsed, images, embedded, event))
                last_row = elapsed
            if done:
                break
            time.sleep(1)
        self._check(jobs)

    def _start(self, archive: Path) -> str:
        payload = {"source": str(archive), "labels": "reference"}
        job: dict[str, Any] = self._client.post("/jobs", {"kind": "import", "payload": payload})
        return str(job["id"])

    def _counts(self) -> tuple[int, int]:
        with suppress(httpx.TransportError, ApiError):
            page = self._client.get("/images", limit=1)
            return page["total"], page["total"] - page["pending"]
        last = self.moments[-1] if self.moments else Moment(0, 0, 0)
        return last.images, last.embedded

    def _all_over(self, jobs: Sequence[str]) -> bool:
        with suppress(httpx.TransportError, ApiError):
            return all(self._client.get(f"/jobs/{job}")["finished_at"] for job in jobs)
        return False

    def _note(self, moment: Moment) -> None:
        self.moments.append(moment)
        print(
            f"| {moment.seconds:6.0f} | {moment.images:7,} | {moment.embedded:7,} "
            f"| {moment.event} |",
            flush=True,
        )

    def _check(self, jobs: Sequence[str]) -> None:
        ended = [self._client.get(f"/jobs/{job}") for job in jobs]
        assert [job["state"] for job in ended] == ["succeeded"] * len(jobs), ended
        assert self._counts() == (self._expected, self._expected)


def count_contents(archives: Sequence[Path]) -> int:
    """How many different files the archives hold."""
    contents = set()
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir():
                    contents.add(hashlib.sha256(opened.read(info)).digest())
    return len(contents)


def time_calls(client: Client) -> dict[str, float]:
    """Seconds that the page's calls take on the whole pool, the second time as users feel it."""
    image_id = client.get("/images", limit=1)["items"][0]["id"]
    calls = {
        "GET /images": lambda: client.get("/images", limit=100),
        "GET /suggestions": lambda: client.get("/suggestions", limit=24),
        "GET /images/{id}/neighbours": lambda: client.get(f"/images/{image_id}/neighbours"),
        "POST /search": lambda: client.post("/search", {"image_ids": [image_id]}),
    }
    seconds = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        seconds[name] = time.perf_counter() - start
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    archives = [archive.resolve() for archive in arguments.archives]
    roots = os.pathsep.join(sorted({str(archive.parent) for archive in archives}))
    with tempfile.TemporaryDirectory() as folder:
        print("| seconds | in the pool | embedded | |\n|---|---|---|---|")
        with running_service(Path(folder), HANDFUL_IMPORT_ROOTS=roots) as service:
            running = Import(service, archives, arguments.kills)
            running.run()
            with Client(service.address) as client:
                seconds = time_calls(client)
    for name, each in seconds.items():
        print(f"{name}: {1000 * each:.0f} ms")
    if arguments.json:
        report = {"timeline": [asdict(moment) for moment in running.moments], "calls": seconds}
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
