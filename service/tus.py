"""Sending an archive in pieces by the tus protocol, through connections that break."""

import base64
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

PIECE_BYTES = 8 * 2**20
ATTEMPTS = 6
VERSION = {"Tus-Resumable": "1.0.0"}


def send_archive(http: httpx.Client, file: Path, tell: Callable[[int], None]) -> str:
    """Send a file; the id of its upload. `tell` gets how many bytes have arrived.

    A piece that is cut off is gone on with from what the service has. Raises httpx.HTTPError where
    that fails again and again.
    """
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        told = {"filename": file.name, "sha256": digest}
        metadata = ",".join(f"{key} {_base64(value)}" for key, value in told.items())
        size = file.stat().st_size
        headers = VERSION | {"Upload-Length": str(size), "Upload-Metadata": metadata}
        place = http.post("/uploads", headers=headers).raise_for_status().headers["Location"]
        offset, failures = 0, 0
        while offset < size:
            if os.fstat(opened.fileno()).st_size != size:
                raise OSError(f"{file} was changed while it was sent: send it again")
            try:
                offset, failures = _send_piece(http, place, opened, offset), 0
            except httpx.HTTPError:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                time.sleep(2**failures / 10)
                offset = _offset(http, place, offset)
            tell(offset)
    return str(place.rpartition("/")[2])


def _send_piece(http: httpx.Client, place: str, file: BinaryIO, offset: int) -> int:
    file.seek(offset)
    headers = VERSION | {
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    answer = http.patch(place, headers=headers, content=file.read(PIECE_BYTES))
    return int(answer.raise_for_status().headers["Upload-Offset"])


def _offset(http: httpx.Client, place: str, known: int) -> int:
    """What the service has; what it had where it does not answer."""
    try:
        answer = http.head(place, headers=VERSION).raise_for_status()
    except httpx.TransportError:
        return known
    return int(answer.headers["Upload-Offset"])


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="replace")).decode()
