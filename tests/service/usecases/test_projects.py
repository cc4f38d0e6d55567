"""Projects: made, renamed, counted, deleted with all that is in them."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import update

from models.manifest import Manifest
from service.storage.tables import ProjectRow
from service.usecases.context import Context
from service.usecases.embedding import start_pending
from service.usecases.encoders import enter_encoder
from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


def test_there_is_a_default_project(api: Caller) -> None:
    projects = api.get("/projects")["projects"]
    assert [each["id"] for each in projects] == ["default"]
    assert projects[0]["encoder_id"] == api.get("/encoders")["default_id"]
    assert (projects[0]["images"], projects[0]["active_version"]) == (0, None)


def test_a_project_counts_what_is_in_it(api: Caller) -> None:
    made = api.post("/projects", {"name": "Cracked parts"})
    assert made["id"] == "cracked-parts"
    api.teach("red", "green", each=2, project="cracked-parts")
    api.send("/images", parts("blue", range(2)), project="cracked-parts")
    project = api.get("/projects/cracked-parts")
    counts = [project[name] for name in ("images", "examples", "classes", "pending")]
    assert counts == [6, 4, 2, 2]
    assert api.get("/projects")["projects"] == [api.get("/projects/default"), project]


def test_a_name_is_taken_whatever_its_case(api: Caller) -> None:
    api.post("/projects", {"name": "Parts"})
    taken = api.http.post("/projects", json={"name": "PARTS"})
    problem_of(taken, 409, "duplicate-project")
    taken = api.http.patch("/projects/default", json={"name": "parts"})
    problem_of(taken, 409, "duplicate-project")
    assert api.patch("/projects/parts", {"name": "PARTS"})["id"] == "parts"


def test_projects_know_nothing_of_each_other(api: Caller) -> None:
    api.post("/projects", {"name": "Other"})
    api.teach("red", "green")
    api.teach("blue", project="other")
    assert [each["id"] for each in api.get("/classes", project="other")["classes"]] == ["blue"]
    answer = api.send("/predict", [part(png("red", 50))], project="other")
    assert set(answer["predictions"][0]["scores"]) == {"blue"}
    image = api.get("/images", project="other")["items"][0]["id"]
    problem_of(api.http.get(f"/images/{image}"), 404, "unknown-image")
    example = api.get("/classes/blue/examples", project="other")["items"][0]["id"]
    problem_of(api.http.delete(f"/examples/{example}"), 404, "unknown-example")
    crossed = {"labels": [{"image_id": image, "class_id": "red"}]}
    problem_of(api.http.post("/labels", json=crossed), 404, "unknown-image")


def test_a_deleted_project_leaves_nothing_behind(api: Caller, context: Context) -> None:
    api.post("/projects", {"name": "Other"})
    api.teach("red", project="other")
    api.delete("/projects/other")
    problem_of(api.http.get("/projects/other"), 404, "unknown-project")
    problem_of(api.http.get("/images", params={"project": "other"}), 404, "unknown-project")
    assert not [file for file in Path(context.settings.store).rglob("*") if file.is_file()]


def test_a_new_project_never_answers_with_a_deleted_ones_classifier(api: Caller) -> None:
    api.post("/projects", {"name": "Old"})
    api.teach("red", "green", project="old")
    api.send("/predict", [part(png("red", 50))], project="old")
    api.delete("/projects/old")
    api.post("/projects", {"name": "Old"})
    api.teach("blue", "green", project="old")
    answer = api.send("/predict", [part(png("blue", 50))], project="old")
    assert set(answer["predictions"][0]["scores"]) == {"blue", "green"}
    assert answer["predictions"][0]["class_id"] == "blue"
    listed = api.get("/images", project="old")["items"]
    assert {each["prediction"]["class_id"] for each in listed} == {"blue", "green"}


def test_a_project_made_before_the_first_encoder_takes_it(
    api: Caller, context: Context, work: Callable[[], int], manifests: list[Manifest]
) -> None:
    """Images and labels may come in while the first encoder is still being made."""
    with context.database.write() as session:
        session.execute(update(ProjectRow).values(encoder_id=None))
    added = api.label(api.make_class("Red"), parts("red", range(2)))
    assert added["classifier_version"] is None
    refused = api.http.post("/predict", files=[part(png("red"))])
    problem_of(refused, 409, "no-encoder")
    assert api.send("/images", parts("red", range(5, 7)))["job_id"] is None
    assert api.get("/images")["total"] == 4
    assert api.get("/suggestions")["suggestions"] == []
    enter_encoder(context, "first", manifests[0])
    start_pending(context)
    work()
    assert api.get("/projects/default")["active_version"] == 1
