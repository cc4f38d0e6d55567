"""A Hugging Face hub on this machine, which can also hang and drip."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalHub(ThreadingHTTPServer):
    """A hub on this machine: answers huggingface_hub's requests for a file, or hangs.

    `files` maps REPOSITORY/FILE to content; `hang_on` is a part of the path at which the server
    stops talking, and `drip` makes it send each file a byte at a time instead.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HubRequest)
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.hang_on: str | None = None
        self.drip = False
        self.released = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _HubRequest(BaseHTTPRequestHandler):
    server: LocalHub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.hang_on and self.server.hang_on in self.path:
            self.server.released.wait()
            return
        repository, _, filename = self.path.lstrip("/").partition("/resolve/main/")
        content = self.server.files.get(f"{repository}/{filename}")
        if content is None:
            self._miss(repository)
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self._send(content)

    def _miss(self, repository: str) -> None:
        known = any(name.startswith(f"{repository}/") for name in self.server.files)
        self.send_response(404)
        if known:
            self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes) -> None:
        if not self.server.drip:
            self.wfile.write(content)
            return
        for byte in content:
            if self.server.released.wait(0.1):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""
