"""How good an encoder is with few labels, beside its own untrained network and raw pixels.

    python -m tests.benchmarks.encoder_low_shot --encoder models/weights SET.zip ...
        --beside timm:vit_tiny_patch16_224=FILE.safetensors

Each set is a folder or zip with one subfolder a class. Logistic regression after the low-shot
protocol of MSN, at 1, 2, 5 and 10 labels a class, mean and deviation of ten draws. Any number of
other encoders may stand beside it, each with its own transform and feature.
"""

import argparse
import json
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import helmert, qr
from torch import Tensor

from models.classifiers import LogisticRegressionClassifier
from models.features import normalise
from models.images import decode
from models.loaders import load_encoder
from models.low_shot.labelled_folder import read_labelled
from models.low_shot.protocol import low_shot_table, raw_pixel_features
from models.manifest import Manifest
from models.transforms import evaluation_batch
from models.vit import VisionTransformer, build_vit, cls_feature

SHOTS = (1, 2, 5, 10)
HEAD = {"logistic": LogisticRegressionClassifier}

Features: TypeAlias = NDArray[np.float32]
Table: TypeAlias = dict[str, dict[str, dict[str, list[float]]]]


def measure(encoder: str, beside: list[str], sets: list[Path], seeds: int = 10) -> Table:
    """Set, then features, then shots: mean and deviation of the top-1 accuracy in percent.

    Features of the encoder that the spec `encoder` names come first, then those `beside` it.
    """
    manifest, tensors = load_encoder(encoder)
    torch.manual_seed(0)
    untrained = build_vit(manifest.architecture)
    networks = {
        "trained": (manifest, loaded(manifest, tensors)),
        "random weights": (manifest, untrained),
    }
    for spec in beside:
        other, weights = load_encoder(spec)
        networks[other.name] = (other, loaded(other, weights))
    table: Table = {}
    for data in sets:
        images, labels = read_images(data)
        pixels = in_own_span(raw_pixel_features(images, manifest.transform.crop))
        table[data.stem] = {
            name: accuracies(extract(vit, its_manifest, images), labels, seeds)
            for name, (its_manifest, vit) in networks.items()
        } | {"raw pixels": accuracies(pixels, labels, seeds)}
    return table


def loaded(manifest: Manifest, tensors: dict[str, Tensor]) -> VisionTransformer:
    """The encoder of a manifest with its weights."""
    vit = build_vit(manifest.architecture)
    vit.load_state_dict(tensors)
    return vit


def in_own_span(features: Features) -> Features:
    """The same normalised features (n, d) in n + 1 coordinates, where those are fewer than d.

    Rotated into the span of all samples, which no distance and no linear head notices; the one
    coordinate more keeps the mean of each row's components at zero, as it is after `normalise`.
    """
    count, dimension = features.shape
    if count + 1 >= dimension:
        return features
    upper = qr(normalise(features).T.astype(np.float64), mode="r")[0][:count]  # (n, n)
    return np.asarray(upper.T @ helmert(count + 1), dtype=np.float32)  # rows orthogonal to ones


def read_images(data: Path) -> tuple[list[Image.Image], list[str]]:
    """All images of a set and their classes."""
    files = list(read_labelled(data))
    return [decode(file.data).image for file in files], [file.label for file in files]


@torch.inference_mode()
def extract(vit: VisionTransformer, manifest: Manifest, images: list[Image.Image]) -> Features:
    """Features (n, width) as the manifest defines them."""
    vit.eval()
    batches = [images[start : start + 64] for start in range(0, len(images), 64)]
    pixels = (torch.from_numpy(evaluation_batch(batch, manifest.transform)) for batch in batches)
    features = torch.cat([cls_feature(vit, batch, manifest.feature.norm) for batch in pixels])
    return np.asarray(features.numpy(), dtype=np.float32)


def accuracies(features: Features, labels: list[str], seeds: int) -> dict[str, list[float]]:
    """Mean and deviation over draws, in percent, by the number of labels a class."""
    results = low_shot_table(features, labels, SHOTS, seeds, HEAD)
    return {str(r.shots): [round(100 * r.mean, 1), round(100 * r.std, 1)] for r in results}


def markdown(table: Table) -> str:
    """The table as people read it, a line for each set and kind of features."""
    lines = [
        "| set | features | " + " | ".join(f"{shots} a class" for shots in SHOTS) + " |",
        "|---|---|" + "---|" * len(SHOTS),
    ]
    for data, features in table.items():
        for name, by_shots in features.items():
            cells = [f"{mean:.1f} ± {std:.1f}" for mean, std in by_shots.values()]
            lines.append(f"| {data} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--encoder", default="models/weights", help="spec of an encoder")
    parser.add_argument("--beside", action="append", default=[], metavar="SPEC")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    table = measure(arguments.encoder, arguments.beside, arguments.sets, arguments.seeds)
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1))
    print(markdown(table))


if __name__ == "__main__":
    main()
