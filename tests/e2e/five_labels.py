"""Through REST alone: label a few images a class of each data set, predict the rest.

    python -m tests.e2e.five_labels --server http://127.0.0.1:8000 --data FOLDER [--key KEY]

FOLDER holds zip files with one folder a class. Beside the service's accuracy stand those of the
nearest class mean on raw pixels and on the features of the bundled encoder's network with random
weights, on the same images and the same draws. Each figure is a mean over draws, a project each:
which five images are labelled moves a single one by three or four points.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from rich.console import Console
from rich.table import Table
from sklearn.neighbors import NearestCentroid

from models.checkpoints import new_manifest, save_checkpoint
from models.encoder import register_encoder
from models.images import decode
from models.loaders import BUNDLED_FOLDER
from models.low_shot.labelled_folder import LabelledFile, read_labelled
from models.low_shot.protocol import raw_pixel_features
from models.low_shot.splits import draw
from models.manifest import load_manifest
from models.onnx_encoder import OnnxEncoder
from models.vit import build_vit
from service.client import Client

READY_SECONDS = 600.0
BATCH = 32


@dataclass(frozen=True)
class Result:
    """Top-1 accuracies in [0, 1] on the unlabelled images of one data set."""

    data: str
    classes: int
    images: int
    service: float
    pixels: float
    random: float
    predict_seconds: float


class Connect:
    """Connections to one service, a project each."""

    def __init__(self, server: str, key: str | None) -> None:
        self._server, self._key = server, key

    def new_project(self, name: str) -> str:
        """A project of its own for this run."""
        unique = hashlib.sha256(str(time.time()).encode()).hexdigest()[:6]
        with self.project("default") as client:
            project: str = client.post("/projects", {"name": f"{name} {unique}"})["id"]
        return project

    def project(self, project: str) -> Client:
        """A client on a project."""
        return Client(self._server, project=project, key=self._key)


def measure(
    client_of: Connect, data: Path, shots: int, draws: int, baseline: OnnxEncoder
) -> Result:
    """Label `shots` images a class over REST, predict all others, and compare; mean of draws."""
    files = list(read_labelled(data))
    labels = np.array([file.label for file in files])
    chosen = [draw(labels, shots, seed) for seed in range(draws)]
    answers = [_answered(client_of, data.stem, files, labelled) for labelled in chosen]
    pixels, random = _features(raw_pixel_features, files), _features(baseline.embed, files)
    return Result(
        data.stem,
        len(set(labels)),
        len(files),
        float(np.mean([right for right, _ in answers])),
        float(np.mean([_class_means(pixels, labels, labelled) for labelled in chosen])),
        float(np.mean([_class_means(random, labels, labelled) for labelled in chosen])),
        float(np.mean([seconds for _, seconds in answers])),
    )


def _answered(
    client_of: Connect, name: str, files: Sequence[LabelledFile], labelled: NDArray[np.bool_]
) -> tuple[float, float]:
    """The service's accuracy on the images that are not labelled, and its seconds for each."""
    with client_of.project(client_of.new_project(name)) as client:
        names = _label(client, [f for f, chosen in zip(files, labelled, strict=True) if chosen])
        tests = [f for f, chosen in zip(files, labelled, strict=True) if not chosen]
        began = time.perf_counter()
        predicted = _predict(client, tests, names)
        seconds = time.perf_counter() - began
    right = np.mean(predicted == np.array([file.label for file in tests]))
    return float(right), seconds / len(tests)


def _label(client: Client, files: Sequence[LabelledFile]) -> dict[str, str]:
    """Make the classes and add the examples; class names by their ids."""
    names = {}
    for label in sorted({file.label for file in files}):
        class_id = client.post("/classes", {"name": label})["id"]
        names[class_id] = label
        chosen = [(file.name, file.data) for file in files if file.label == label]
        for answer in client.upload(f"/classes/{class_id}/examples", chosen):
            if answer["rejected"]:
                raise AssertionError(f"rejected: {answer['rejected']}")
    _wait_until_learnt(client, len(files))
    return names


def _wait_until_learnt(client: Client, examples: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        newest = client.get("/classifiers", limit=1)["classifiers"]
        if newest and sum(newest[0]["classes"].values()) >= examples:
            return
        time.sleep(0.5)
    raise AssertionError(f"the {examples} examples were not learnt in time")


def _predict(
    client: Client, files: Sequence[LabelledFile], names: dict[str, str]
) -> NDArray[np.str_]:
    uploads = [(file.name, file.data) for file in files]
    answers = list(client.upload("/predict", uploads))
    return np.array([names[p["class_id"]] for a in answers for p in a["predictions"]])


def _features(
    embed: Callable[[Sequence[Image]], NDArray[np.float32]], files: Sequence[LabelledFile]
) -> NDArray[np.float32]:
    """Features of all files, of which only a batch is held decoded."""
    batches = (files[start : start + BATCH] for start in range(0, len(files), BATCH))
    return np.concatenate([embed([decode(f.data).image for f in batch]) for batch in batches])


def _class_means(
    features: NDArray[np.float32], labels: NDArray[np.str_], labelled: NDArray[np.bool_]
) -> float:
    """Accuracy of the nearest class mean by Euclidean distance, on the features as they are."""
    head = NearestCentroid().fit(features[labelled], labels[labelled])
    return float(np.mean(head.predict(features[~labelled]) == labels[~labelled]))


def random_encoder(folder: Path) -> OnnxEncoder:
    """The bundled encoder's network as it was before training."""
    bundled = load_manifest(BUNDLED_FOLDER)
    torch.manual_seed(0)
    tensors = build_vit(bundled.architecture).state_dict()
    manifest = new_manifest(
        "random",
        tensors,
        source="random weights",
        licence="Apache-2.0",
        architecture=bundled.architecture,
        transform=bundled.transform,
        feature=bundled.feature,
    )
    save_checkpoint(folder / "random", manifest, tensors)
    return OnnxEncoder(register_encoder(str(folder / "random"), folder / "encoders"))


def print_table(results: Sequence[Result], shots: int, draws: int) -> None:
    """One row a data set, and their means."""
    table = Table(title=f"Top-1 accuracy, {shots} labels a class, mean of {draws} draws")
    for heading in ("data", "classes", "images", "service", "raw pixels", "random weights", "ms"):
        table.add_column(heading, justify="left" if heading == "data" else "right")
    for r in results:
        scores = [f"{100 * value:.1f}" for value in (r.service, r.pixels, r.random)]
        row = [r.data, str(r.classes), str(r.images), *scores, f"{1000 * r.predict_seconds:.0f}"]
        table.add_row(*row)
    means = [
        np.mean([getattr(r, name) for r in results]) for name in ("service", "pixels", "random")
    ]
    table.add_row("mean", "", "", *(f"{100 * mean:.1f}" for mean in means), "")
    Console().print(table)


def main() -> None:
    """Measure every data set of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--key", default=None)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    archives = sorted(p for p in given.data.glob("*.zip") if not p.stem.startswith("tiny-imagenet"))
    with tempfile.TemporaryDirectory() as folder:
        baseline = random_encoder(Path(folder))
        connect = Connect(given.server, given.key)
        results = [measure(connect, data, given.shots, given.draws, baseline) for data in archives]
    print_table(results, given.shots, given.draws)
    if given.json:
        given.json.write_text(json.dumps([vars(result) for result in results], indent=1))


if __name__ == "__main__":
    main()
