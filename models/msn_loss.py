"""The loss of Masked Siamese Networks (Assran et al., ECCV 2022, arXiv 2204.07141, section 3).

Anchors and targets become distributions over learned prototypes. An anchor must predict its
target's sharpened, balanced distribution, while the mean prediction stays close to a prior over
the prototypes: the uniform one in MSN, a power law in PMSN (Assran et al., arXiv 2210.07277).

Everything here is computed in float64, whatever precision the encoder used. The regulariser is a
small difference of large numbers, of which float32 keeps three digits; beside a ViT the loss costs
next to nothing.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class MsnLoss:
    """The loss and what tells a healthy run from a collapsed one; every field is a scalar tensor.

    `total` = `cross_entropy` + weight x `me_max`. `me_max` is the divergence of the mean anchor
    prediction from the prior. Under the uniform one that is log K - H(mean prediction): zero when
    the anchors use all prototypes alike and log K when they use a single one.
    """

    total: Tensor
    cross_entropy: Tensor
    me_max: Tensor
    distinct_prototypes: Tensor
    mean_largest_target: Tensor


def power_law_prior(prototypes: int, exponent: float, device: torch.device | None = None) -> Tensor:
    """Shares (K,) of the prototypes, falling as k ** -exponent; an exponent of 0 is uniform.

    PMSN's prior for pools where a few kinds of image are frequent and many are rare.
    """
    ranks = torch.arange(1, prototypes + 1, dtype=torch.float64, device=device)
    shares = ranks**-exponent
    return shares / shares.sum()


def log_assign(representations: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Log-probabilities (n, K) of representations (n, dim) over prototypes (K, dim), by cosine."""
    cosines = F.normalize(representations.double()) @ F.normalize(prototypes.double()).T
    return F.log_softmax(cosines / temperature, dim=1)


def assign(representations: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Soft assignment (n, K) of representations (n, dim) to prototypes (K, dim), by cosine."""
    return log_assign(representations, prototypes, temperature).exp()


def sharpen(probabilities: Tensor, temperature: float) -> Tensor:
    """Rows of `probabilities` raised to 1 / temperature and renormalised."""
    # In log space: powers underflow, to rows of zeros where no probability is large.
    return F.softmax(probabilities.log() / temperature, dim=1)


def sinkhorn(probabilities: Tensor, iterations: int, prior: Tensor | None = None) -> Tensor:
    """Balances targets (n, K) over prototypes: columns toward the prior, rows summing to one.

    The last step of each Sinkhorn-Knopp iteration normalises the rows, so they always sum to one;
    the columns come closer to n x prior with each iteration. Without a prior (K,) it is uniform.
    """
    samples, prototypes = probabilities.shape
    shares = 1 / prototypes if prior is None else prior.to(probabilities)
    # A prototype no target comes near can underflow to a column of zeros: it stays zero.
    tiny = torch.finfo(probabilities.dtype).tiny
    plan = probabilities / probabilities.sum()
    for _ in range(iterations):
        plan = plan / plan.sum(dim=0, keepdim=True).clamp_min(tiny) * shares
        plan = plan / plan.sum(dim=1, keepdim=True) / samples
    return plan / plan.sum(dim=1, keepdim=True)


def prior_divergence(log_predictions: Tensor, prior: Tensor) -> Tensor:
    """KL(mean of distributions given as log p (n, K) || prior (K,)) in nats.

    The mean is taken in log space: where it underflows to zero, its gradient stays finite.
    """
    log_mean = torch.logsumexp(log_predictions, dim=0) - math.log(len(log_predictions))  # (K,)
    return (log_mean.exp() * (log_mean - prior.log())).sum()


def cross_entropy(targets: Tensor, log_predictions: Tensor) -> Tensor:
    """Mean of -sum t log p over rows, for targets t (batch, K) and log p (views, batch, K)."""
    return -(targets * log_predictions).sum(dim=-1).mean()


@torch.no_grad()
def balanced_targets(
    targets: Tensor,
    prototypes: Tensor,
    *,
    temperature: float,
    sharpen_temperature: float,
    sinkhorn_iterations: int,
    prior: Tensor | None = None,
    queued_targets: Tensor | None = None,
) -> Tensor:
    """What the anchors must predict: target assignments (batch, K), sharpened, then balanced.

    Queued targets (n, dim) of past batches, seen by today's prototypes, are balanced together
    with those of the batch (as in SwAV, arXiv 2006.09882) and then dropped.
    """
    rows = targets if queued_targets is None else torch.cat([targets, queued_targets])
    sharp = sharpen(assign(rows, prototypes, temperature), sharpen_temperature)
    balanced = sinkhorn(sharp, sinkhorn_iterations, prior) if sinkhorn_iterations else sharp
    return balanced[: len(targets)]


def msn_loss(  # noqa: PLR0913 - the parameters of the method
    anchors: Tensor,
    targets: Tensor,
    prototypes: Tensor,
    *,
    temperature: float = 0.1,
    sharpen_temperature: float = 0.25,
    sinkhorn_iterations: int = 3,
    me_max_weight: float = 1.0,
    prior: Tensor | None = None,
    queued_targets: Tensor | None = None,
) -> MsnLoss:
    """MSN's loss of anchors (views x batch, dim), view after view, against targets (batch, dim).

    Gradients reach the anchors and the prototypes (K, dim), never the targets. `prior` (K,) is
    uniform unless given, see power_law_prior; both the regulariser and Sinkhorn follow it.
    `queued_targets` (n, dim) help to balance a batch that has few rows for its prototypes.
    """
    batch, precision = len(targets), torch.promote_types(anchors.dtype, torch.float32)
    if len(anchors) % batch:
        raise ValueError(f"{len(anchors)} anchors are no whole number of views of {batch}")
    if prior is None:
        prior = power_law_prior(len(prototypes), 0.0, prototypes.device)
    goals = balanced_targets(
        targets,
        prototypes,
        temperature=temperature,
        sharpen_temperature=sharpen_temperature,
        sinkhorn_iterations=sinkhorn_iterations,
        prior=prior,
        queued_targets=queued_targets,
    )  # (batch, K)
    log_predictions = log_assign(anchors, prototypes, temperature)  # (views x batch, K)
    matching = cross_entropy(goals, log_predictions.unflatten(0, (-1, batch)))
    me_max = prior_divergence(log_predictions, prior)
    return MsnLoss(
        total=(matching + me_max_weight * me_max).to(precision),
        cross_entropy=matching.to(precision),
        me_max=me_max.to(precision),
        distinct_prototypes=count_distinct(goals.argmax(dim=1), len(prototypes)),
        mean_largest_target=goals.max(dim=1).values.mean().to(precision),
    )


def count_distinct(indices: Tensor, size: int) -> Tensor:
    """How many different values `indices` (n,) below `size` hold, without waiting for the GPU."""
    return indices.new_zeros(size).index_fill_(0, indices, 1).sum()
