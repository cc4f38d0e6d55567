"""What came of an import, as a table of any length."""

import csv
import io

import pytest

from service.storage import jobs
from service.usecases.context import Context
from service.usecases.importing import errors_as_csv
from service.usecases.jobs import start_job
from tests.service.caller import Caller, problem_of

COUNT = 7


@pytest.fixture
def failed_import(context: Context) -> str:
    """An import of which some files could not be taken; the job's id."""
    job_id = start_job(context, "import", {"source": "/nowhere"}, "default").id
    with context.database.write() as session:
        errors = [{"file": f"={number}.png", "reason": "a, b"} for number in range(COUNT)]
        jobs.add_records(session, job_id, errors)
    return job_id


def test_errors_are_told_in_parts_that_make_one_table(
    context: Context, api: Caller, failed_import: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.usecases.importing.ERRORS_AT_ONCE", 3)
    parts = list(errors_as_csv(context, failed_import))
    assert [len(part.splitlines()) for part in parts] == [1, 3, 3, 1]
    table = api.http.get(f"/jobs/{failed_import}/errors", params={"format": "csv"})
    assert table.text == "".join(parts)
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(table.text, newline="")))
    assert rows == [["file", "reason"]] + [[f"'={n}.png", "a, b"] for n in range(COUNT)]


def test_errors_of_no_import_are_an_empty_table_and_of_no_job_a_problem(
    context: Context, api: Caller
) -> None:
    job_id = start_job(context, "embed", {"encoder_id": "e"}).id
    with context.database.write() as session:
        jobs.add_records(session, job_id, [{"step": 1}])
    told = {"format": "csv"}
    assert api.http.get(f"/jobs/{job_id}/errors", params=told).text == "file,reason\r\n"
    problem_of(api.http.get("/jobs/none/errors", params=told), 404, "unknown-job")
