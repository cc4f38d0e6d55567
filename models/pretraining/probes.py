"""Probes of the features, on whatever labels there are: the loss alone tells little."""

import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from models.pretraining.run_folder import Run
from models.pretraining.views import normalise_pixels
from models.vit import cls_feature

SAMPLES = 6_000
SHOTS = 5
DRAWS = 3
# The size of a batch at 64 pixels; larger images come in smaller ones.
PIXELS_AT_ONCE = 256 * 64 * 64
# The share of a run's time that probes may take.
COST = 0.05


class Probes:
    """Probes features every now and then, at a small share of the run's time.

    They are due each `share` of the run, `seconds` apart at least, and cost at most a twentieth.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64] | None,
        share: float,
        seconds: float,
    ) -> None:
        self._images, self._labels = images, labels
        self._share, self._pause = share, seconds
        self._next = 0.0

    def due(self, run: Run) -> bool:
        """Whether it is time to; always at the end."""
        if self._labels is None:
            return False
        every = max(1, round(self._share * run.steps))
        return run.finished or (run.step % every == 0 and time.monotonic() >= self._next)

    def measure(self, run: Run) -> dict[str, float]:
        """kNN and low-shot accuracy of the features, which the run remembers."""
        if self._labels is None:
            return {}
        began = time.monotonic()
        accuracies = probe(run.network.learned(), self._images, self._labels)
        now = time.monotonic()
        self._next = now + max(self._pause, (now - began) / COST)
        run.probes = {name: round(value, 4) for name, value in accuracies.items()}
        if run.step == 0:
            run.first_knn = run.probes.get("knn")
        return run.probes


def probe(
    vit: VisionTransformer,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> dict[str, float]:
    """Accuracies, 0 to 1, of pre-norm features on a fixed sample of the labelled images.

    `labels` (n,) are negative where there is none. "knn": one sixth of the sample asks the others.
    "low_shot": logistic regression with 5 labels a class, or all but one of the rarest class's.
    Classes with one image are left out; nothing is measured where fewer than two remain.
    """
    chosen = choose_labelled(labels, samples, seed)
    if not len(chosen):
        return {}
    # scikit-learn takes seconds to import, and runs without labels need none of it.
    from models.classifiers import LogisticRegressionClassifier
    from models.low_shot.protocol import low_shot_table

    features, known = sampled_features(vit, images, chosen), labels[chosen]
    bank = len(chosen) * 5 // 6
    asked = torch.from_numpy(known).to(features.device)
    knn = knn_accuracy(features[:bank], asked[:bank], features[bank:], asked[bank:])
    shots = min(SHOTS, int(np.unique(known, return_counts=True)[1].min()) - 1)
    heads = {"logistic": LogisticRegressionClassifier}
    low_shot = low_shot_table(features.cpu().numpy(), known, [shots], DRAWS, heads)[0].mean
    return {"knn": knn, "low_shot": low_shot}


def choose_labelled(labels: NDArray[np.int64], samples: int, seed: int) -> NDArray[np.int64]:
    """Positions of a random sample whose classes have two images in it at least, or nothing."""
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = order[labels[order] >= 0][:samples]
    classes, counts = np.unique(labels[chosen], return_counts=True)
    common = classes[counts > 1]
    return chosen[np.isin(labels[chosen], common)] if len(common) > 1 else chosen[:0]


@torch.inference_mode()
def sampled_features(
    vit: VisionTransformer, images: NDArray[np.uint8], chosen: NDArray[np.int64]
) -> Tensor:
    """Pre-norm CLS features (n, width) of the chosen images, float32."""
    at_once = max(1, PIXELS_AT_ONCE // (images.shape[2] * images.shape[3]))
    parts = np.array_split(chosen, range(at_once, len(chosen), at_once))
    return torch.cat([_features(vit, images[part]) for part in parts])


def _features(vit: VisionTransformer, images: NDArray[np.uint8]) -> Tensor:
    pixels = torch.from_numpy(images).to(next(vit.parameters()).device)
    with torch.autocast(pixels.device.type, torch.bfloat16):
        return cls_feature(vit, normalise_pixels(pixels / 255), "pre").float()


def knn_accuracy(
    features: Tensor, labels: Tensor, queries: Tensor, answers: Tensor, *, neighbours: int = 20
) -> float:
    """Share of `queries` (m, d) whose cosine neighbours among `features` (n, d) vote for `answers`.

    Votes weigh exp(similarity / 0.07), as in DINO's and MSN's probes.
    """
    bank, asked = (F.normalize(_centred(x), dim=1) for x in (features, queries))
    similarity, nearest = (asked @ bank.T).topk(min(neighbours, len(bank)), dim=1)
    votes = torch.zeros(len(asked), int(labels.max()) + 1, device=bank.device)
    votes.scatter_add_(1, labels[nearest], (similarity / 0.07).exp())
    return float((votes.argmax(dim=1) == answers).float().mean())


def _centred(features: Tensor) -> Tensor:
    return features.float() - features.float().mean(dim=1, keepdim=True)
