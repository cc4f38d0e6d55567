"""Many callers at once: nothing lost, nothing refused, nothing twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from service.domain.entities import LabelChange
from service.domain.errors import Conflict
from service.usecases.context import Context, create_context
from service.usecases.fitting import refit
from service.usecases.jobs import list_jobs, start_job
from service.usecases.labelling import change_labels
from service.usecases.projects import create_project
from tests.pictures import parts
from tests.service.caller import Caller

THREADS = 8


def at_once(function: Callable[[int], object]) -> list[object]:
    """What the function returns in each of eight threads that start together."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> object:
        start.wait()
        return function(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_labels_of_many_callers_are_all_in_the_last_version(api: Caller) -> None:
    for colour in ("red", "green", "blue"):
        api.make_class(colour)

    def label(number: int) -> None:
        colour = ("red", "green", "blue")[number % 3]
        api.make_class(f"class of {number}")
        for start in (0, 2):
            api.label(colour, parts(colour, range(100 * number + start, 100 * number + start + 2)))

    at_once(label)
    assert api.get("/projects/default")["examples"] == 4 * THREADS
    newest = api.get("/classifiers")["classifiers"][0]
    assert newest["active"]
    assert newest["classes"] == {"red": 12, "green": 12, "blue": 8}
    assert len(api.get("/classes")["classes"]) == 3 + THREADS


def test_one_of_many_gets_a_name(api: Caller) -> None:
    codes = at_once(lambda _: api.http.post("/classes", json={"name": "Red"}).status_code)
    assert sorted(codes) == [201] + [409] * (THREADS - 1)  # type: ignore[type-var]
    assert [each["id"] for each in api.get("/classes")["classes"]] == ["red"]


def test_the_same_image_from_many_is_stored_once(api: Caller) -> None:
    answers = at_once(lambda _: api.send("/images", parts("red", range(1)))["images"][0])
    assert len({each["id"] for each in answers}) == 1
    assert sum(not each["duplicate"] for each in answers) == 1
    assert api.get("/images")["total"] == 1


def test_an_image_deleted_and_sent_again_at_once_never_loses_its_file(api: Caller) -> None:
    def churn(number: int) -> None:
        for _ in range(4):
            response = api.http.post("/images", files=parts("red", range(1)))
            assert response.status_code in (201, 503), response.text
            if number % 2 and response.is_success:
                api.http.delete(f"/images/{response.json()['images'][0]['id']}")

    at_once(churn)
    for image in api.get("/images")["items"]:
        assert api.http.get(f"/images/{image['id']}/file").status_code == 200
        assert api.http.get(f"/images/{image['id']}/thumbnail").status_code == 200


def test_several_processes_may_change_labels_at_once(api: Caller, context: Context) -> None:
    """A context each, as processes have them: locks and caches are not shared."""
    api.teach("red", "green", each=4)
    contexts = [create_context(context.settings) for _ in range(THREADS)]

    def flip(number: int) -> None:
        image_id = number + 1
        for class_id in ("green", "red", None, "green" if number % 2 else "red"):
            change_labels(contexts[number], "default", [LabelChange(image_id, class_id)])

    at_once(flip)
    newest = api.get("/classifiers")["classifiers"][0]
    assert newest["active"]
    assert newest["classes"] == {"red": 4, "green": 4}
    assert refit(context, "default") == newest["version"]
    versions = [each["version"] for each in api.get("/classifiers")["classifiers"]]
    assert len(versions) == len(set(versions))
    for each in contexts:
        each.database.close()


def test_one_job_is_started_however_many_ask_for_it(context: Context) -> None:
    at_once(lambda _: start_job(context, "embed", {"encoder_id": "e"}))
    assert len(list_jobs(context)) == 1


def test_projects_made_at_once_get_ids_of_their_own(context: Context) -> None:
    def make(number: int) -> str:
        try:
            return create_project(context, "Same").id
        except Conflict:
            return create_project(context, f"Same {number}").id

    assert len(set(at_once(make))) == THREADS
