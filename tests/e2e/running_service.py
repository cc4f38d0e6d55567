"""A whole service, started as its user would, in a folder and on a port of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import TypeVar

import httpx

from models.manifest import load_manifest
from service.settings import Settings
from service.usecases.context import create_context
from service.usecases.encoders import enter_encoder
from service.usecases.projects import ensure_default_project

T = TypeVar("T")

# How long is waited for what must come: a busy machine is slow, not wrong.
READY_SECONDS = 300.0
PATIENCE_SECONDS = 180.0


@dataclass
class RunningService:
    """`handful up` as a process, and a way to its children."""

    process: subprocess.Popen[bytes]
    address: str
    data_dir: Path
    log: Path

    @property
    def addresses(self) -> tuple[str, ...]:
        """Of every api: there is one."""
        return (self.address,)

    def child(self, name: str) -> int | None:
        """Process id of `api`, `worker` or `redis`, or None while there is none."""
        words = {"api": "cli serve", "worker": "cli worker", "redis": "redis-server"}[name]
        for pid in _children(self.process.pid):
            if words in _command(pid):
                return pid
        return None

    def kill(self, name: str) -> None:
        """Kill -9 a child."""
        pid = wait_for(lambda: self.child(name), f"the {name} to run")
        os.kill(pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """Process ids of the workers that run."""
        return [pid for pid in [self.child("worker")] if pid is not None]

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def stop(self) -> int:
        """Interrupt it, and wait for its end; the exit status."""
        self.interrupt()
        return self.process.wait(PATIENCE_SECONDS)

    def descendants(self) -> list[int]:
        """All processes that the service started."""
        return _children(self.process.pid)


def prepare(settings: Settings, encoder: Path) -> None:
    """Leave what a first start leaves: schema, default project, and this registered encoder.

    Registering imports torch and exports the encoder, which takes longer than all else of a start.
    """
    shutil.copytree(encoder, settings.encoders_dir / encoder.name)
    context = create_context(settings)
    ensure_default_project(context)
    enter_encoder(context, settings.encoder, load_manifest(encoder))
    context.database.close()


@contextmanager
def running_service(data_dir: Path, **settings: str) -> Iterator[RunningService]:
    """Start the service, wait until it is ready, and stop it afterwards."""
    service = start_service(data_dir, **settings)
    try:
        wait_until_ready(service)
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def start_service(data_dir: Path, **settings: str) -> RunningService:
    """Start `handful up`, without waiting."""
    port = free_port()
    environment = os.environ | {
        "HANDFUL_DATA_DIR": str(data_dir),
        "HANDFUL_PORT": str(port),
        "HANDFUL_SAMPLE_PROJECT": "false",
        "HANDFUL_HUB_TIMEOUT_SECONDS": "1",
        **settings,
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "up.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "up"],
            env=environment,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[2],
        )
    return RunningService(process, f"http://127.0.0.1:{port}", data_dir, log)


def wait_until_ready(service: RunningService) -> None:
    """Wait for /health/ready; raises with the logs where the service ends or takes too long."""

    def ready() -> bool:
        if service.process.poll() is not None:
            raise AssertionError(f"the service ended: {service.log.read_text()}")
        return is_ready(service.address)

    wait_for(ready, "the service to be ready", READY_SECONDS)


def is_ready(address: str) -> bool:
    """Whether an api answers that all its parts are in order."""
    try:
        return httpx.get(f"{address}/health/ready", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def held(pids: Sequence[int]) -> Iterator[None]:
    """Have processes stand still for a while: what is under way stays so, whatever else is slow."""
    try:
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        wait_for(lambda: all(map(_stands_still, pids)), "the processes to stand still")
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def wait_for(
    check: Callable[[], T | None],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    pause_seconds: float = 0.2,
) -> T:
    """Wait until the check gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(pause_seconds)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def free_port() -> int:
    """A port that nothing listens on, below those that connections to elsewhere are given."""
    while True:
        port = SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended
        os.kill(pid, number)


def _stands_still(pid: int) -> bool:
    """Whether each of its threads is stopped, or at its end."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(_state_in(thread) in "TtZX" for thread in threads)


def _state_in(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
