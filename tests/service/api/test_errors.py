"""Every error is problem+json with a stable type and words that help."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from service.app import create_app
from service.usecases.context import Context
from tests.pictures import part, parts, png
from tests.service.caller import LOCAL, Caller, problem_of

WRONG = {
    "GET /nothing/here": (404, "unknown-path"),
    "PUT /classes": (405, "wrong-method"),
    "GET /classes?project=nobody": (404, "unknown-project"),
    "GET /images?project=nobody": (404, "unknown-project"),
    "GET /suggestions?project=nobody": (404, "unknown-project"),
    "GET /classifiers?project=nobody": (404, "unknown-project"),
    "GET /projects/nobody": (404, "unknown-project"),
    "DELETE /projects/nobody": (404, "unknown-project"),
    "DELETE /projects/default": (409, "default-project"),
    "GET /images/1": (404, "unknown-image"),
    "GET /images/1/file": (404, "unknown-image"),
    "GET /images/1/thumbnail": (404, "unknown-image"),
    "GET /images/1/neighbours": (404, "unknown-image"),
    "DELETE /images/1": (404, "unknown-image"),
    "GET /classifiers/1": (404, "unknown-classifier"),
    "POST /classifiers/1/activate": (404, "unknown-classifier"),
    "GET /encoders/nobody": (404, "unknown-encoder"),
    "GET /jobs/nobody": (404, "unknown-job"),
    "GET /jobs/nobody/events": (404, "unknown-job"),
    "GET /jobs/nobody/records": (404, "unknown-job"),
    "POST /jobs/nobody/resume": (404, "unknown-job"),
    "DELETE /jobs/nobody": (404, "unknown-job"),
    "GET /encoders?project=nobody": (404, "unknown-project"),
    "GET /images?limit=0": (422, "malformed-request"),
    "GET /images?limit=501": (422, "malformed-request"),
    "GET /images/zero": (422, "malformed-request"),
    "GET /images/99999999999999999999999": (422, "malformed-request"),
    "GET /images?cursor=abc": (422, "bad-cursor"),
    "GET /images?cursor=-1": (422, "bad-cursor"),
    "GET /images?cursor=99999999999999999999999": (422, "bad-cursor"),
    "GET /images?order=uncertain&cursor=x": (422, "bad-cursor"),
    "GET /images?filter=pretty": (422, "bad-filter"),
    "GET /images?filter=pretty&order=uncertain": (422, "bad-filter"),
    "GET /images?order=random": (422, "bad-order"),
    "GET /suggestions?strategy=magic": (422, "malformed-request"),
    "GET /suggestions?strategy=uncertain": (409, "too-few-classes"),
}


def test_a_wrong_request_says_what_is_wrong(api: Caller) -> None:
    for request, (status, code) in WRONG.items():
        method, path = request.split()
        problem_of(api.http.request(method, path), status, code)


def test_malformed_json_is_a_problem(api: Caller) -> None:
    json = {"Content-Type": "application/json"}
    for path in ("/classes", "/labels", "/predict", "/classes/red/examples"):
        for body in ('{"name":', "[]", "null", "7", "", '{"surprise": 1}'):
            refused = api.http.post(path, content=body, headers=json)
            assert problem_of(refused, 422, "malformed-request")["errors"]


def test_of_a_message_full_of_faults_some_are_named(api: Caller) -> None:
    surprises = {str(number): 1 for number in range(5000)}
    problem = problem_of(api.http.post("/classes", json=surprises), 422, "malformed-request")
    assert len(problem["errors"]) == 100


def test_ids_that_no_database_holds_are_refused(api: Caller) -> None:
    api.make_class("Red")
    for number in (0, -1, 2**31, 2**70):
        for path in ("", "/file", "/thumbnail", "/neighbours"):
            problem_of(api.http.get(f"/images/{number}{path}"), 422, "malformed-request")
        problem_of(api.http.get(f"/classifiers/{number}"), 422, "malformed-request")
        problem_of(api.http.delete(f"/examples/{number}"), 422, "malformed-request")
        for path in ("/predict", "/classes/red/examples"):
            response = api.http.post(path, json={"image_ids": [number]})
            problem_of(response, 422, "malformed-request")
        change = {"labels": [{"image_id": number, "class_id": None}]}
        problem_of(api.http.post("/labels", json=change), 422, "malformed-request")


def test_a_name_that_no_database_holds_finds_nothing(api: Caller) -> None:
    for path in ("/projects/a%00b", "/classes/%00", "/jobs/%00", "/images?filter=class:%00"):
        refused = api.http.get(path)
        assert refused.status_code in (404, 422), path
        assert refused.headers["content-type"] == "application/problem+json"


def test_half_a_character_is_refused(api: Caller) -> None:
    half, json = rb'{"encoder_id": "\ud800"}', {"content-type": "application/json"}
    for method, path in (("PUT", "/projects/default/encoder"), ("PATCH", "/projects/default")):
        refused = api.http.request(method, path, content=half, headers=json)
        problem_of(refused, 422, "unusable-value")


def test_a_wrong_content_type_is_refused(api: Caller) -> None:
    api.make_class("Red")
    for path in ("/images", "/predict", "/classes/red/examples"):
        response = api.http.post(path, content=b"x", headers={"Content-Type": "text/plain"})
        problem = problem_of(response, 415, "unsupported-media-type")
        assert "multipart/form-data" in problem["detail"]
        assert "text/plain" in problem["detail"]
    problem_of(api.http.post("/images", json={"image_ids": [1]}), 415, "unsupported-media-type")


def test_a_form_without_a_file_is_refused(api: Caller) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    text = b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nwords\r\n--b--\r\n'
    problem_of(api.http.post("/images", content=text, headers=form), 422, "no-files")
    broken = api.http.post("/images", content=b"--b\r\nnonsense", headers=form)
    assert broken.status_code in (400, 422)
    assert broken.headers["content-type"] == "application/problem+json"


def test_a_full_disk_takes_nothing_and_says_so(context: Context) -> None:
    settings = context.settings.model_copy(update={"min_free_mb": 10**9})
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        api = Caller(client)
        api.make_class("Red")
        for path in ("/images", "/classes/red/examples"):
            refused = api.http.post(path, files=[part(png("red"))])
            assert "HANDFUL_MIN_FREE_MB" in problem_of(refused, 507, "storage-full")["detail"]
        assert api.get("/images")["total"] == 0
        assert api.get("/classes/red")["examples"] == 0
    assert not [file for file in Path(settings.store).rglob("*") if file.is_file()]


def test_a_database_that_cannot_grow_loses_nothing_that_was_acknowledged(api: Caller) -> None:
    if not api.context.database.is_sqlite:
        pytest.skip("the disk of a PostgreSQL server is its own")
    api.teach("red", each=2)

    def no_more_pages(connection: object, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    engine = api.context.database.engine
    event.listen(engine, "checkout", no_more_pages)
    names = iter(range(10_000))
    while True:  # until the pages that there are have been filled
        files = parts("green", range(100, 120))
        answer = api.http.post("/classes", json={"name": f"{next(names)}" + "x" * 90})
        if answer.status_code != 201:
            break
    problem_of(answer, 507, "storage-full")
    acknowledged = api.get("/classes")["classes"]
    assert len(acknowledged) == next(names)
    problem_of(api.http.post("/classes/red/examples", files=files), 507, "storage-full")
    assert api.get("/classes/red")["examples"] >= 2
    event.remove(engine, "checkout", no_more_pages)
    engine.dispose()
    assert len(api.label("red", files)["examples"]) == 20
    assert api.get("/classes/red")["examples"] == 22


def test_an_unforeseen_failure_is_a_problem_without_its_secrets(context: Context) -> None:
    app = create_app(context.settings)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("password=secret")

    @app.get("/full")
    def full() -> None:  # the folder of temporary files, where large uploads wait
        with Path("/dev/full").open("wb") as file:
            file.write(b"x")

    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        problem = problem_of(client.get("/broken"), 500, "internal-error")
        assert "secret" not in problem["detail"]
        problem_of(client.get("/full"), 507, "storage-full")


def test_a_damaged_encoder_is_a_problem(api: Caller, context: Context) -> None:
    api.context.encoders.folder = context.settings.data_dir / "gone"
    red = api.make_class("Red")
    refused = api.http.post(f"/classes/{red}/examples", files=[part(png("red"))])
    assert "gone" in problem_of(refused, 503, "encoder-unusable")["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert api.get("/classes/red")["examples"] == 1, "what was kept is kept, and embedded later"
