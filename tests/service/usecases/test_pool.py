"""The pool: listed with every filter and order, page by page, each image exactly once."""

from collections.abc import Callable

import pytest

from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


@pytest.fixture
def pool(api: Caller, work: Callable[[], int]) -> Caller:
    """Four labelled images of two classes, seven embedded ones, two that wait: 1 to 13."""
    api.teach("red", "green", each=2)
    api.send("/images", [*parts("red", range(10, 13)), *parts("green", range(10, 14))])
    work()
    api.send("/images", parts("blue", range(2)))
    return api


def ids(api: Caller, **params: object) -> list[int]:
    """Ids of all images that are listed, page by page."""
    seen, cursor, total = [], None, None
    while True:
        page = api.get("/images", **params, **({"cursor": cursor} if cursor else {}))
        assert total in (None, page["total"])
        total = page["total"]
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            assert len(seen) == total
            return seen


FILTERS = {
    "all": {*range(1, 14)},
    "labelled": {1, 2, 3, 4},
    "unlabelled": {*range(5, 14)},
    "class:red": {1, 2},
    "class:green": {3, 4},
    "uncertain": {*range(5, 12)},
    "predicted:red": {5, 6, 7},
    "predicted:green": {8, 9, 10, 11},
}


def test_each_filter_lists_its_images_page_by_page_each_once(pool: Caller) -> None:
    for filter_, expected in FILTERS.items():
        for limit in (1, 3, 500):
            seen = ids(pool, filter=filter_, limit=limit)
            assert len(seen) == len(set(seen))
            assert set(seen) == expected, filter_


def test_orders(pool: Caller) -> None:
    assert ids(pool, limit=4) == [*range(13, 0, -1)]
    assert ids(pool, order="oldest", limit=4) == [*range(1, 14)]
    assert ids(pool, filter="predicted:green", order="oldest", limit=3) == [8, 9, 10, 11]
    assert ids(pool, filter="predicted:green", order="newest", limit=3) == [11, 10, 9, 8]


def test_orders_by_confidence_follow_the_predictions(pool: Caller) -> None:
    probability = {
        each["id"]: each["prediction"]["probability"]
        for each in pool.get("/images", limit=500)["items"]
        if each["prediction"]
    }
    for filter_ in ("all", "unlabelled", "labelled", "class:red", "uncertain"):
        confident = ids(pool, filter=filter_, order="confident", limit=2)
        ranked = [probability[each] for each in confident]
        assert ranked == sorted(ranked, reverse=True)
        uncertain = ids(pool, filter=filter_, order="uncertain", limit=2)
        ranked = [probability[each] for each in uncertain]
        assert ranked == sorted(ranked), "with two classes the margin grows with the probability"
        assert set(uncertain) == set(confident)


def test_an_uncertain_listing_starts_with_the_smallest_margin(pool: Caller) -> None:
    assert ids(pool, filter="uncertain") == ids(pool, filter="unlabelled", order="uncertain")


def test_unknown_images_are_listed(api: Caller, work: Callable[[], int]) -> None:
    api.teach("red", "green", each=8)
    api.send("/images", [*parts("red", range(60, 64)), *parts("blue", range(4))])
    work()
    listed = api.get("/images", filter="unknown")["items"]
    assert listed
    assert all(each["prediction"]["unknown"] for each in listed)
    assert all(each["class_id"] is None for each in listed)
    others = api.get("/images", filter="unlabelled", limit=500)["items"]
    unknown = [each["id"] for each in others if each["prediction"]["unknown"]]
    assert sorted(each["id"] for each in listed) == sorted(unknown)


def test_without_a_classifier_the_pool_is_listed_all_the_same(
    api: Caller, work: Callable[[], int]
) -> None:
    api.send("/images", parts("red", range(3)))
    work()
    page = api.get("/images")
    assert page["total"] == 3
    assert [each["prediction"] for each in page["items"]] == [None] * 3
    assert all(each["embedded"] for each in page["items"])
    for filter_ in ("uncertain", "unknown"):
        assert api.get("/images", filter=filter_)["items"] == []
    for order in ("uncertain", "confident"):
        assert ids(api, order=order, limit=2) == [3, 2, 1], "nothing to rank by: as they came"


def test_an_images_row_says_what_is_known_of_it(pool: Caller) -> None:
    labelled, embedded, waiting = (pool.get(f"/images/{number}") for number in (1, 5, 13))
    assert (labelled["class_id"], labelled["embedded"]) == ("red", True)
    assert (labelled["filename"], labelled["width"], labelled["height"]) == ("red-0.png", 40, 32)
    assert embedded["class_id"] is None
    assert embedded["prediction"]["class_id"] == "red"
    assert (waiting["embedded"], waiting["prediction"]) == (False, None)


def test_pending_counts_what_is_not_embedded(pool: Caller, work: Callable[[], int]) -> None:
    assert pool.get("/images")["pending"] == 2
    assert pool.get("/images", filter="class:red")["pending"] == 2
    assert pool.get("/projects/default")["pending"] == 2
    work()
    assert pool.get("/images")["pending"] == 0


def test_an_upload_names_the_job_that_embeds_it(api: Caller, work: Callable[[], int]) -> None:
    job_id = api.send("/images", parts("red", range(2)))["job_id"]
    assert api.get(f"/jobs/{job_id}")["state"] == "queued"
    assert api.send("/images", parts("red", range(2, 4)))["job_id"] == job_id, "one job does both"
    work()
    job = api.get(f"/jobs/{job_id}")
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 4, 4)


def test_pages_hold_while_images_come_and_go(pool: Caller) -> None:
    first = pool.get("/images", limit=5)
    pool.send("/images", parts("blue", range(50, 52)))
    pool.delete(f"/images/{first['items'][-1]['id']}")
    second = pool.get("/images", limit=5, cursor=first["next_cursor"])
    assert [each["id"] for each in second["items"]] == [8, 7, 6, 5, 4]


def test_a_deleted_image_is_gone_with_its_label(pool: Caller) -> None:
    pool.delete("/images/1")
    assert pool.get("/classes/red")["examples"] == 1
    assert pool.get("/classifiers")["classifiers"][0]["classes"] == {"red": 1, "green": 2}
    version = pool.get("/projects/default")["active_version"]
    pool.delete("/images/5")
    assert pool.get("/projects/default")["active_version"] == version, "it had no label"
    assert 5 not in ids(pool, filter="uncertain")
    problem_of(pool.http.delete("/images/1"), 404, "unknown-image")


def test_neighbours_of_an_image_leave_itself_out(pool: Caller) -> None:
    near = pool.get("/images/5/neighbours", limit=3)["neighbours"]
    assert len(near) == 3
    assert 5 not in [each["image_id"] for each in near]
    similarities = [each["similarity"] for each in near]
    assert similarities == sorted(similarities, reverse=True)
    everything = pool.get("/images/5/neighbours", limit=100)["neighbours"]
    assert {each["image_id"] for each in everything} == {*range(1, 12)} - {5}
    examples = pool.get("/images/1/neighbours", of="examples", limit=100)["neighbours"]
    assert {each["image_id"]: each["class_id"] for each in examples} == {
        2: "red",
        3: "green",
        4: "green",
    }


def test_true_labels_measure_and_never_train(api: Caller, work: Callable[[], int]) -> None:
    api.teach("red", "green", each=3)
    for colour in ("red", "green"):
        files = parts(colour, range(20, 24))
        api.http.post("/images", files=files, data={"reference_label": colour.upper()})
    wrong = [part(png("red", 90))]
    api.http.post("/images", files=wrong, data={"reference_label": "green"})
    work()
    reference = api.get("/projects/default")["reference"]
    assert (reference["accuracy"], reference["count"]) == (pytest.approx(8 / 9), 9)
    assert reference["low"] < 8 / 9 < reference["high"]
    assert api.get("/classifiers")["classifiers"][0]["reference"] == reference
    assert api.get("/projects/default")["examples"] == 6
