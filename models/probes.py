"""A k-nearest-neighbour probe: what to watch while pretraining, since the loss tells little."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from models.views import normalise_pixels
from models.vit import cls_feature


@torch.inference_mode()
def knn_probe(
    vit: VisionTransformer,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    samples: int = 6_000,
    seed: int = 0,
) -> float:
    """kNN accuracy of pre-norm features on a fixed sample: one sixth of it asks the others."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:samples]
    parts = np.array_split(chosen, max(1, len(chosen) // 256))
    features = torch.cat([_features(vit, images[part]) for part in parts])
    known = torch.from_numpy(labels[chosen]).to(features.device)
    bank = len(chosen) * 5 // 6
    return knn_accuracy(features[:bank], known[:bank], features[bank:], known[bank:])


def _features(vit: VisionTransformer, images: NDArray[np.uint8]) -> Tensor:
    pixels = torch.from_numpy(images).to(next(vit.parameters()).device)
    with torch.autocast(pixels.device.type, torch.bfloat16):
        return cls_feature(vit, normalise_pixels(pixels / 255), "pre")


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
