"""Files from the web, from public addresses alone."""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from models.image_sources import UnreadableFile

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# Public by their numbers, but answered by the cloud's own services (Azure, Oracle).
_NEVER = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
# All that is handed out of IPv6; the rest is old ways to write IPv4, and networks' own.
_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
CONNECTIONS = 32


@dataclass(frozen=True)
class UrlPolicy:
    """Where fetching may go and how long it may take.

    Only http and https, only to public addresses and to `also`, networks named by whoever runs the
    service. All limits are those of one file, its redirects included.
    """

    also: tuple[Network, ...] = ()
    max_redirects: int = 5
    timeout_seconds: float = 30.0

    def allows(self, address: Address) -> bool:
        """Whether a connection to `address` may be made."""
        meant = _meant(address)
        if any(meant in network for network in self.also):
            return True
        return (
            meant.is_global
            and not meant.is_multicast
            and (meant.version == 4 or meant in _UNICAST)
            and not any(meant in network for network in _NEVER)
        )


class Fetcher(AbstractContextManager["Fetcher"]):
    """Fetches files, from any thread. No proxy of the environment is asked: it would decide."""

    def __init__(self, policy: UrlPolicy) -> None:
        self._policy = policy
        self._deadline = _Deadline()
        self._client = httpx.Client(
            transport=_Transport(policy, self._deadline),
            timeout=policy.timeout_seconds,
            follow_redirects=True,
            max_redirects=policy.max_redirects,
            headers={"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __call__(self, url: str, limit: int) -> bytes:
        """The first `limit` bytes of what is there. Raises UnreadableFile."""
        shown = url.partition("?")[0]
        self._deadline.at = time.monotonic() + self._policy.timeout_seconds
        try:
            with self._client.stream("GET", url) as response:
                if not response.is_success:
                    raise UnreadableFile(f"{shown} answers {response.status_code}")
                return self._body(response, limit)
        except _Refused as error:
            raise UnreadableFile(str(error)) from error
        except httpx.ReadTimeout as error:
            seconds = self._policy.timeout_seconds
            raise UnreadableFile(f"it took longer than {seconds:g} seconds to fetch") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise UnreadableFile(f"{shown} cannot be fetched: {error}") from error

    @staticmethod
    def _body(response: httpx.Response, limit: int) -> bytes:
        """As it is sent, since a small compressed answer may unpack to any size."""
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= limit:
                break
        return bytes(body[:limit])


def is_url(text: str) -> bool:
    """Whether a target is a URL of any scheme, not a path."""
    return "://" in text[:20]


def last_step(url: str) -> str:
    """The name of the file that a URL ends with; its host where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # it is none: whoever fetches it says so
        return url
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


class _Refused(Exception):
    """A host is none that may be connected to."""


class _Deadline(threading.local):
    """When the file that this thread fetches must be here: headers and redirects count too."""

    at = 0.0


class _Timed(httpcore.NetworkStream):
    """A connection that is not waited for beyond the deadline; httpx bounds each wait alone."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        left = self._deadline.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(*args, **kwargs), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Transport(httpx.HTTPTransport):
    """Connections are made to addresses that were checked, of every redirect too."""

    def __init__(self, policy: UrlPolicy, deadline: _Deadline) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=CONNECTIONS,
            network_backend=_Backend(policy, deadline),
        )


class _Backend(httpcore.SyncBackend):
    """Looks a name up once and connects to that address: a second answer has no say."""

    def __init__(self, policy: UrlPolicy, deadline: _Deadline) -> None:
        self._policy, self._deadline = policy, deadline

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        addresses = _lookup(host, port)
        for address in addresses:
            if not self._policy.allows(address):
                raise _Refused(f"{host} is refused: {address} is not a public address")
        return self._first_that_answers(addresses, port, args, kwargs)

    def _first_that_answers(
        self, addresses: Iterable[Address], port: int, args: Any, kwargs: Any
    ) -> Any:
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = super().connect_tcp(str(address), port, *args, **kwargs)
                return _Timed(stream, self._deadline)
            except httpcore.ConnectError as error:
                failed = error
        raise failed or httpcore.ConnectError("the host has no address")


def _lookup(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} is not known") from error
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _meant(address: Address) -> Address:
    """The IPv4 address inside of an IPv6 one, where it leads to that."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
