"""Preprocessing, encoder and head in one file, beside the way that the service answers."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from models.encoder import register_encoder
from models.errors import EncoderError
from models.fitting import FittedHead, fit_head
from models.images import decode
from models.manifest import Manifest, load_manifest
from models.onnx_encoder import OnnxEncoder
from models.portable import INPUTS, Input, export_classifier
from tests.models.portable.running import open_session, run_classifier

TINY_VIT = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def head(registered_folder: Path, photos: list[Image.Image]) -> FittedHead:
    """Tells crops of one photograph from those of another."""
    features = OnnxEncoder(registered_folder).embed(photos)
    return fit_head(features, ["china"] * 10 + ["flower"] * 10)


@pytest.mark.parametrize("takes", INPUTS)
def test_it_answers_as_the_service_does(
    registered_folder: Path, head: FittedHead, photos: list[Image.Image], takes: Input
) -> None:
    model = export_classifier(registered_folder, head, takes=takes)
    features = OnnxEncoder(registered_folder).embed(photos)
    for photo, row, expected in zip(photos, features, head.predict_proba(features), strict=True):
        image = np.asarray(photo) if takes == "pixels" else np.frombuffer(png(photo), np.uint8)
        answer = run_classifier(model, takes, image)
        np.testing.assert_allclose(answer["probabilities"], expected, atol=0.005)
        assert answer["unknown"] == head.is_unknown(row[None])[0]
        np.testing.assert_allclose(
            answer["unknown_score"], head.unknown_score(row[None])[0], atol=0.005
        )


def test_it_says_what_the_answer_means(registered_folder: Path, head: FittedHead) -> None:
    model = export_classifier(registered_folder, head, {"china": "China, Summer Palace"}, "pixels")
    session = open_session(model)
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["handful_classes"]) == [
        {"id": "china", "label": "China, Summer Palace"},
        {"id": "flower", "label": "flower"},
    ]
    assert float(told["handful_coverage"]) == head.coverage
    assert Manifest.model_validate_json(told["handful"]) == load_manifest(registered_folder)
    assert [(put.name, put.type, put.shape) for put in session.get_inputs()] == [
        ("pixels", "tensor(uint8)", ["height", "width", 3])
    ]
    assert [(put.name, put.type, put.shape) for put in session.get_outputs()] == [
        ("probabilities", "tensor(float)", [2]),
        ("prediction_set", "tensor(bool)", [2]),
        ("unknown_score", "tensor(float)", []),
        ("unknown", "tensor(bool)", []),
    ]


def test_it_is_valid_onnx(registered_folder: Path, head: FittedHead) -> None:
    onnx.checker.check_model(export_classifier(registered_folder, head, takes="pixels"))


def test_only_a_file_needs_the_extensions(registered_folder: Path, head: FittedHead) -> None:
    with pytest.raises(Exception, match="DecodeImage"):
        onnxruntime.InferenceSession(export_classifier(registered_folder, head))


def test_a_head_of_another_encoder_is_refused(registered_folder: Path) -> None:
    other = fit_head(np.eye(3, 7), ["a", "b", "c"])
    with pytest.raises(EncoderError, match="fitted on 7 feature components and tiny gives 32"):
        export_classifier(registered_folder, other)


def test_an_encoder_without_its_network_is_refused(
    registered_folder: Path, head: FittedHead, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes((registered_folder / "manifest.json").read_bytes())
    with pytest.raises(EncoderError, match=r"model\.onnx cannot be read"):
        export_classifier(tmp_path, head)
    (tmp_path / "model.onnx").write_bytes(b"damaged" * 9)
    with pytest.raises(EncoderError, match="register the encoder again"):
        export_classifier(tmp_path, head)


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["auto", f"timm:{TINY_VIT}={{}}/{TINY_VIT}.safetensors"])
def test_real_photographs_get_the_services_probabilities(
    shared_data: Path, spec: str, tmp_path: Path
) -> None:
    folder = register_encoder(spec.format(shared_data / "weights"), tmp_path)
    files, names = labelled_files(shared_data / "data" / "trash.zip", per_class=8)
    images = [decode(file).image for file in files]
    features = OnnxEncoder(folder).embed(images)
    labelled = np.arange(len(files)) % 8 < 5
    head = fit_head(features[labelled], np.array(names)[labelled])
    for takes in INPUTS:
        model = export_classifier(folder, head, takes=takes)
        for place in np.flatnonzero(~labelled):
            pixels, file = np.asarray(images[place]), np.frombuffer(files[place], np.uint8)
            answer = run_classifier(model, takes, pixels if takes == "pixels" else file)
            expected = head.predict_proba(features[place : place + 1])[0]
            # JPEG decoders differ in how they fill in halved colours.
            tolerance = 0.01 if takes == "pixels" else 0.05
            np.testing.assert_allclose(answer["probabilities"], expected, atol=tolerance)


def labelled_files(archive: Path, per_class: int) -> tuple[list[bytes], list[str]]:
    """The first images of each class of a zip of folders, class by class."""
    with zipfile.ZipFile(archive) as folders:
        names = sorted(name for name in folders.namelist() if name.endswith(".jpg"))
        classes = [name.split("/")[0] for name in names]
        chosen = [i for i, name in enumerate(classes) if classes[:i].count(name) < per_class]
        return [folders.read(names[i]) for i in chosen], [classes[i] for i in chosen]


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
