"""Which addresses may be fetched."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True)
class UrlPolicy:
    """What fetching may cost and where it may go.

    Only http and https, only to public addresses and to `also`, networks named by whoever runs the
    service. All limits are those of one file, its redirects included.
    """

    also: tuple[IPv4Network | IPv6Network, ...] = ()
    max_redirects: int = 5
    timeout_seconds: float = 30.0
