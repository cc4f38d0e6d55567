"""TypiClust, as suggestions are compared with it."""

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans

from models.features import Features, normalise

# As in the paper: neighbours that typicality is the nearness of, the most clusters, and the size
# below which a cluster is left out.
NEIGHBOURS = 20
MOST_CLUSTERS = 500
SMALLEST_CLUSTER = 5


def typiclust(
    unlabelled: Features, labelled: Features, count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Rows of unlabelled images (count,), raw features (n, d) and (m, d).

    Hacohen, Dekel, Weinshall, "Active Learning on a Budget: Opposite Strategies Suit High and Low
    Budgets" (ICML 2022): as many clusters as there will be labels; of those with the fewest labels
    the largest come first, each with its most typical image.
    """
    features = normalise(np.concatenate([unlabelled, labelled]))
    total = min(len(labelled) + count, MOST_CLUSTERS)
    clusters = KMeans(total, n_init=1, random_state=seed).fit_predict(features)
    sizes = np.bincount(clusters, minlength=total)
    labels = np.bincount(clusters[len(unlabelled) :], minlength=total)
    is_open = np.arange(len(features)) < len(unlabelled)
    chosen: list[int] = []
    while len(chosen) < min(count, len(unlabelled)):
        open_sizes = np.bincount(clusters[is_open], minlength=total)
        order = np.lexsort((-sizes, labels, sizes < SMALLEST_CLUSTER, open_sizes == 0))
        members = np.flatnonzero(is_open & (clusters == order[0]))
        chosen.append(int(members[_typicality(features[members]).argmax()]))
        is_open[chosen[-1]] = False
        labels[order[0]] += 1
    return np.array(chosen)


def _typicality(members: Features) -> npt.NDArray[np.floating]:
    """(n,) one over the mean distance to the nearest of the cluster."""
    distances = np.sqrt(np.maximum(2 - 2 * members @ members.T, 0))
    count = min(NEIGHBOURS, len(members) - 1)
    nearest = np.sort(distances, axis=1)[:, 1 : count + 1]
    return np.asarray(1 / (nearest.mean(axis=1) + 1e-9)) if count else np.ones(len(members))
