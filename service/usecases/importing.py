"""Imports and exports as jobs: what can be asked for, what came of it, and what may be resumed."""

import csv
import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from service.domain.entities import FileError, Job, now
from service.domain.errors import NotFound
from service.interchange import ImportSource, Scratch, UrlPolicy, open_import
from service.storage import jobs, projects
from service.usecases import uploads
from service.usecases.context import Context
from service.usecases.jobs import get_job, start_job
from service.usecases.spreadsheets import plain_cell

# An export can be downloaded for so long after its job.
EXPORT_KEPT_FOR = timedelta(days=1)
# Errors held in memory while all of them are told.
ERRORS_AT_ONCE = 1000


def request_import(context: Context, project_id: str, payload: dict[str, Any]) -> Job:
    """Have a worker take the images of a source into the pool.

    Raises NotFound for a project or upload that is not there, and Conflict for an upload that is
    not finished. The worker looks at the source itself.
    """
    with context.database.read() as session:
        projects.get_project(session, project_id)
    if payload["source"].startswith(uploads.PREFIX):
        uploads.require_finished(context, payload["source"].removeprefix(uploads.PREFIX))
    return start_job(context, "import", payload, project_id)


@contextmanager
def open_source(
    context: Context, payload: dict[str, Any], check: Callable[[], None]
) -> Iterator[ImportSource]:
    """What an import reads, within the folders that it may. Raises SourceError.

    An upload may name files on the server too, as a table does. `check` is called while an archive
    is unpacked, and may raise to end it.
    """
    source, roots = payload["source"], context.settings.roots
    context.settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    if source.startswith(uploads.PREFIX):
        upload = uploads.checked(context, source.removeprefix(uploads.PREFIX))
        file = uploads.file_of(context, upload)
        source, roots = str(file), (file.parent, *roots)
    yield open_import(
        source,
        payload["format"],
        roots=roots,
        urls=UrlPolicy(timeout_seconds=context.settings.url_timeout_seconds),
        scratch=Scratch(context.settings.uploads_dir, context.settings.min_free_mb * 2**20, check),
    )


def request_export(context: Context, project_id: str, payload: dict[str, Any]) -> Job:
    """Have a worker write the pool and its labels into a file. Raises NotFound."""
    with context.database.read() as session:
        projects.get_project(session, project_id)
    return start_job(context, "export", payload, project_id)


def list_errors(context: Context, job_id: str, limit: int) -> tuple[list[FileError], int]:
    """The first files that an import could not take, and how many there are. Raises NotFound."""
    with context.database.read() as session:
        if jobs.get_job(session, job_id).kind != "import":
            return [], 0
        records = jobs.records_after(session, job_id, 0, limit)
        total = jobs.count_records(session, job_id)
    return [_error(record) for record in records], total


def errors_as_csv(context: Context, job_id: str) -> Iterator[str]:
    """Every file that an import could not take, with the reason, as the parts of a table.

    There may be millions: they are read while the table is sent. Raises NotFound.
    """
    is_import = get_job(context, job_id).kind == "import"
    pages = _error_pages(context, job_id) if is_import else ()
    return map(_rows, chain([[("file", "reason")]], pages))


def export_file(context: Context, job_id: str) -> Path:
    """The file that an export made. Raises NotFound where there is none, yet or any more."""
    job = get_job(context, job_id)
    if job.kind != "export":
        raise NotFound("no-file", f"Job '{job_id}' is of kind '{job.kind}', which makes no file.")
    if job.state != "succeeded" or job.outcome is None:
        why = job.error or "ask again when it has succeeded"
        raise NotFound("no-file", f"Export '{job_id}' is {job.state} and has no file: {why}.")
    file = context.settings.exports_dir / job.id / str(job.outcome["filename"])
    if not file.is_file():
        raise NotFound("no-file", f"The file of export '{job_id}' was dropped: export it again.")
    return file


def drop_old_exports(context: Context) -> None:
    """Drop files of exports that ended a day ago, and of those that are no job's any more."""
    folder = context.settings.exports_dir
    found = {each.name: each for each in folder.iterdir()} if folder.is_dir() else {}
    with context.database.read() as session:
        old = jobs.ended_before(session, list(found), now() - EXPORT_KEPT_FOR)
    for name in old:
        shutil.rmtree(found[name], ignore_errors=True)


def _error_pages(context: Context, job_id: str) -> Iterator[list[tuple[str, str]]]:
    last = 0
    while True:
        with context.database.read() as session:  # one a page: callers may read slowly
            records = jobs.records_after(session, job_id, last, ERRORS_AT_ONCE)
        if not records:
            return
        errors = map(_error, records)
        yield [(plain_cell(each.file), plain_cell(each.reason)) for each in errors]
        last = records[-1]["number"]


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _error(record: dict[str, Any]) -> FileError:
    return FileError(str(record.get("file", "")), str(record.get("reason", "")))
