"""Jobs and their progress."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from service.api.dependencies import ContextDep, Limit
from service.api.schemas import Job, JobCreate, JobList
from service.domain import entities
from service.usecases import jobs
from service.usecases.context import Context

router = APIRouter(prefix="/jobs", tags=["jobs"])
POLL_SECONDS = 0.5


@router.get("", summary="List the newest jobs", response_model=JobList)
def list_jobs(context: ContextDep, limit: Limit = 50) -> dict[str, list[entities.Job]]:
    return {"jobs": jobs.list_jobs(context, limit)}


@router.post("", status_code=202, summary="Start a job", response_model=Job)
def create_job(body: JobCreate, context: ContextDep) -> entities.Job:
    return jobs.request_job(context, body.kind, body.payload)


@router.get("/{job_id}", summary="One job", response_model=Job)
def get_job(job_id: str, context: ContextDep) -> entities.Job:
    return jobs.get_job(context, job_id)


@router.delete("/{job_id}", status_code=202, summary="Cancel a job", response_model=Job)
def cancel_job(job_id: str, context: ContextDep) -> entities.Job:
    return jobs.cancel_job(context, job_id)


@router.get(
    "/{job_id}/events",
    summary="A job's progress as server-sent events, until it is over",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def stream_events(job_id: str, context: ContextDep) -> StreamingResponse:
    jobs.get_job(context, job_id)  # an unknown job is a 404, not an empty stream
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(context, job_id), media_type="text/event-stream", headers=headers
    )


async def _events(context: Context, job_id: str) -> AsyncIterator[str]:
    last = ""
    while True:
        job = await run_in_threadpool(jobs.get_job, context, job_id)
        body = Job.model_validate(job, from_attributes=True).model_dump_json()
        if body != last:
            yield f"event: job\ndata: {body}\n\n"
            last = body
        if job.finished:
            return
        await asyncio.sleep(POLL_SECONDS)
