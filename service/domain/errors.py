"""What can go wrong, in the domain's words; the api turns each kind into a status."""

from collections.abc import Sequence

from service.domain.entities import Rejected

# So many of a request's bad files are named in one sentence.
NAMED = 3


class DomainError(Exception):
    """An error that a caller can understand and act on.

    `code` is stable and names the case (`unknown-class`); `detail` says what was wrong,
    where, and what to do.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NotFound(DomainError):
    """The thing named does not exist."""


class Conflict(DomainError):
    """The request is well formed but cannot be met in the present state."""


class Invalid(DomainError):
    """The request itself makes no sense."""


class NoUsableFile(Invalid):
    """Not one file of a request can be used; `rejected` says why, file by file."""

    def __init__(self, rejected: Sequence[Rejected]) -> None:
        codes = {each.code.replace("_", "-") for each in rejected}
        reasons = "; ".join(f"'{each.filename}': {each.reason}" for each in rejected[:NAMED])
        more = f"; and {len(rejected) - NAMED} more" if len(rejected) > NAMED else ""
        code = codes.pop() if len(codes) == 1 else "no-usable-file"
        super().__init__(code, f"No file of this request can be used. {reasons}{more}.")
        self.rejected = list(rejected)


class TooLarge(DomainError):
    """More was sent than the service takes at once."""


class Unauthorised(DomainError):
    """The key is missing or wrong."""


class Forbidden(DomainError):
    """The request comes from where it may not come from."""


class Unavailable(DomainError):
    """The service cannot do this now; later it can."""


class StorageFull(DomainError):
    """There is no room left to keep what was sent."""
