"""Jobs: made once, cancelled, told to the broker, and kept when it is away."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import update

from service.api.routes.jobs import open_streams
from service.app import create_app
from service.domain.entities import now
from service.jobs import QUEUES, JobQueue, create_celery
from service.settings import Settings
from service.storage.tables import JobRow
from service.usecases.context import Context, create_context
from service.usecases.jobs import cancel_job, get_job, list_jobs, reconcile, start_again, start_job
from service.usecases.maintenance import tidy
from tests.pictures import parts
from tests.service.caller import LOCAL, Caller, problem_of
from tests.service.server import serve
from tests.stopwatch import Stopwatch
from worker.running import RunningJob, claim


def queued_messages(redis_url: str) -> list[str]:
    """Ids of the jobs whose messages wait in Redis."""
    with redis.Redis(unix_socket_path=redis_url.removeprefix("redis+socket://")) as client:
        raw = client.lrange(QUEUES["embed"], 0, -1)
    return [json.loads(each)["headers"]["argsrepr"].strip("'[](),") for each in raw]


@pytest.fixture
def with_broker(settings: Settings, context: Context, redis_url: str) -> Context:
    """The same service with a broker that works."""
    connected = create_context(settings.model_copy(update={"redis_url": redis_url}))
    with redis.Redis(unix_socket_path=redis_url.removeprefix("redis+socket://")) as client:
        client.flushall()
    return connected


def test_a_job_is_told_to_the_broker_by_name(with_broker: Context, redis_url: str) -> None:
    job = start_job(with_broker, "embed", {"encoder_id": "e"})
    assert queued_messages(redis_url) == [job.id]
    with_broker.database.close()


def test_messages_that_the_broker_lost_are_sent_again(with_broker: Context, redis_url: str) -> None:
    job = start_job(with_broker, "embed", {"encoder_id": "e"})
    reconcile(with_broker)
    with redis.Redis(unix_socket_path=redis_url.removeprefix("redis+socket://")) as client:
        client.flushall()
    reconcile(with_broker)
    assert queued_messages(redis_url) == [], "it was sent a moment ago"
    with with_broker.database.write() as session:
        session.execute(update(JobRow).values(sent_at=now() - timedelta(minutes=1)))
    reconcile(with_broker)
    assert queued_messages(redis_url) == [job.id]
    with_broker.database.close()


def test_with_the_broker_away_uploads_are_acknowledged_quickly_and_embedded_later(
    api: Caller, work: Callable[[], int]
) -> None:
    watch = Stopwatch()
    answer = api.send("/images", parts("red", range(3)))
    assert watch.seconds < 10
    assert len(answer["images"]) == 3
    assert api.get(f"/jobs/{answer['job_id']}")["state"] == "queued"
    work()
    assert api.get("/images")["pending"] == 0


def test_a_broker_that_swallows_connections_delays_nobody_for_long() -> None:
    queue = JobQueue(create_celery("redis://10.255.255.1:6379/0"))
    watch = Stopwatch()
    queue.send("id", "embed")
    assert watch.seconds < 15


def test_readiness_names_the_part_that_is_away(api: Caller, with_broker: Context) -> None:
    watch = Stopwatch()
    response = api.http.get("/health/ready")
    assert watch.seconds < 10
    assert response.status_code == 503
    body = response.json()
    assert (body["status"], body["checks"]["database"]) == ("degraded", "ok")
    assert "no-redis.sock" in body["checks"]["redis"]
    with TestClient(create_app(with_broker.settings), base_url=LOCAL) as client:
        assert client.get("/health/ready").json()["checks"] == {
            "database": "ok",
            "redis": "ok",
            "encoder": "ok",
        }
    with_broker.database.close()


def test_a_job_that_is_under_way_is_not_started_twice(context: Context) -> None:
    first = start_job(context, "embed", {"encoder_id": "e"})
    assert start_job(context, "embed", {"encoder_id": "e"}).id == first.id
    assert start_job(context, "embed", {"encoder_id": "other"}).id != first.id


def claimed(context: Context, job_id: str) -> RunningJob:
    running = claim(context, job_id, threading.Event())
    assert running is not None
    return running


def test_what_is_asked_for_while_a_cancelled_job_stops_is_done(context: Context) -> None:
    payload = {"encoder_id": "e"}
    first = claimed(context, start_job(context, "embed", payload).id)
    cancel_job(context, first.job.id)
    second = start_job(context, "embed", payload)
    assert (second.id != first.job.id, second.state) == (True, "queued")
    first.report(done=1, total=1, message="stopping")
    assert get_job(context, second.id).message == "", "each writes of itself alone"
    assert start_job(context, "embed", payload).id == second.id


def test_what_is_being_cancelled_is_not_started_by_itself(context: Context) -> None:
    payload = {"encoder_id": "e"}
    job = claimed(context, start_job(context, "embed", payload).id).job
    cancel_job(context, job.id)
    start_again(context, "embed", payload)
    assert [each.id for each in list_jobs(context)] == [job.id]


def test_what_just_failed_is_left_alone_for_a_while(context: Context) -> None:
    payload = {"encoder_id": "e"}
    failed = start_job(context, "embed", payload)
    ended = {"state": "failed", "finished_at": now() - timedelta(minutes=1)}

    def count() -> int:
        return len(list_jobs(context))

    with context.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == failed.id).values(**ended))
    start_again(context, "embed", payload)
    assert count() == 1
    with context.database.write() as session:
        long_ago = now() - timedelta(minutes=10)
        session.execute(update(JobRow).values(finished_at=long_ago))
    start_again(context, "embed", payload)
    assert count() == 2


def test_jobs_can_be_asked_for(api: Caller, work: Callable[[], int]) -> None:
    encoder = api.get("/encoders")["default_id"]
    api.http.post("/images", files=parts("red", range(1)))
    asked = {"kind": "embed", "payload": {"encoder_id": encoder}}
    job = api.post("/jobs", asked)
    assert api.get("/jobs")["jobs"] == [job], "the upload's job does the same"
    work()
    done = api.get(f"/jobs/{job['id']}")
    assert (done["state"], done["attempts"], done["error"]) == ("succeeded", 1, None)
    assert done["finished_at"] >= done["started_at"] >= done["created_at"]


def test_a_job_that_makes_no_sense_is_refused(api: Caller) -> None:
    for kind, payload, status, code in (
        ("embed", {}, 422, "malformed-request"),
        ("embed", {"encoder_id": 7}, 422, "malformed-request"),
        ("embed", {"encoder_id": "nobody"}, 404, "unknown-encoder"),
        ("embed", {"encoder_id": "x", "more": 1}, 422, "malformed-request"),
        ("register_encoder", {"spec": ""}, 422, "malformed-request"),
        ("dance", {}, 422, "malformed-request"),
    ):
        response = api.http.post("/jobs", json={"kind": kind, "payload": payload})
        problem_of(response, status, code)
    assert api.get("/jobs")["jobs"] == []


def test_a_waiting_job_is_cancelled_once(api: Caller) -> None:
    job_id = api.send("/images", parts("red", range(1)))["job_id"]
    cancelled = api.http.delete(f"/jobs/{job_id}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    problem_of(api.http.delete(f"/jobs/{job_id}"), 409, "job-over")


def test_what_was_cancelled_is_not_started_by_itself(api: Caller, context: Context) -> None:
    job_id = api.send("/images", parts("red", range(1)))["job_id"]
    api.http.delete(f"/jobs/{job_id}")
    tidy(context)
    assert [each["state"] for each in api.get("/jobs")["jobs"]] == ["cancelled"]
    again = api.send("/images", parts("red", range(1, 2)))["job_id"]
    assert again != job_id, "the next upload starts another"


def test_an_encoder_is_registered_by_a_job(
    api: Caller, work: Callable[[], int], tmp_path: Path
) -> None:
    job = api.http.post("/encoders", json={"spec": str(tmp_path / "nowhere")}).json()
    assert (job["kind"], job["state"]) == ("register_encoder", "queued")
    work()
    failed = api.get(f"/jobs/{job['id']}")
    assert failed["state"] == "failed"
    assert "nowhere" in failed["error"]


def events_of(api: Caller, job_id: str) -> list[dict[str, object]]:
    with api.http.stream("GET", f"/jobs/{job_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return events_in("".join(response.iter_text()))


def events_in(text: str) -> list[dict[str, object]]:
    events = [block.split("\n") for block in text.strip().split("\n\n")]
    assert all(event == "event: job" for event, _ in events)
    return [json.loads(data.removeprefix("data: ")) for _, data in events]


def test_progress_is_streamed_to_the_jobs_end(
    context: Context, api: Caller, work: Callable[[], int]
) -> None:
    job_id = str(api.send("/images", parts("red", range(40)))["job_id"])
    with (
        serve(create_app(context.settings)) as address,
        httpx.stream("GET", f"{address}/jobs/{job_id}/events", timeout=60) as response,
    ):
        said = response.iter_text()
        first = next(said)
        work()
        events = events_in(first + "".join(said))
    assert events[0]["state"] == "queued"
    assert events[-1] == api.get(f"/jobs/{job_id}")
    assert events[-1]["state"] == "succeeded"


def test_streams_are_bounded_and_make_room_when_they_end(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.routes.jobs.MOST_STREAMS", 2)
    events = f"/jobs/{start_job(context, 'embed', {'encoder_id': 'e'}).id}/events"
    with serve(create_app(context.settings)) as address:
        with httpx.Client(timeout=60) as client:
            request = client.build_request("GET", address + events)
            followed = [client.send(request, stream=True).iter_text() for _ in range(2)]
            assert all("queued" in next(stream) for stream in followed)
            refused = problem_of(client.get(address + events), 503, "too-many-streams")
            assert "2 streams" in refused["detail"]
        deadline = time.monotonic() + 120
        while open_streams:
            assert time.monotonic() < deadline, "those that left still count"
            time.sleep(0.05)


def test_the_stream_of_a_job_that_is_over_has_its_last_state(
    api: Caller, work: Callable[[], int]
) -> None:
    job_id = api.send("/images", parts("red", range(1)))["job_id"]
    work()
    assert [each["state"] for each in events_of(api, job_id)] == ["succeeded"]
