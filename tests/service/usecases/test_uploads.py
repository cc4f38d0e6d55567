"""Archives that arrive in pieces: interrupted, resumed, checked, imported and dropped."""

import base64
import hashlib
import io
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from service import tus
from service.app import create_app
from service.usecases.context import Context
from service.usecases.jobs import get_job
from service.usecases.maintenance import collect_garbage
from service.usecases.uploads import KEPT_FOR
from tests.pictures import png
from tests.service.caller import Caller, Response, problem_of
from tests.service.server import serve
from worker.importing import import_images
from worker.running import claim

TUS = {"Tus-Resumable": "1.0.0"}


def archive(each: int = 3) -> bytes:
    """A zip of two classes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name in ("otter", "seal"):
            for seed in range(each):
                opened.writestr(f"{name}/{seed}.png", png("red", seed + 100 * len(name)))
    return file.getvalue()


def begin(api: Caller, data: bytes, **told: str) -> str:
    """Begin an upload; where it goes."""
    metadata = {"filename": "animals.zip"} | told
    pairs = (
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items()
    )
    headers = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": ",".join(pairs)}
    answer = api.http.post("/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def send(api: Caller, place: str, offset: int, data: bytes) -> Response:
    """Send a piece."""
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
    return api.http.patch(place, headers=TUS | kind, content=data)


def test_an_upload_goes_on_where_it_was_cut_off_and_is_imported(
    api: Caller, context: Context
) -> None:
    data = archive()
    place = begin(api, data, sha256=hashlib.sha256(data).hexdigest())
    upload_id = place.rpartition("/")[2]
    payload = {"kind": "import", "payload": {"source": f"upload:{upload_id}"}}
    assert send(api, place, 0, data[:100]).headers["Upload-Offset"] == "100"
    problem_of(api.http.post("/jobs", json=payload), 409, "upload-unfinished")
    assert api.http.head(place, headers=TUS).headers["Upload-Offset"] == "100"
    problem_of(send(api, place, 50, data[50:]), 409, "wrong-offset")
    assert send(api, place, 100, data[100:]).status_code == 204
    told = api.get(place)
    assert (told["finished"], told["filename"], told["length"]) == (True, "animals.zip", len(data))
    job_id = api.post("/jobs", payload)["id"]
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(import_images)
    job = get_job(context, job_id)
    assert (job.state, job.error, job.done) == ("succeeded", None, 6)
    assert {each["name"] for each in api.get("/classes")["classes"]} == {"otter", "seal"}


def test_other_bytes_than_announced_are_not_imported(api: Caller, context: Context) -> None:
    data = archive()
    place = begin(api, data, sha256="0" * 64)
    send(api, place, 0, data)
    source = f"upload:{place.rpartition('/')[2]}"
    job_id = api.post("/jobs", {"kind": "import", "payload": {"source": source}})["id"]
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(import_images)
    job = get_job(context, job_id)
    assert (job.state, "sha256" in str(job.error)) == ("failed", True)


def test_a_connection_that_breaks_leaves_what_had_come(context: Context) -> None:
    app = create_app(context.settings)
    with serve(app) as address, httpx.Client(base_url=address, timeout=60) as http:
        length = TUS | {"Upload-Length": "5000000"}
        place = http.post("/uploads", headers=length).headers["Location"]

        def broken() -> Iterator[bytes]:
            yield bytes(2_000_000)
            raise ConnectionError

        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        with pytest.raises(ConnectionError):
            http.patch(place, headers=TUS | kind, content=broken())
        # The service may still write what had come: whoever goes on asks again where it is.
        deadline, at, seen = time.monotonic() + 120, 0, set[int]()
        while at < 5_000_000 and time.monotonic() < deadline:
            at = _offset(http, place)
            seen.add(at)
            if at:
                rest = kind | {"Upload-Offset": str(at)}
                http.patch(place, headers=TUS | rest, content=bytes(5_000_000 - at))
        assert any(0 < each <= 2_000_000 for each in seen)
        assert _offset(http, place) == 5_000_000


def _offset(http: httpx.Client, place: str) -> int:
    return int(http.head(place, headers=TUS).headers["Upload-Offset"])


def test_what_is_too_large_or_too_long_or_unknown_is_refused(api: Caller) -> None:
    enormous = TUS | {"Upload-Length": str(30 * 2**30)}
    problem_of(api.http.post("/uploads", headers=enormous), 413, "upload-too-large")
    place = begin(api, b"12345")
    problem_of(send(api, place, 0, b"1234567"), 422, "upload-too-long")
    assert api.http.head(place, headers=TUS).headers["Upload-Offset"] == "0"
    problem_of(api.http.get(f"/uploads/{'0' * 32}"), 404, "unknown-upload")
    problem_of(api.http.get("/uploads/..%2f..%2fetc"), 404, "unknown-path")
    problem_of(api.http.get("/uploads/etc"), 404, "unknown-upload")
    assert api.http.delete(place, headers=TUS).status_code == 204
    problem_of(api.http.get(place), 404, "unknown-upload")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (".about", "about"),
        ("../about.json", "about.json"),
        ("猫" * 200 + ".csv", "猫" * 65 + ".csv"),
        ("...", "unnamed"),
    ],
)
def test_a_file_of_any_name_is_taken(api: Caller, told: str, kept: str) -> None:
    place = begin(api, b"12345", filename=told)
    assert send(api, place, 0, b"12345").status_code == 204
    upload = api.get(place)
    assert (upload["finished"], upload["filename"]) == (True, kept)


def test_room_is_kept_while_a_piece_is_written(
    api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begin(api, b"12345")
    full = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    problem_of(send(api, place, 0, b"12345"), 507, "storage-full")
    monkeypatch.undo()
    assert send(api, place, 0, b"12345").status_code == 204


def test_a_file_that_shrinks_while_it_is_sent_ends_the_sending(
    api: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "1.zip"
    file.write_bytes(bytes(100))
    monkeypatch.setattr(tus, "PIECE_BYTES", 10)
    with pytest.raises(OSError, match="was changed while it was sent"):
        tus.send_archive(cast("httpx.Client", api.http), file, lambda _: os.truncate(file, 20))


def age(context: Context, place: str) -> None:
    """Let the last use of an upload be more than a day ago."""
    moment = time.time() - KEPT_FOR.total_seconds() - 60
    for file in (context.settings.uploads_dir / place.rpartition("/")[2]).iterdir():
        os.utime(file, (moment, moment))


def test_an_upload_without_use_for_a_day_is_dropped(api: Caller, context: Context) -> None:
    old, young = begin(api, b"12345"), begin(api, b"12345")
    age(context, old)
    collect_garbage(context)
    problem_of(api.http.get(old), 404, "unknown-upload")
    assert api.get(young)["offset"] == 0


def test_an_old_upload_is_kept_while_an_import_waits_for_it_or_reads_it(
    api: Caller, context: Context
) -> None:
    place = begin(api, data := archive())
    send(api, place, 0, data)
    source = f"upload:{place.rpartition('/')[2]}"
    job_id = api.post("/jobs", {"kind": "import", "payload": {"source": source}})["id"]
    age(context, place)
    collect_garbage(context)
    assert api.get(place)["finished"], "the import waits"
    running = claim(context, job_id, threading.Event())
    assert running is not None
    collect_garbage(context)
    assert api.get(place)["finished"], "the import reads"
    running.run(import_images)
    assert get_job(context, job_id).state == "succeeded"
    age(context, place)
    collect_garbage(context)
    problem_of(api.http.get(place), 404, "unknown-upload")


def test_known_contents_are_told_with_their_labels(api: Caller) -> None:
    api.teach("red", each=2)
    known = hashlib.sha256(png("red", 0)).hexdigest()
    told = api.post("/images/known", {"sha256s": [known, "0" * 64]})
    assert told["known"] == [known]
    assert [image["class_id"] for image in told["images"]] == ["red"]
