"""Cursors: where the next page of a list goes on."""

from service.domain.errors import Invalid

LARGEST = 2**31 - 1


def read_cursor(cursor: str | None) -> int | None:
    """The number in a cursor. Raises Invalid for a string that this service never gave out."""
    if not cursor:
        return None
    known = cursor.isascii() and cursor.isdigit() and len(cursor) <= 10 and int(cursor) <= LARGEST
    if not known:
        raise Invalid("bad-cursor", f"'{cursor}' is no cursor: send back 'next_cursor' as it came.")
    return int(cursor)
