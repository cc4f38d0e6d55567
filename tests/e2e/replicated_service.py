"""A service past one machine's: two apis and two workers on one PostgreSQL and one Redis."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

from service.settings import Settings
from service.supervisor import Child, redis_command
from tests.e2e.running_service import READY_SECONDS, free_port, is_ready, prepare, wait_for
from tests.service.databases import postgres_database


@dataclass
class ReplicatedService:
    """Its processes, each started again when it dies, as Compose does it."""

    addresses: tuple[str, str]
    data_dir: Path
    children: list[Child]
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Of either api in turn: whoever asks twice is answered by both."""
        self.addresses = (self.addresses[1], self.addresses[0])
        return self.addresses[0]

    def kill(self, name: str) -> None:
        """Kill -9 the first `api` or `worker`, or `redis`."""
        process = next(child.process for child in self.children if child.name.startswith(name))
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """Process ids of the workers that run."""
        running = (child.process for child in self.children if child.name.startswith("worker"))
        return [
            process.pid for process in running if process is not None and not process.returncode
        ]

    def tend(self) -> None:
        """Start again what dies, until the end."""
        while not self._stopping.wait(0.3):
            for child in self.children:
                child.keep_alive()

    def stop(self) -> None:
        self._stopping.set()
        for child in reversed(self.children):
            child.stop()


@contextmanager
def replicated_service(data_dir: Path, encoder: Path) -> Iterator[ReplicatedService]:
    """Start all of it on a registered encoder, wait until both apis are ready; stop it afterwards.

    The processes share a data folder, as those of one host or of a shared file system do.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with postgres_database(f"handful_replicas_{uuid4().hex[:8]}") as url:
        prepare(Settings(data_dir=data_dir, database_url=url), encoder)
        service = _start(data_dir, url)
        tending = threading.Thread(target=service.tend, daemon=True)
        tending.start()
        try:
            for address in service.addresses:
                wait_for(partial(is_ready, address), f"{address} to be ready", READY_SECONDS)
            yield service
        finally:
            service.stop()
            tending.join()


def _start(data_dir: Path, database_url: str) -> ReplicatedService:
    ports = free_port(), free_port()
    socket = Settings(data_dir=data_dir).redis_socket
    shared = {
        "HANDFUL_DATA_DIR": str(data_dir),
        "HANDFUL_DATABASE_URL": database_url,
        "HANDFUL_REDIS_URL": f"redis+socket://{socket}",
        "HANDFUL_SAMPLE_PROJECT": "false",
        "HANDFUL_HUB_TIMEOUT_SECONDS": "1",
    }
    handful = [sys.executable, "-m", "service.cli"]
    logs = data_dir / "logs"
    logs.mkdir(exist_ok=True)
    children = [Child("redis", redis_command(socket), {}, logs / "redis.log")]
    for number, port in enumerate(ports, start=1):
        own = shared | {"HANDFUL_PORT": str(port)}
        children += [
            Child(f"api-{number}", [*handful, "serve"], own, logs / f"api-{number}.log"),
            Child(f"worker-{number}", [*handful, "worker"], own, logs / f"worker-{number}.log"),
        ]
    for child in children:
        child.start()
    first, second = (f"http://127.0.0.1:{port}" for port in ports)
    return ReplicatedService((first, second), data_dir, children)
