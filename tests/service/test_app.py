"""The application as a whole: put together, started, watched and stopped."""

import threading
from pathlib import Path

from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.usecases.context import Context
from service.usecases.jobs import ensure_encoder, list_jobs
from tests.pictures import parts
from tests.service.caller import LOCAL, Caller
from worker.handlers import HANDLERS
from worker.running import claim


def test_a_first_start_makes_the_default_project_and_asks_for_an_encoder(
    settings: Settings,
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        api = Caller(client)
        assert [each["id"] for each in api.get("/projects")["projects"]] == ["default"]
        assert api.get("/encoders") == {"encoders": [], "default_id": None}
        assert api.http.get("/health/ready").json()["checks"]["encoder"].startswith("starting")
        jobs = list_jobs(api.context)
        asked = {"spec": settings.encoder}
        assert [(job.kind, job.payload) for job in jobs] == [("register_encoder", asked)]


def test_a_first_encoder_that_cannot_be_had_is_named_by_readiness(
    settings: Settings, tmp_path: Path
) -> None:
    spec = str(tmp_path / "nowhere")
    with TestClient(
        create_app(settings.model_copy(update={"encoder": spec})), base_url=LOCAL
    ) as client:
        context: Context = client.app.state.context  # type: ignore[attr-defined]
        ensure_encoder(context)
        (job,) = list_jobs(context)
        running = claim(context, job.id, threading.Event())
        assert running is not None
        running.run(HANDLERS["register_encoder"])
        ensure_encoder(context)
        assert len(list_jobs(context)) == 1, "not tried over and over"
        said = client.get("/health/ready").json()["checks"]["encoder"]
        assert said.startswith("failed")
        assert "nowhere" in said


def test_what_was_acknowledged_is_there_after_a_restart(context: Context) -> None:
    with TestClient(create_app(context.settings), base_url=LOCAL) as client:
        api = Caller(client)
        api.teach("red", "green")
        before = [api.get(path) for path in ("/classes", "/classifiers", "/images", "/projects")]
    with TestClient(create_app(context.settings), base_url=LOCAL) as client:
        api = Caller(client)
        after = [api.get(path) for path in ("/classes", "/classifiers", "/images", "/projects")]
        assert after == before
        assert api.send("/predict", parts("red", range(50, 51)))["predictions"]


def test_the_page_is_served_where_it_was_built(context: Context) -> None:
    page = context.settings.page_dir
    page.mkdir()
    (page / "index.html").write_text("<title>Handful</title>")
    with TestClient(create_app(context.settings), base_url=LOCAL) as client:
        assert client.get("/").text == "<title>Handful</title>"
        assert client.get("/classes").json() == {"classes": []}
        assert client.get("/nothing").status_code == 404


def test_the_api_is_described_by_the_pages_own_build_and_by_nobody_elses(context: Context) -> None:
    described = context.settings.page_dir / "docs"
    described.mkdir(parents=True)
    (described / "index.html").write_text("<title>The REST API</title>")
    with TestClient(create_app(context.settings), base_url=LOCAL) as client:
        assert client.get("/docs").text == "<title>The REST API</title>"
        assert client.get("/redoc").status_code == 404


def test_metrics_count_requests_by_route_and_not_by_path(api: Caller) -> None:
    api.http.get("/classes/some-class-that-nobody-made")
    api.http.get("/a/path/that/nobody/made")
    text = api.http.get("/metrics").text
    assert 'handful_requests_total{method="GET",route="/classes/{class_id}",status="404"}' in text
    assert 'route="unmatched"' in text
    assert "nobody-made" not in text


def test_metrics_do_not_grow_with_the_words_of_callers(api: Caller) -> None:
    for number in range(3):
        api.http.request(f"WORD{number}", f"/nothing/{number}")
    text = api.http.get("/metrics").text
    assert "WORD" not in text
    assert 'method="other",route="unmatched"' in text


def test_health_says_which_version_lives(api: Caller) -> None:
    live = api.get("/health/live")
    assert live["status"] == "ok"
    assert live["version"]


def test_the_api_documents_itself(api: Caller) -> None:
    assert "/predict" in api.get("/openapi.json")["paths"]


def test_large_answers_are_compressed_and_streams_are_not(api: Caller) -> None:
    for number in range(40):
        api.make_class(f"class number {number}")
    answer = api.http.get("/classes", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    job_id = api.send("/images", parts("red", range(1)))["job_id"]
    api.http.delete(f"/jobs/{job_id}")
    events = api.http.get(f"/jobs/{job_id}/events", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in events.headers
