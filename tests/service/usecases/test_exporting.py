"""Exports: files that say elsewhere what the service says."""

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest

from models.images import decode
from service.storage.images import filenames
from service.usecases.turns import Turns
from tests.pictures import parts, png
from tests.service.caller import Caller, problem_of


@pytest.fixture
def taught(api: Caller) -> Caller:
    """A service whose second version knows two colours, each of six labels."""
    api.teach("red", "green", each=6)
    return api


def export(api: Caller, **asked: Any) -> Any:
    answer = api.http.get("/classifiers/2/export", params=asked)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_onnx_file_answers_as_the_service_does(taught: Caller) -> None:
    model = onnxruntime.InferenceSession(export(taught, format="onnx", takes="pixels").content)
    said = taught.send("/predict", parts("green", [40]), explain=True)["predictions"][0]
    pixels = np.asarray(decode(png("green", 40), max_bytes=10**6, max_pixels=10**6).image)
    answer = dict(
        zip((each.name for each in model.get_outputs()), model.run(None, {"pixels": pixels}),
            strict=True)
    )  # fmt: skip
    expected = [said["scores"][name] for name in ("green", "red")]
    assert answer["probabilities"] == pytest.approx(expected, abs=0.01)
    assert float(answer["unknown_score"]) == pytest.approx(said["unknown_score"], abs=0.01)


def test_it_takes_a_file_unless_pixels_are_asked_for(taught: Caller) -> None:
    import onnx

    answer = export(taught)
    assert [each.name for each in onnx.load_from_string(answer.content).graph.input] == ["file"]
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''default-version-2.onnx"
    )


def test_the_npz_holds_the_head(taught: Caller) -> None:
    with np.load(io.BytesIO(export(taught, format="npz").content), allow_pickle=False) as arrays:
        assert arrays["classes"].tolist() == ["green", "red"]


def test_the_table_says_of_each_image_what_the_pool_says(
    taught: Caller, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.usecases.exporting.AT_ONCE", 5)  # 13 images: the last part is less
    taught.send("/images", [("files", ('a, "b".png', png("red", 70), "image/png"))])
    work()
    rows = list(csv.DictReader(io.StringIO(export(taught, format="csv").text)))
    listed = {str(each["id"]): each for each in taught.get("/images", limit=500)["items"]}
    assert len(rows) == len(listed) == 13
    for row in rows:
        image = listed[row["image_id"]]
        assert row["filename"] == image["filename"]
        assert row["label"] == (image["class_id"] or "")
        assert row["predicted"] == image["prediction"]["class_id"]
        assert float(row["probability"]) == pytest.approx(
            image["prediction"]["probability"], abs=1e-6
        )
        assert row["unknown"] == ("yes" if image["prediction"]["unknown"] else "no")
    sets = [each["set"] for each in taught.post(
        "/predict", {"image_ids": [int(row["image_id"]) for row in rows]}, explain=True
    )["predictions"]]  # fmt: skip
    assert [row["set"] for row in rows] == [" ".join(each or []) for each in sets]


def test_a_spreadsheet_runs_nothing_of_a_files_name(
    taught: Caller, work: Callable[[], int]
) -> None:
    taught.send("/images", [("files", ("=1+1.png", png("red", 71), "image/png"))])
    work()
    rows = csv.DictReader(io.StringIO(export(taught, format="csv").text))
    assert [row["filename"] for row in rows][-1] == "'=1+1.png"


def test_the_table_leaves_out_images_deleted_meanwhile(
    taught: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by another process, between the reading of the pool and that of the names."""

    def after_a_deletion(*asked: Any) -> dict[int, str]:
        return {image_id: name for image_id, name in filenames(*asked).items() if image_id != 3}

    monkeypatch.setattr("service.usecases.exporting.images.filenames", after_a_deletion)
    rows = csv.DictReader(io.StringIO(export(taught, format="csv").text))
    assert [int(row["image_id"]) for row in rows] == [1, 2, *range(4, 13)]


def test_an_older_version_says_what_it_said(taught: Caller) -> None:
    answer = taught.http.get("/classifiers/1/export", params={"format": "csv"})
    assert {row["predicted"] for row in csv.DictReader(io.StringIO(answer.text))} == {"red"}


def test_a_version_that_does_not_exist_cannot_be_exported(taught: Caller) -> None:
    for layout in ("onnx", "npz", "csv"):
        answer = taught.http.get("/classifiers/9/export", params={"format": layout})
        problem_of(answer, 404, "unknown-classifier")


def test_what_takes_long_waits_for_its_turn_and_tells_the_rest_to_come_again(
    taught: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(waiting=1)
    monkeypatch.setitem(vars(taught.context), "exports", turns)
    with turns.take():
        for layout in ("onnx", "csv"):
            answer = taught.http.get("/classifiers/2/export", params={"format": layout})
            problem_of(answer, 503, "busy")
        export(taught, format="npz")
    export(taught, format="csv")
