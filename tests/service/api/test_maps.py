"""The map of a project's images, through the api."""

import gzip
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import update

from models.manifest import Manifest
from service.api.finding_schemas import PoolMap
from service.storage.tables import ProjectRow
from service.usecases import layouts
from service.usecases.context import Context
from service.usecases.encoders import enter_encoder
from tests.pictures import parts
from tests.service.caller import Caller, problem_of

TYPES = {
    "image_ids": "<i4",
    "x": "<f4",
    "y": "<f4",
    "label": "<i2",
    "predicted": "<i2",
    "confidence": "<f4",
    "unknown": "u1",
}
MAP = {"kind": "map", "payload": {}}


def read(api: Caller) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The map's message, held to its schema, and its arrays."""
    message = api.get("/map")
    arrays = PoolMap.model_validate(message)
    found = {
        name: np.frombuffer(b64decode(getattr(arrays, name)), kind) for name, kind in TYPES.items()
    }
    assert {len(array) for array in found.values()} == {message["count"]}
    return message, found


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well a map is laid out is tested with the model."""
    monkeypatch.setattr("models.maps.tsne.STEPS", 60)


@pytest.fixture
def mapped(api: Caller, work: Callable[[], int]) -> Caller:
    """Twenty images each of red (ids 1 to 20), green and blue on a map."""
    for colour in ("red", "green", "blue"):
        api.send("/images", parts(colour, range(20)))
    work()
    api.post("/jobs", MAP)
    work()
    return api


def centre(arrays: dict[str, NDArray[Any]], image_ids: range) -> NDArray[np.float32]:
    here = np.isin(arrays["image_ids"], list(image_ids))
    return np.array([np.median(arrays["x"][here]), np.median(arrays["y"][here])])


def test_there_is_no_map_before_one_was_made(api: Caller) -> None:
    problem = problem_of(api.http.get("/map"), 404, "no-map")
    assert "POST /jobs" in problem["detail"]
    problem_of(api.http.get("/map", params={"project": "nobody"}), 404, "unknown-project")


def test_nothing_is_mapped_before_anything_is_embedded(api: Caller, context: Context) -> None:
    problem_of(api.http.post("/jobs", json=MAP), 409, "nothing-embedded")
    with context.database.write() as session:
        session.execute(update(ProjectRow).values(encoder_id=None))
    problem_of(api.http.post("/jobs", json=MAP), 409, "no-encoder")
    problem_of(api.http.get("/map"), 409, "no-encoder")


def test_a_map_takes_no_settings(api: Caller) -> None:
    body = MAP | {"payload": {"encoder_id": "x"}}
    problem_of(api.http.post("/jobs", json=body), 422, "malformed-request")


def test_alike_images_lie_together_on_the_map(mapped: Caller) -> None:
    message, arrays = read(mapped)
    assert message["stale"] == 0
    assert arrays["image_ids"].tolist() == list(range(1, 61))
    assert min(arrays["x"].min(), arrays["y"].min()) >= 0
    assert max(arrays["x"].max(), arrays["y"].max()) <= 1
    places = np.stack([arrays["x"], arrays["y"]], axis=1)
    centres = np.stack([centre(arrays, range(1 + 20 * n, 21 + 20 * n)) for n in range(3)])
    nearest = ((places[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == np.repeat([0, 1, 2], 20)).mean() > 0.9


def test_a_map_without_a_classifier_says_nothing_of_classes(mapped: Caller) -> None:
    message, arrays = read(mapped)
    assert message["classes"] == []
    assert set(arrays["label"]) == set(arrays["predicted"]) == {-1}
    assert not arrays["confidence"].any()
    assert not arrays["unknown"].any()


def test_the_map_shows_labels_and_predictions(mapped: Caller) -> None:
    for colour, image_ids in (("green", [21, 22, 23]), ("red", [1, 2, 3])):
        mapped.post(f"/classes/{mapped.make_class(colour)}/examples", {"image_ids": image_ids})
    message, arrays = read(mapped)
    assert message["classes"] == ["green", "red"]
    labels = dict(zip(arrays["image_ids"].tolist(), arrays["label"].tolist(), strict=True))
    assert {labels[i] for i in (1, 2, 3)} == {1}
    assert {labels[i] for i in (21, 22, 23)} == {0}
    assert sum(label >= 0 for label in labels.values()) == 6
    for image in mapped.get("/images", limit=60)["items"]:
        at = arrays["image_ids"].tolist().index(image["id"])
        prediction = image["prediction"]
        assert message["classes"][arrays["predicted"][at]] == prediction["class_id"]
        assert arrays["confidence"][at] == pytest.approx(prediction["probability"], abs=0.003)
        assert bool(arrays["unknown"][at]) == prediction["unknown"]


def test_a_map_that_did_not_change_is_not_sent_again(mapped: Caller) -> None:
    def ask(etag: str) -> int:
        return mapped.http.get("/map", headers={"If-None-Match": etag}).status_code

    etag = mapped.http.get("/map").headers["etag"]
    assert ask(etag) == 304
    red = mapped.make_class("red")
    labelled = mapped.http.get("/map").headers["etag"]
    mapped.post(f"/classes/{red}/examples", {"image_ids": [1]})
    assert ask(etag) == ask(labelled) == 200
    etag = mapped.http.get("/map").headers["etag"]
    mapped.delete("/images/60")
    assert ask(etag) == 200


def test_the_map_comes_compressed_where_that_is_understood(mapped: Caller) -> None:
    def ask(encoding: str) -> tuple[str, bytes]:
        headers = {"Accept-Encoding": encoding}
        with mapped.http.stream("GET", "/map", headers=headers) as answer:
            return answer.headers["content-encoding"], b"".join(answer.iter_raw())

    zipped, plain = ask("gzip, deflate"), ask("identity")
    assert (zipped[0], plain[0]) == ("gzip", "identity")
    assert gzip.decompress(zipped[1]) == plain[1]


def test_new_images_are_placed_between_their_neighbours(
    mapped: Caller, work: Callable[[], int]
) -> None:
    version = read(mapped)[0]["version"]
    mapped.send("/images", parts("green", range(50, 60)))
    work()
    message, arrays = read(mapped)
    assert (message["version"], message["stale"], message["count"]) == (version, 10, 70)
    distances = [
        np.linalg.norm(centre(arrays, range(61, 71)) - centre(arrays, range(first, first + 20)))
        for first in (1, 21, 41)
    ]
    assert np.argmin(distances) == 1
    mapped.post("/jobs", MAP)
    work()
    message, _ = read(mapped)
    assert (message["stale"], message["count"]) == (0, 70)
    assert message["version"] > version


def test_only_so_many_new_images_are_placed(
    mapped: Caller, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layouts, "PLACED_AT_MOST", 4)
    mapped.send("/images", parts("green", range(50, 60)))
    work()
    message, _ = read(mapped)
    assert (message["stale"], message["count"]) == (10, 64)


def test_deleted_images_are_on_the_map_no_more(mapped: Caller) -> None:
    mapped.delete("/images/7")
    message, arrays = read(mapped)
    assert (message["stale"], message["count"]) == (0, 59)
    assert 7 not in arrays["image_ids"]


def test_images_that_came_after_the_map_and_left_again_make_it_no_older(
    mapped: Caller, work: Callable[[], int]
) -> None:
    added = mapped.send("/images", parts("blue", range(20, 23)))["images"]
    work()
    assert read(mapped)[0]["stale"] == 3
    mapped.delete(f"/images/{added[0]['id']}")
    message, _ = read(mapped)
    assert (message["stale"], message["count"]) == (2, 62)


def test_each_encoder_has_its_own_map(
    mapped: Caller, context: Context, manifests: list[Manifest], work: Callable[[], int]
) -> None:
    first, second = (each.encoder_id for each in manifests)
    of_first = mapped.get("/map")
    enter_encoder(context, "second", manifests[1])
    mapped.patch("/projects/default", {"encoder_id": second})
    work()
    assert second in problem_of(mapped.http.get("/map"), 404, "no-map")["detail"]
    mapped.post("/jobs", MAP)
    work()
    assert mapped.get("/map")["encoder_id"] == second
    mapped.patch("/projects/default", {"encoder_id": first})
    assert mapped.get("/map") == of_first


def test_a_map_asked_for_twice_is_made_once(mapped: Caller) -> None:
    first, second = mapped.post("/jobs", MAP), mapped.post("/jobs", MAP)
    assert first["id"] == second["id"]
    assert first["payload"] == {"encoder_id": mapped.get("/encoders")["default_id"]}
