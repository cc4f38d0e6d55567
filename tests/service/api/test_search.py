"""Search by likeness, through the api."""

from collections.abc import Callable

import pytest

from models.manifest import Manifest
from service.usecases.context import Context
from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


@pytest.fixture
def pool(api: Caller, work: Callable[[], int]) -> Caller:
    """Ten images each of red (ids 1 to 10), green and blue, embedded and without a label."""
    for colour in ("red", "green", "blue"):
        api.send("/images", parts(colour, range(10)))
    work()
    return api


def colours(found: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [each["image"]["filename"].split("-")[0] for each in found["results"]]


def test_a_file_finds_the_images_that_look_like_it(pool: Caller) -> None:
    found = pool.send("/search", [part(png("green", 99))], limit=10)
    assert colours(found) == ["green"] * 10
    similarities = [each["similarity"] for each in found["results"]]
    assert similarities == sorted(similarities, reverse=True)
    assert pool.get("/images")["total"] == 30  # it was not kept


def test_closeness_tells_what_is_alike_from_what_is_usual(pool: Caller) -> None:
    found = pool.post("/search", {"image_ids": [1]}, limit=29)["results"]
    closeness = [each["closeness"] for each in found]
    assert closeness == sorted(closeness, reverse=True)
    cosines = [each["similarity"] for each in found]
    usual = (sum(cosines) + 1) / 30  # of all thirty images, the one searched with among them
    expected = [max(0, (cosine - usual) / (1 - usual)) for cosine in cosines]
    assert closeness == pytest.approx(expected, abs=1e-3)
    assert closeness[-1] == 0.0


def test_more_like_this_leaves_this_out(pool: Caller) -> None:
    found = pool.post("/search", {"image_ids": [1]}, limit=9)
    assert colours(found) == ["red"] * 9
    assert 1 not in [each["image"]["id"] for each in found["results"]]


def test_several_images_find_what_is_like_any_of_them(pool: Caller) -> None:
    found = pool.post("/search", {"image_ids": [1, 11]}, limit=18)
    assert sorted(colours(found)) == ["green"] * 9 + ["red"] * 9
    files = [part(png("green", 99)), part(png("blue", 99))]
    assert sorted(colours(pool.send("/search", files, limit=20))) == ["blue"] * 10 + ["green"] * 10


def test_a_class_finds_more_of_it_among_what_has_no_label(pool: Caller) -> None:
    otter = pool.make_class("otter")
    pool.post(f"/classes/{otter}/examples", {"image_ids": [11, 12, 13]})
    found = pool.post("/search", {"class_id": otter}, limit=7, filter="unlabelled")
    assert colours(found) == ["green"] * 7
    assert not {11, 12, 13} & {each["image"]["id"] for each in found["results"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all", set(range(2, 31))),
        ("labelled", {11, 12, 21}),
        ("unlabelled", set(range(2, 31)) - {11, 12, 21}),
        ("class:green", {11, 12}),
    ],
)
def test_a_filter_limits_what_is_found(pool: Caller, name: str, expected: set[int]) -> None:
    for colour, image_ids in (("green", [11, 12]), ("blue", [21])):
        pool.post(f"/classes/{pool.make_class(colour)}/examples", {"image_ids": image_ids})
    found = pool.post("/search", {"image_ids": [1]}, limit=100, filter=name)
    assert {each["image"]["id"] for each in found["results"]} == expected


def test_what_is_predicted_can_be_searched_alone(pool: Caller) -> None:
    assert pool.post("/search", {"image_ids": [1]}, filter="all")["results"]
    for colour, image_ids in (("green", [11, 12]), ("blue", [21, 22])):
        pool.post(f"/classes/{pool.make_class(colour)}/examples", {"image_ids": image_ids})
    found = pool.post("/search", {"image_ids": [1]}, limit=100, filter="predicted:green")
    assert found["results"]
    assert {each["image"]["prediction"]["class_id"] for each in found["results"]} == {"green"}
    assert {each["image"]["class_id"] for each in found["results"]} == {None}


def test_nothing_is_predicted_before_there_is_a_classifier(pool: Caller) -> None:
    pool.make_class("green")
    found = pool.post("/search", {"image_ids": [1]}, filter="predicted:green")
    assert found == {"results": [], "rejected": []}


def test_a_bad_file_among_good_ones_is_reported(pool: Caller) -> None:
    found = pool.send("/search", [part(b"words", "notes.txt"), part(png("red", 99))], limit=3)
    assert colours(found) == ["red"] * 3
    assert [each["filename"] for each in found["rejected"]] == ["notes.txt"]


def test_a_search_with_nothing_usable_says_why(pool: Caller) -> None:
    bad = pool.http.post("/search", files=[part(b"words", "notes.txt")])
    assert problem_of(bad, 422, "not-an-image")["rejected"]
    empty = pool.http.post("/search", files={}, data={"note": "x"})
    problem_of(empty, 415, "unsupported-media-type")
    form = {"content-type": "multipart/form-data; boundary=x"}
    nothing = pool.http.post("/search", content=b"--x--\r\n", headers=form)
    problem_of(nothing, 422, "no-files")
    many = pool.http.post("/search", files=parts("red", range(17)))
    problem_of(many, 413, "too-many-files")


@pytest.mark.parametrize(
    "body", [{}, {"image_ids": []}, {"image_ids": [1], "class_id": "x"}, {"image_ids": ["x"]}]
)
def test_a_query_without_sense_is_refused(pool: Caller, body: dict[str, object]) -> None:
    problem_of(pool.http.post("/search", json=body), 422, "malformed-request")


def test_what_is_unknown_is_named(pool: Caller) -> None:
    def ask(body: dict[str, object], **params: str) -> tuple[int, str]:
        answer = pool.http.post("/search", json=body, params=params)
        return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]

    assert ask({"image_ids": [1, 99]}) == (404, "unknown-image")
    assert ask({"class_id": "otter"}) == (404, "unknown-class")
    assert ask({"image_ids": [1]}, filter="class:otter") == (404, "unknown-class")
    assert ask({"image_ids": [1]}, filter="red") == (422, "bad-filter")
    assert ask({"image_ids": [1]}, project="nobody") == (404, "unknown-project")
    pool.make_class("otter")
    assert ask({"class_id": "otter"}) == (409, "no-examples")


def test_what_is_not_embedded_cannot_be_searched_with(pool: Caller) -> None:
    pool.send("/images", parts("red", range(20, 40)))
    answer = pool.http.post("/search", json={"image_ids": [1, 31]})
    assert "31" in problem_of(answer, 409, "not-embedded")["detail"]
    otter = pool.make_class("otter")
    pool.post(f"/classes/{otter}/examples", {"image_ids": list(range(31, 51))})
    problem_of(pool.http.post("/search", json={"class_id": otter}), 409, "not-embedded")


def test_an_empty_pool_holds_nothing_to_find(api: Caller) -> None:
    assert api.send("/search", [part(png("red"))]) == {"results": [], "rejected": []}


def test_each_encoder_searches_its_own_pool(
    pool: Caller, context: Context, manifests: list[Manifest], work: Callable[[], int]
) -> None:
    from service.usecases.encoders import enter_encoder

    first = pool.post("/search", {"image_ids": [1]}, limit=29)
    enter_encoder(context, "second", manifests[1])
    pool.patch("/projects/default", {"encoder_id": manifests[1].encoder_id})
    work()
    second = pool.post("/search", {"image_ids": [1]}, limit=29)
    assert colours(second)[:9] == ["red"] * 9
    assert [each["similarity"] for each in first["results"]] != [
        each["similarity"] for each in second["results"]
    ]


def test_a_deleted_image_is_found_no_more(pool: Caller) -> None:
    pool.delete("/images/2")
    found = pool.post("/search", {"image_ids": [1]}, limit=100)
    assert {each["image"]["id"] for each in found["results"]} == set(range(3, 31))
