"""A k-nearest-neighbour probe: the number to watch while pretraining, since the loss tells little."""

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
    device: str = "cpu",
    *,
    samples: int = 6_000,
    seed: int = 0,
) -> float:
    """kNN accuracy of pre-norm features on a fixed sample: five sixths the bank, one sixth asked."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:samples]
    features = torch.cat(
        [
            cls_feature(
                vit, normalise_pixels(torch.from_numpy(images[part]).to(device) / 255), "pre"
            )
            for part in np.array_split(chosen, max(1, len(chosen) // 256))
        ]
    )
    known = torch.from_numpy(labels[chosen]).to(device)
    bank = len(chosen) * 5 // 6
    return knn_accuracy(features[:bank], known[:bank], features[bank:], known[bank:])


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
