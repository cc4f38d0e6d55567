"""The loss of Masked Siamese Networks (Assran et al., ECCV 2022, arXiv 2204.07141, section 3).

Anchors and targets become distributions over learned prototypes. An anchor must predict its
target's sharpened, balanced distribution, while the mean prediction stays spread over all
prototypes. Everything here runs in fp32, whatever precision the encoder used.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class MsnLoss:
    """The loss and what tells a healthy run from a collapsed one; every field is a scalar tensor.

    `total` = `cross_entropy` + weight x `me_max`. `me_max` = log K - H(mean anchor prediction) is
    zero when the anchors use all prototypes alike and log K when they use a single one.
    """

    total: Tensor
    cross_entropy: Tensor
    me_max: Tensor
    distinct_prototypes: Tensor
    mean_largest_target: Tensor


def log_assign(representations: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Log-probabilities (n, K) of representations (n, dim) over prototypes (K, dim), by cosine."""
    cosines = F.normalize(representations.float()) @ F.normalize(prototypes.float()).T
    return F.log_softmax(cosines / temperature, dim=1)


def assign(representations: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Soft assignment (n, K) of representations (n, dim) to prototypes (K, dim), by cosine."""
    return log_assign(representations, prototypes, temperature).exp()


def sharpen(probabilities: Tensor, temperature: float) -> Tensor:
    """Rows of `probabilities` raised to 1 / temperature and renormalised."""
    powered = probabilities ** (1 / temperature)
    return powered / powered.sum(dim=1, keepdim=True)


def sinkhorn(probabilities: Tensor, iterations: int) -> Tensor:
    """Balances targets (n, K) over prototypes: columns toward equal mass, rows summing to one.

    The last step of each Sinkhorn-Knopp iteration normalises the rows, so they always sum to one;
    the columns come closer to n / K with each iteration.
    """
    samples, prototypes = probabilities.shape
    # A prototype no target comes near can underflow to a column of zeros: it stays zero.
    tiny = torch.finfo(probabilities.dtype).tiny
    plan = probabilities / probabilities.sum()
    for _ in range(iterations):
        plan = plan / plan.sum(dim=0, keepdim=True).clamp_min(tiny) / prototypes
        plan = plan / plan.sum(dim=1, keepdim=True) / samples
    return plan / plan.sum(dim=1, keepdim=True)


def mean_entropy(log_predictions: Tensor) -> Tensor:
    """Shannon entropy in nats of the mean of distributions given as log p (n, K).

    The mean is taken in log space: where it underflows to zero, its gradient stays finite.
    """
    log_mean = torch.logsumexp(log_predictions, dim=0) - math.log(len(log_predictions))  # (K,)
    return -(log_mean.exp() * log_mean).sum()


def cross_entropy(targets: Tensor, log_predictions: Tensor) -> Tensor:
    """Mean over rows of -sum t log p, for targets and log p (n, K)."""
    return -(targets * log_predictions).sum(dim=1).mean()


@torch.no_grad()
def balanced_targets(
    targets: Tensor,
    prototypes: Tensor,
    *,
    temperature: float,
    sharpen_temperature: float,
    sinkhorn_iterations: int,
) -> Tensor:
    """What the anchors must predict: target assignments (batch, K), sharpened, then balanced."""
    sharp = sharpen(assign(targets, prototypes, temperature), sharpen_temperature)
    return sinkhorn(sharp, sinkhorn_iterations) if sinkhorn_iterations else sharp


def msn_loss(
    anchors: Tensor,
    targets: Tensor,
    prototypes: Tensor,
    *,
    temperature: float = 0.1,
    sharpen_temperature: float = 0.25,
    sinkhorn_iterations: int = 3,
    me_max_weight: float = 1.0,
) -> MsnLoss:
    """MSN's loss of anchors (views x batch, dim), view after view, against targets (batch, dim).

    Gradients reach the anchors and the prototypes (K, dim), never the targets.
    """
    batch = targets.shape[0]
    if anchors.shape[0] % batch:
        raise ValueError(f"{anchors.shape[0]} anchors are no whole number of views of {batch}")
    log_predictions = log_assign(anchors, prototypes, temperature)  # (views x batch, K)
    goals = balanced_targets(
        targets,
        prototypes,
        temperature=temperature,
        sharpen_temperature=sharpen_temperature,
        sinkhorn_iterations=sinkhorn_iterations,
    )  # (batch, K)
    matching = cross_entropy(goals.repeat(anchors.shape[0] // batch, 1), log_predictions)
    me_max = math.log(len(prototypes)) - mean_entropy(log_predictions)
    return MsnLoss(
        total=matching + me_max_weight * me_max,
        cross_entropy=matching,
        me_max=me_max,
        distinct_prototypes=(goals.argmax(dim=1).bincount(minlength=goals.shape[1]) > 0).sum(),
        mean_largest_target=goals.max(dim=1).values.mean(),
    )
