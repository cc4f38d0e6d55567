"""The best head from the labels and the unlabelled pool."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax

from models.classifiers import Codes
from models.features import Features, unit
from models.heads.discriminant import Sample, fit_discriminant
from models.heads.labels_head import SHRINKAGE, label_parts
from models.heads.middle import middle_of
from models.heads.mixture import MixtureHead, Part, mean_answer
from models.heads.pool_graph import PoolGraph, PoolLike, Shares, spread_labels
from models.quality.cross_validation import held_out_parts

# Sureness of the graph up to which the pool is taken for a smear, and from which for clusters.
UNSURE, SURE = 0.35, 0.5
# Where images lie in clusters: a strong shrinkage, and rounds of expectation maximisation with
# answers this sharp, in parts of the spread of the logits.
CLUSTER_SHRINKAGE = 2.0
ROUNDS = 2
SHARPNESS = 0.2
# Parts of the spread of the logits over all images, that make the parts equally sure.
SPREAD = 0.5
# Labels a class with which they have half the say of the pool.
MANY_LABELS = 4.0
# How much the pool is believed before the labels were asked, and how fast they change that, per
# unit of log-likelihood.
PRIOR_TRUST = 2.0
EVIDENCE = 0.3
MAX_JUDGES = 3


@dataclass(frozen=True)
class Scene:
    """All images at once: m labelled ones first, then the pool. directions: (m + p, d)."""

    directions: Features
    weights: sparse.csr_matrix
    codes: Codes

    def shares(self, known: Codes) -> Shares:
        """How much each image belongs to each class, where only these labels are known."""
        seeds = np.zeros((len(self.directions), int(self.codes.max()) + 1), dtype=np.float32)
        seeds[known, self.codes[known]] = 1
        spread = spread_labels(self.weights, seeds)
        spread[known] = seeds[known]
        return spread


class PoolClassifier(MixtureHead):
    """Labels spread along the pool's graph, distilled into classifiers of unseen images.

    The answer is the mean of two readings of the pool and of the labels alone. How much the pool
    counts beside the labels is judged by labels held out; no share of a class is presumed.
    trust: that share, in [0, 1]; None: judged. Without a pool the labels decide alone.
    """

    def __init__(self, trust: float | None = None, temperature: float = 1.0) -> None:
        self.trust = trust
        self.temperature = temperature

    def _learn(self, features: Features, codes: Codes, pool: PoolLike | None) -> None:
        # The middle of the classes, not of the pool: where one class is most of the pool, that
        # would be its own middle, around which its images point anywhere.
        centre = middle_of(features, codes)
        graph = None if pool is None else PoolGraph.of(pool)
        if graph is not None and graph.features.shape[1] != features.shape[1]:
            raise ValueError(
                f"the labelled images have {features.shape[1]} feature components and the pool "
                f"{graph.features.shape[1]}: they come from different encoders"
            )
        seen = features if graph is None else np.concatenate([features, graph.features])
        directions = unit(seen - centre)
        labels = label_parts(directions[: len(codes)], codes)
        if graph is None:
            self.trust_ = 0.0
            self._keep(centre, labels)
            return
        scene = Scene(directions, graph.with_labelled(features), codes)
        self.trust_ = judge_pool(scene) if self.trust is None else self.trust
        pool_parts = read_pool(scene, np.arange(len(codes)))
        self._keep(centre, mix(pool_parts, labels, self.trust_, codes))

    def settled(self) -> Self:
        """An unfitted copy that takes this fit's trust in the pool instead of judging anew."""
        unfitted = super().settled()
        unfitted.trust = getattr(self, "trust_", self.trust)
        return unfitted


def judge_pool(scene: Scene) -> float:
    """Trust in the pool, in (0, 1), from answers to labels that were held out."""
    codes, evidence = scene.codes, 0.0
    for held in held_out_parts(codes)[:MAX_JUDGES]:
        known = np.setdiff1d(np.arange(len(codes)), held)
        labels = label_parts(scene.directions[known], codes[known])
        both = mix(read_pool(scene, known), labels, 1.0, codes[known])
        tested = scene.directions[held]
        evidence += _log_likelihood(both, tested, codes[held])
        evidence -= _log_likelihood(labels, tested, codes[held])
    return float(expit(PRIOR_TRUST + EVIDENCE * evidence))


def read_pool(scene: Scene, known: Codes) -> list[Part]:
    """The pool as clusters, as a smear, or as something of both, as sure as the graph is.

    known: rows of the labels that may be used; the other labelled images are left out.
    """
    shares = scene.shares(known)
    trust = np.ones(len(shares), dtype=np.float32)
    trust[: len(scene.codes)] = 0
    trust[known] = 1
    sureness = _sureness(shares[len(scene.codes) :])
    clustered = float(np.clip((sureness - UNSURE) / (SURE - UNSURE), 0, 1))
    parts = []
    if clustered > 0:
        sample = Sample.of(scene.directions, trust)
        parts.append(replace(_follow_clusters(sample, shares, known), share=clustered))
    if clustered < 1:
        sample = Sample.of(scene.directions, trust * shares.max(axis=1))
        smear = fit_discriminant(sample, shares, SHRINKAGE)
        parts.append(replace(smear, share=1 - clustered))
    return [_spread_to(part, scene) for part in parts]


def _follow_clusters(sample: Sample, shares: Shares, known: Codes) -> Part:
    """Expectation maximisation of one normal distribution a class, all of one shape."""
    part = fit_discriminant(sample, shares, CLUSTER_SHRINKAGE)
    for _ in range(ROUNDS):
        logits = part.logits(sample.directions)
        answers = softmax(logits / max(SHARPNESS * logits.std(), 1e-12), axis=1)
        answers[known] = shares[known]
        part = fit_discriminant(sample, answers, CLUSTER_SHRINKAGE)
    return part


def _spread_to(part: Part, scene: Scene) -> Part:
    return part.scaled(SPREAD * float(part.logits(scene.directions).std()))


def mix(pool: list[Part], labels: list[Part], trust: float, codes: Codes) -> list[Part]:
    """All parts, the pool's by `trust`; the labels' share grows with their number a class."""
    typical = float(np.median(np.bincount(codes)))
    say = (trust * typical / (typical + MANY_LABELS) + 1 - trust) / len(labels)
    return [replace(part, share=trust * part.share) for part in pool] + [
        replace(part, share=say) for part in labels
    ]


def _sureness(shares: Shares) -> float:
    """How far the largest share stands above equal ones, in [0, 1], on average."""
    classes = shares.shape[1]
    return float((shares.max(axis=1).mean() * classes - 1) / max(classes - 1, 1))


def _log_likelihood(parts: list[Part], directions: Features, codes: Codes) -> float:
    answers = mean_answer(parts, directions)
    return float(np.log(answers[np.arange(len(codes)), codes]).sum())
