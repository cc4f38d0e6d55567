"""Jobs and their progress."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response, StreamingResponse

from service.api.dependencies import ContextDep, Limit, ProjectId
from service.api.job_schemas import (
    EmbedCreate,
    ExportCreate,
    FileErrors,
    ImportCreate,
    Job,
    JobCreate,
    JobKind,
    JobList,
    MapCreate,
    Record,
    RecordList,
    RegisterCreate,
)
from service.domain import entities
from service.domain.errors import NotFound, Unavailable
from service.usecases import embedding, encoders, importing, jobs, mapping, pretraining
from service.usecases.context import Context

router = APIRouter(prefix="/jobs", tags=["jobs"])
POLL_SECONDS = 0.5
# Each asks the database twice in every pause: five hundred took all threads from other calls.
MOST_STREAMS = 100
open_streams: set[object] = set()
LAST_NUMBER = 2**31 - 1  # what the database can count to
After = Annotated[int, Query(ge=0, le=LAST_NUMBER, description="Number of the last one known.")]


@router.get("", summary="List the newest jobs", response_model=JobList)
def list_jobs(
    context: ContextDep, limit: Limit = 50, kind: JobKind | None = None
) -> dict[str, list[entities.Job]]:
    return {"jobs": jobs.list_jobs(context, limit, kind)}


@router.post("", status_code=202, summary="Start a job", response_model=Job)
def create_job(
    body: JobCreate, context: ContextDep, project: ProjectId = "default"
) -> entities.Job:
    asked = body.root
    if isinstance(asked, EmbedCreate):
        return embedding.request_embedding(context, asked.payload.encoder_id)
    if isinstance(asked, RegisterCreate):
        return encoders.request_encoder(context, asked.payload.spec)
    if isinstance(asked, ImportCreate):
        return importing.request_import(context, project, asked.payload.model_dump())
    if isinstance(asked, ExportCreate):
        return importing.request_export(context, project, asked.payload.model_dump())
    if isinstance(asked, MapCreate):
        return mapping.request_map(context, project)
    return pretraining.request_pretraining(context, project, asked.payload.as_stored())


@router.get("/{job_id}", summary="One job", response_model=Job)
def get_job(job_id: str, context: ContextDep) -> entities.Job:
    return jobs.get_job(context, job_id)


@router.delete("/{job_id}", status_code=202, summary="Cancel a job", response_model=Job)
def cancel_job(job_id: str, context: ContextDep) -> entities.Job:
    return jobs.cancel_job(context, job_id)


@router.post(
    "/{job_id}/resume",
    status_code=202,
    summary="Go on with a pretraining or an import that failed or was cancelled",
    response_model=Job,
)
def resume_job(job_id: str, context: ContextDep) -> entities.Job:
    return jobs.resume_job(context, job_id)


@router.get(
    "/{job_id}/errors",
    summary="The files that an import could not take, and why",
    response_model=FileErrors,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def list_errors(
    job_id: str,
    context: ContextDep,
    limit: Limit = 100,
    format_: Annotated[
        Literal["json", "csv"], Query(alias="format", description="csv: all of them.")
    ] = "json",
) -> dict[str, Any] | Response:
    if format_ == "csv":
        name = {"Content-Disposition": 'attachment; filename="errors.csv"'}
        table = importing.errors_as_csv(context, job_id)
        return StreamingResponse(table, media_type="text/csv", headers=name)
    errors, total = importing.list_errors(context, job_id, limit)
    return {"errors": errors, "total": total}


@router.get(
    "/{job_id}/file",
    summary="The file that an export made",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_file(job_id: str, context: ContextDep) -> FileResponse:
    file = importing.export_file(context, job_id)
    return FileResponse(file, media_type="application/octet-stream", filename=file.name)


@router.get(
    "/{job_id}/records",
    summary="What a pretraining has said of itself",
    response_model=RecordList,
    response_model_exclude_none=True,
)
def list_records(
    job_id: str, context: ContextDep, after: After = 0
) -> dict[str, list[dict[str, Any]]]:
    return {"records": jobs.list_records(context, job_id, after)}


@router.get(
    "/{job_id}/events",
    summary="A job's progress as server-sent events, until it is over",
    description="Events `job` carry the job, events `record` what a pretraining says of itself.",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def stream_events(
    job_id: str,
    context: ContextDep,
    after: After = 0,
    last_event_id: Annotated[str, Header(max_length=10, include_in_schema=False)] = "",
) -> StreamingResponse:
    if len(open_streams) >= MOST_STREAMS:
        raise Unavailable(
            "too-many-streams",
            f"{MOST_STREAMS} streams of events are open: ask for the job itself.",
        )
    jobs.get_job(context, job_id)  # an unknown job is a 404, not an empty stream
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    # A browser that was cut off says by itself which record it had last.
    known = min(int(last_event_id), LAST_NUMBER) if last_event_id.isdecimal() else after
    return StreamingResponse(
        _counted(_events(context, job_id, known)), media_type="text/event-stream", headers=headers
    )


async def _counted(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same events, as one of the open streams."""
    stream = object()
    open_streams.add(stream)
    try:
        async for event in events:
            yield event
    finally:
        open_streams.discard(stream)


async def _events(context: Context, job_id: str, known: int) -> AsyncIterator[str]:
    last = ""
    while True:
        try:
            # The job first: what it had recorded by the state that is read here is read too.
            job = await run_in_threadpool(jobs.get_job, context, job_id)
            records = await run_in_threadpool(jobs.list_records, context, job_id, known)
        except NotFound:
            return  # its project was deleted
        for record in records:
            known = record["number"]
            content = Record.model_validate(record).model_dump_json(exclude_none=True)
            yield f"event: record\nid: {known}\ndata: {content}\n\n"
        body = Job.model_validate(job, from_attributes=True).model_dump_json()
        if body != last:
            yield f"event: job\ndata: {body}\n\n"
            last = body
        if job.finished:
            return
        await asyncio.sleep(POLL_SECONDS)
