"""Labels through the REST API: each change is a new classifier version."""

from collections.abc import Callable

from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of
from tests.stopwatch import Stopwatch


def newest(api: Caller) -> dict[str, int]:
    """Examples by class of the active version, which must be the newest."""
    version = api.get("/classifiers")["classifiers"][0]
    assert version["active"]
    return dict(version["classes"])


def test_files_become_examples_of_a_version_that_knows_them(api: Caller) -> None:
    otter = api.make_class("Sea otter")
    added = api.label(otter, parts("red", range(3)))
    assert [each["class_id"] for each in added["examples"]] == ["sea-otter"] * 3
    assert [each["filename"] for each in added["examples"]] == [f"red-{i}.png" for i in range(3)]
    assert added["classifier_version"] == 1
    assert newest(api) == {"sea-otter": 3}


def test_images_of_the_pool_become_examples_by_their_ids(api: Caller) -> None:
    images = api.send("/images", parts("red", range(2)))["images"]
    red = api.make_class("Red")
    ids = [image["id"] for image in images]
    added = api.post(f"/classes/{red}/examples", {"image_ids": ids})
    assert [each["image_id"] for each in added["examples"]] == ids
    assert all(each["duplicate"] for each in added["examples"])
    assert newest(api) == {"red": 2}


def test_each_change_makes_a_version_within_a_second_and_no_version_changes(api: Caller) -> None:
    api.teach("red", "green")
    example = api.get("/classes/red/examples")["items"][0]
    before = {each["version"]: each for each in api.get("/classifiers")["classifiers"]}
    watch = Stopwatch()
    api.patch(f"/examples/{example['id']}", {"class_id": "green"})
    assert newest(api) == {"red": 2, "green": 4}
    api.delete(f"/examples/{example['id']}")
    assert newest(api) == {"red": 2, "green": 3}
    assert watch.seconds < 2, "two changes took longer than a second each"
    after = {each["version"]: each for each in api.get("/classifiers")["classifiers"]}
    assert set(after) == {*before, 3, 4}
    for version, then in before.items():
        now_inactive = then | {"active": False, "reference": None}
        assert after[version] | {"reference": None} == now_inactive


def test_a_moved_example_says_where_it_was(api: Caller) -> None:
    api.teach("red", "green", each=1)
    example = api.get("/classes/red/examples")["items"][0]
    moved = api.patch(f"/examples/{example['id']}", {"class_id": "green"})
    assert (moved["class_id"], moved["previous_class_id"]) == ("green", "red")
    again = api.patch(f"/examples/{example['id']}", {"class_id": "green"})
    assert again["previous_class_id"] is None


def test_a_removed_example_leaves_its_image_in_the_pool(api: Caller) -> None:
    api.teach("red")
    example = api.get("/classes/red/examples")["items"][0]
    api.delete(f"/examples/{example['id']}")
    assert api.get(f"/images/{example['image_id']}")["class_id"] is None
    problem_of(api.http.delete(f"/examples/{example['id']}"), 404, "unknown-example")


def test_without_the_last_label_nothing_answers(api: Caller) -> None:
    api.teach("red", each=1)
    api.delete(f"/examples/{api.get('/classes/red/examples')['items'][0]['id']}")
    assert api.get("/projects/default")["active_version"] is None
    problem_of(api.http.post("/predict", files=[part(png("red"))]), 409, "no-examples")


def test_bulk_labels_are_set_removed_and_undone(api: Caller) -> None:
    api.teach("red", "green", each=2)
    pool = api.send("/images", parts("blue", range(2)))["images"]
    labelled = [each["image_id"] for each in api.get("/classes/red/examples")["items"]]
    wanted = [
        {"image_id": pool[0]["id"], "class_id": "green"},
        {"image_id": labelled[0], "class_id": "green"},
        {"image_id": labelled[1], "class_id": None},
        {"image_id": pool[1]["id"], "class_id": None},
    ]
    done = api.post("/labels", {"labels": wanted})
    assert [each["class_id"] for each in done["previous"]] == [None, "red", "red", None]
    assert done["classifier_version"] == 3
    assert newest(api) == {"green": 4}
    undone = api.post("/labels", {"labels": done["previous"]})
    assert undone["previous"] == wanted
    assert newest(api) == {"red": 2, "green": 2}


def test_a_bulk_change_with_one_mistake_changes_nothing(api: Caller) -> None:
    api.teach("red", each=2)
    first, second = (each["image_id"] for each in api.get("/classes/red/examples")["items"])
    removed = {"image_id": first, "class_id": None}
    for mistake, status, code in (
        ({"image_id": second, "class_id": "nobody"}, 404, "unknown-class"),
        ({"image_id": 999, "class_id": "red"}, 404, "unknown-image"),
        ({"image_id": first, "class_id": "red"}, 422, "repeated-image"),
    ):
        refused = api.http.post("/labels", json={"labels": [removed, mistake]})
        problem_of(refused, status, code)
    assert newest(api) == {"red": 2}
    assert len(api.get("/classifiers")["classifiers"]) == 1


def test_labels_that_are_there_already_make_no_version(api: Caller) -> None:
    api.teach("red", each=2)
    image = api.get("/classes/red/examples")["items"][0]["image_id"]
    assert api.post("/classes/red/examples", {"image_ids": [image]})["classifier_version"] == 1
    same = {"labels": [{"image_id": image, "class_id": "red"}]}
    assert api.post("/labels", same)["classifier_version"] == 1


def test_many_files_wait_for_the_worker_and_then_answer(
    api: Caller, work: Callable[[], int]
) -> None:
    red = api.make_class("Red")
    added = api.label(red, parts("red", range(20)))
    assert len(added["examples"]) == 20
    assert added["classifier_version"] is None
    refused = api.http.post("/predict", files=[part(png("red"))])
    assert "20" in problem_of(refused, 409, "examples-pending")["detail"]
    assert api.get("/projects/default")["pending"] == 20
    work()
    assert newest(api) == {"red": 20}
    assert api.get("/projects/default")["pending"] == 0


def test_examples_are_listed_page_by_page(api: Caller) -> None:
    api.teach("red", each=5)
    seen, cursor = [], None
    while True:
        page = api.get("/classes/red/examples", limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == 5
        seen += [each["filename"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"red-{i}.png" for i in range(5)]
