"""Which encoder new projects take, and what is known of one."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from models.manifest import Manifest
from service.domain.entities import Encoder
from service.usecases.context import Context
from service.usecases.encoders import enter_encoder, list_encoders
from service.usecases.projects import create_project
from tests.pictures import parts
from tests.service.caller import Caller, problem_of


def test_new_projects_take_the_encoder_that_the_settings_name(
    context: Context, manifests: list[Manifest]
) -> None:
    first, second = (manifest.encoder_id for manifest in manifests)
    enter_encoder(context, "second", manifests[1])
    assert create_project(context, "Before").encoder_id == first
    enter_encoder(context, "an earlier setting", manifests[0])
    enter_encoder(context, context.settings.encoder, manifests[1])
    assert create_project(context, "After").encoder_id == second
    assert [each.id for each in list_encoders(context)] == [second, first]


def test_registering_an_encoder_again_renews_its_notice(
    context: Context, manifests: list[Manifest]
) -> None:
    noted = manifests[0].model_copy(update={"notice": "stands in for another"})
    enter_encoder(context, "first", noted)
    assert _only(context).notice == "stands in for another"
    enter_encoder(context, "first", manifests[0])
    assert _only(context).notice is None


@pytest.fixture
def second(context: Context, manifests: list[Manifest]) -> str:
    """Another encoder, with the same network on other pixels."""
    enter_encoder(context, "second", manifests[1])
    return manifests[1].encoder_id


def of_project(api: Caller, encoder_id: str, project: str = "default") -> dict[str, Any]:
    listed = api.get("/encoders", project=project)["encoders"]
    (found,) = [each for each in listed if each["id"] == encoder_id]
    assert found == api.get(f"/encoders/{encoder_id}", project=project)
    return cast(dict[str, Any], found)


def test_both_encoders_are_judged_by_the_same_labels(
    api: Caller, work: Callable[[], int], second: str
) -> None:
    first = api.get("/encoders")["default_id"]
    api.teach("red", "green", each=4)
    api.send("/images", parts("blue", range(2)))
    work()
    new = of_project(api, second)
    assert (new["active"], new["embedded"], new["accuracy"]) == (False, 0, None)
    api.http.put("/projects/default/encoder", json={"encoder_id": second})
    work()
    project = api.get("/projects/default")
    assert project["encoder_id"] == second
    old, new = of_project(api, first), of_project(api, second)
    assert (old["active"], new["active"]) == (False, True)
    assert old["embedded"] == new["embedded"] == 10
    assert new["accuracy"] == project["estimate"]
    assert old["accuracy"]["count"] == new["accuracy"]["count"] == 8
    api.label("red", parts("red", range(10, 11)))
    assert of_project(api, second)["accuracy"]["count"] == 9
    assert of_project(api, first)["accuracy"] is None, "it has not seen the newest label"


def test_a_project_is_not_judged_by_the_labels_of_one_that_was_called_the_same(
    api: Caller,
) -> None:
    encoder = api.get("/encoders")["default_id"]
    for each in (3, 2):
        api.post("/projects", {"name": "Other"})
        api.teach("red", "green", each=each, project="other")
        assert of_project(api, encoder, "other")["accuracy"]["count"] == 2 * each
        api.http.delete("/projects/other")


def test_a_project_goes_back_to_an_encoder_at_once(
    api: Caller, work: Callable[[], int], second: str
) -> None:
    first = api.get("/encoders")["default_id"]
    api.teach("red", "green")
    going = api.put("/projects/default/encoder", {"encoder_id": second})
    assert (going["encoder_id"], going["next_encoder_id"]) == (first, second)
    work()
    jobs = len(api.get("/jobs")["jobs"])
    back = api.put("/projects/default/encoder", {"encoder_id": first})
    assert (back["encoder_id"], back["next_encoder_id"]) == (first, None)
    assert len(api.get("/jobs")["jobs"]) == jobs, "nothing was left to embed"
    assert api.get("/classifiers")["classifiers"][0]["encoder_id"] == first
    unknown = api.http.put("/projects/default/encoder", json={"encoder_id": "nobody"})
    problem_of(unknown, 404, "unknown-encoder")


def test_each_project_has_its_own_figures(api: Caller) -> None:
    api.post("/projects", {"name": "Other"})
    api.teach("red", "green")
    first = api.get("/encoders")["default_id"]
    assert of_project(api, first)["accuracy"]["count"] == 6
    other = of_project(api, first, "other")
    assert (other["active"], other["embedded"], other["accuracy"]) == (True, 0, None)


def _only(context: Context) -> Encoder:
    (encoder,) = list_encoders(context)
    return encoder
