"""Classes: readable ids, one name each, renamed, merged and deleted."""

from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


def test_a_class_gets_a_readable_id(api: Caller) -> None:
    made = api.post("/classes", {"name": "  Sea otter "})
    assert (made["id"], made["name"], made["examples"]) == ("sea-otter", "Sea otter", 0)
    assert api.get("/classes/sea-otter") == made
    assert api.get("/classes")["classes"] == [made]


def test_names_that_read_alike_get_ids_of_their_own(api: Caller) -> None:
    assert api.make_class("a-b") == "a-b"
    assert api.make_class("a b") == "a-b-2"
    assert api.make_class("???") == "unnamed"
    assert api.make_class("Ökologie 北") == "ökologie-北"


def test_a_name_is_taken_whatever_its_case(api: Caller) -> None:
    api.make_class("Otter")
    for name in ("Otter", "otter", "OTTER "):
        refused = api.http.post("/classes", json={"name": name})
        assert "Otter" in problem_of(refused, 409, "duplicate-class")["detail"]


def test_an_unusable_name_is_refused(api: Caller) -> None:
    for name in ("", "   ", "x" * 101, "a\x00b", "a\nb", 7, None):
        refused = api.http.post("/classes", json={"name": name})
        problem_of(refused, 422, "malformed-request")


def test_a_renamed_class_keeps_its_id_and_names_its_predictions(api: Caller) -> None:
    api.teach("red", "green")
    assert api.patch("/classes/red", {"name": "Crimson"})["id"] == "red"
    prediction = api.send("/predict", [part(png("red", 90))])["predictions"][0]
    assert (prediction["class_id"], prediction["label"]) == ("red", "Crimson")
    api.patch("/classes/red", {"name": "CRIMSON"})  # its own name is no clash
    taken = api.http.patch("/classes/red", json={"name": "Green"})
    problem_of(taken, 409, "duplicate-class")


def test_a_merged_class_gives_its_examples_away(api: Caller) -> None:
    api.teach("red", "green", each=2)
    merged = api.post("/classes/red/merge", {"into": "green"})
    assert (merged["id"], merged["examples"]) == ("green", 4)
    assert [each["id"] for each in api.get("/classes")["classes"]] == ["green"]
    assert api.get("/classifiers")["classifiers"][0]["classes"] == {"green": 4}
    problem_of(api.http.post("/classes/green/merge", json={"into": "green"}), 422, "same-class")
    problem_of(api.http.post("/classes/green/merge", json={"into": "red"}), 404, "unknown-class")


def test_a_class_with_examples_is_deleted_only_when_asked_to(api: Caller) -> None:
    api.teach("red", "green", each=2)
    refused = problem_of(api.http.delete("/classes/red"), 409, "class-has-examples")
    assert "delete_examples=true" in refused["detail"]
    api.delete("/classes/red", delete_examples=True)
    assert [each["id"] for each in api.get("/classes")["classes"]] == ["green"]
    assert api.get("/classifiers")["classifiers"][0]["classes"] == {"green": 2}
    assert api.get("/images", filter="unlabelled")["total"] == 2


def test_an_empty_class_comes_and_goes_without_a_version(api: Caller) -> None:
    api.teach("red")
    api.make_class("Empty")
    api.delete("/classes/empty")
    api.make_class("Empty")
    api.post("/classes/empty/merge", {"into": "red"})
    assert [each["version"] for each in api.get("/classifiers")["classifiers"]] == [1]


def test_a_class_without_examples_does_not_disturb_the_others(api: Caller) -> None:
    api.make_class("Empty")
    api.teach("red", "green")
    prediction = api.send("/predict", [part(png("green", 90))])["predictions"][0]
    assert set(prediction["scores"]) == {"red", "green"}
    assert api.get("/images", filter="class:empty")["items"] == []


def test_an_unknown_class_is_named_wherever_it_is_asked_for(api: Caller) -> None:
    for response in (
        api.http.get("/classes/nobody"),
        api.http.patch("/classes/nobody", json={"name": "x"}),
        api.http.delete("/classes/nobody"),
        api.http.get("/classes/nobody/examples"),
        api.http.post("/classes/nobody/examples", files=parts("red", range(1))),
        api.http.get("/images", params={"filter": "class:nobody"}),
        api.http.get("/images", params={"filter": "predicted:nobody"}),
    ):
        assert "nobody" in problem_of(response, 404, "unknown-class")["detail"]
    assert api.get("/images")["total"] == 0
