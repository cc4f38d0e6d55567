"""Files from the web: public addresses alone, whatever a name says the second time."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from service.interchange import UnreadableFile, UrlPolicy
from service.interchange.urls import Fetcher
from tests.service.interchange.reading import read
from tests.stopwatch import Stopwatch

LOCAL = UrlPolicy(also=(ip_network("127.0.0.1/32"),))
LIMIT = 10**6


class Handler(BaseHTTPRequestHandler):
    """Answers by the path, and keeps which paths were asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        kind, _, rest = self.path.strip("/").partition("/")
        if kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.end_headers()
        elif kind == "headers":
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
            self._drip()
        elif kind == "drip":
            self._answer(200, length=1000)
            self._drip()
        else:
            self._answer(404 if kind.startswith("missing") else 200, length=len(self.path))
            self.wfile.write(self.path.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""

    def _answer(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _drip(self) -> None:
        stop = threading.Event()
        try:
            for _ in range(1000):
                self.wfile.write(b".")
                self.wfile.flush()
                stop.wait(0.05)
        except OSError:
            pass  # the client has had enough


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """Answers on 127.0.0.1."""
    handler = type("OneServer", (Handler,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def asked(server: ThreadingHTTPServer) -> list[str]:
    return server.RequestHandlerClass.asked  # type: ignore[attr-defined]


def address(server: ThreadingHTTPServer, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}"


def fetch(url: str, policy: UrlPolicy, limit: int = LIMIT) -> bytes:
    with Fetcher(policy) as fetcher:
        return fetcher(url, limit)


def test_a_file_is_fetched_up_to_its_limit(server: ThreadingHTTPServer) -> None:
    assert fetch(f"{address(server)}/cat.png?size=2", LOCAL) == b"/cat.png?size=2"
    assert fetch(f"{address(server)}/cat.png", LOCAL, limit=4) == b"/cat"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"]
)
def test_this_machine_is_refused_by_any_name(server: ThreadingHTTPServer, host: str) -> None:
    with pytest.raises(UnreadableFile, match=r"is not a public address|cannot be fetched"):
        fetch(f"{address(server, host)}/secret", UrlPolicy())
    assert asked(server) == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "100.64.0.1"),
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1"),
        *("255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"),
        *("::7f00:1", "fec0::2", "64:ff9b:1::a00:1"),
    ],
)
def test_no_address_of_a_network_s_own_is_allowed(address: str) -> None:
    assert not UrlPolicy().allows(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert UrlPolicy().allows(ip_address(address))


def test_a_redirect_is_followed_where_that_may_be_fetched(server: ThreadingHTTPServer) -> None:
    assert fetch(f"{address(server)}/to/{address(server)}/cat.png", LOCAL) == b"/cat.png"


@pytest.mark.parametrize("target", ["http://127.0.0.2:{port}/x", "http://169.254.169.254/latest"])
def test_a_redirect_to_a_refused_address_is_refused(
    server: ThreadingHTTPServer, target: str
) -> None:
    url = f"{address(server)}/to/{target.format(port=server.server_port)}"
    with pytest.raises(UnreadableFile, match="is not a public address"):
        fetch(url, LOCAL)
    assert len(asked(server)) == 1


def test_a_redirect_to_a_file_is_refused(server: ThreadingHTTPServer) -> None:
    with pytest.raises(UnreadableFile, match="cannot be fetched"):
        fetch(f"{address(server)}/to/file:///etc/passwd", LOCAL)


def test_redirects_in_a_circle_end(server: ThreadingHTTPServer) -> None:
    url = address(server) + "/to/" * 9 + "end"
    with pytest.raises(UnreadableFile, match="cannot be fetched"):
        fetch(url, LOCAL)
    assert len(asked(server)) == LOCAL.max_redirects + 1


def test_a_name_that_means_another_address_the_second_time_leads_nowhere_else(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    answers = iter(["127.0.0.3", "127.0.0.1", "127.0.0.1"])

    def lookup(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        found = next(answers) if host == "rebind.test" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    checked = UrlPolicy(also=(ip_network("127.0.0.3/32"),), timeout_seconds=2)
    with pytest.raises(UnreadableFile, match="cannot be fetched"):  # nobody listens on 127.0.0.3
        fetch(f"{address(server, 'rebind.test')}/secret", checked)
    with pytest.raises(UnreadableFile, match=r"127\.0\.0\.1 is not a public address"):
        fetch(f"{address(server, 'rebind.test')}/secret", checked)
    assert asked(server) == []


def test_a_name_with_one_private_address_among_others_is_refused(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        return [(2, 1, 6, "", (each, port)) for each in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(UnreadableFile, match=r"two\.test is refused"):
        fetch(f"{address(server, 'two.test')}/secret", UrlPolicy())


@pytest.mark.parametrize("path", ["drip", "headers"])
def test_a_file_that_comes_too_slowly_is_given_up(server: ThreadingHTTPServer, path: str) -> None:
    slow = UrlPolicy(also=LOCAL.also, timeout_seconds=0.3)
    watch = Stopwatch()
    with pytest.raises(UnreadableFile, match=r"longer than 0\.3 seconds"):
        fetch(f"{address(server)}/{path}", slow)
    assert watch.seconds < 20, "it drips for fifty seconds"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("{server}/missing", "answers 404"),
        ("ftp://example.org/x", "cannot be fetched"),
        ("file:///etc/passwd", "cannot be fetched"),
        ("http://", "cannot be fetched"),
        ("http://[bad", "cannot be fetched"),
        ("http://no-such-name.invalid/x", "is not known"),
    ],
)
def test_what_cannot_be_fetched_says_why(
    server: ThreadingHTTPServer, url: str, reason: str
) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        fetch(url.format(server=address(server)), LOCAL)


def test_an_address_that_is_none_costs_its_own_row_alone(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("url\nhttp://[1/a.png\nhttp://a:x/b.png\n")
    one, other = read(tmp_path / "1.csv")
    assert "cannot be fetched" in str(one.content)
    assert "cannot be fetched" in str(other.content)


def test_a_secret_of_an_address_is_not_repeated(server: ThreadingHTTPServer) -> None:
    with pytest.raises(UnreadableFile) as caught:
        fetch(f"{address(server)}/missing?signature=s3cret", LOCAL)
    assert "s3cret" not in str(caught.value)


def test_a_table_of_addresses_is_fetched_each_when_it_is_read(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    here = address(server)
    (tmp_path / "x.csv").write_text(f"url,label\n{here}/a%20b.png?x=1,cat\n{here}/missing,\n")
    found = read(tmp_path / "x.csv", urls=LOCAL)
    assert [(file.name, file.label) for file in found] == [("a b.png", "cat"), ("missing", None)]
    assert found[0].content == b"/a%20b.png?x=1"
    assert "answers 404" in str(found[1].content)
