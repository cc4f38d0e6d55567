"""Preprocessing, encoder and head as one ONNX file, which answers without Handful."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import onnx
from onnx import TensorProto, helper

from models.errors import EncoderError
from models.fitting import FittedHead
from models.manifest import MANIFEST_KEY, ONNX_FILE, Manifest, load_manifest
from models.portable.decoding import EXTENSIONS_DOMAIN, add_decoding
from models.portable.graph import Graph
from models.portable.head import head_arrays
from models.portable.head_graph import Answer, add_head
from models.portable.preprocessing import add_evaluation

Input: TypeAlias = Literal["file", "pixels"]
INPUTS: tuple[Input, ...] = get_args(Input)

# Metadata beside the encoder's manifest: what the places of the probabilities mean, as JSON, and
# how many of the prediction sets hold the true class.
CLASSES_KEY = "handful_classes"
COVERAGE_KEY = "handful_coverage"

_SHAPES: dict[Input, list[str | int]] = {"file": ["bytes"], "pixels": ["height", "width", 3]}


def export_classifier(
    encoder_folder: Path,
    head: FittedHead,
    labels: Mapping[str, str] | None = None,
    takes: Input = "file",
) -> bytes:
    """An ONNX model that maps one image to what the classifier says of it.

    It takes `file`, a JPEG or PNG as uint8 (bytes,), which needs the operators of the package
    onnxruntime-extensions; or `pixels`, upright RGB as uint8 (height, width, 3), which runs
    wherever ONNX Runtime does. It gives `probabilities` (classes,), `prediction_set` (classes,)
    where the labels are enough for sets, and without axes `unknown_score` in [0, 1] and `unknown`.

    encoder_folder: a registered encoder's, with its manifest.json and model.onnx.
    labels: class id -> name, for the metadata; an id without one is its own name.
    Raises EncoderError where the folder is incomplete or the head comes from another encoder.
    """
    manifest = load_manifest(encoder_folder)
    _check_fits(head, manifest)
    encoder, graph = _load(Path(encoder_folder) / ONNX_FILE), Graph()
    pixels = add_decoding(graph, "file") if takes == "file" else "pixels"
    features = graph.include(encoder.graph, add_evaluation(graph, pixels, manifest.transform))
    outputs = _outputs(graph, add_head(graph, features, head_arrays(head)), len(head.classes_))
    taken = helper.make_tensor_value_info(takes, TensorProto.UINT8, _SHAPES[takes])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "classifier", [taken], outputs, graph.constants),
        opset_imports=[*encoder.opset_import, *_extensions(takes)],
        ir_version=encoder.ir_version,
        producer_name="handful",
    )
    helper.set_model_props(model, _metadata(manifest, head, labels or {}))
    return bytes(model.SerializeToString())


def _check_fits(head: FittedHead, manifest: Manifest) -> None:
    fitted_on = head.classifier.n_features_in_
    if fitted_on != manifest.dimension:
        raise EncoderError(
            f"the classifier was fitted on {fitted_on} feature components and {manifest.name} "
            f"gives {manifest.dimension}: export it with the encoder that it was fitted with"
        )


def _load(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(path)
    except Exception as error:  # no file or a damaged one: protobuf's errors have no types
        raise EncoderError(
            f"{path} cannot be read ({error}): register the encoder again"
        ) from error


def _outputs(graph: Graph, answer: Answer, class_count: int) -> list[onnx.ValueInfoProto]:
    """Give the answer its names; returns of what type and shape each is."""
    described: tuple[tuple[str, str | None, int, list[int]], ...] = (
        ("probabilities", answer.probabilities, TensorProto.FLOAT, [class_count]),
        ("prediction_set", answer.prediction_set, TensorProto.BOOL, [class_count]),
        ("unknown_score", answer.unknown_score, TensorProto.FLOAT, []),
        ("unknown", answer.unknown, TensorProto.BOOL, []),
    )
    outputs = []
    for name, result, kind, shape in described:
        if result is not None:
            graph.rename(result, name)
            outputs.append(helper.make_tensor_value_info(name, kind, shape))
    return outputs


def _extensions(takes: Input) -> list[onnx.OperatorSetIdProto]:
    return [helper.make_opsetid(EXTENSIONS_DOMAIN, 1)] if takes == "file" else []


def _metadata(manifest: Manifest, head: FittedHead, labels: Mapping[str, str]) -> dict[str, str]:
    ids = [str(class_id) for class_id in head.classes_]
    classes = [{"id": class_id, "label": labels.get(class_id, class_id)} for class_id in ids]
    coverage = {} if head.coverage is None else {COVERAGE_KEY: str(head.coverage)}
    return {MANIFEST_KEY: manifest.model_dump_json(), CLASSES_KEY: json.dumps(classes)} | coverage
