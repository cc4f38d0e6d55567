"""The kNN probe: votes by cosine, on a sample that stays the same."""

import torch

from models.probes import knn_accuracy, knn_probe
from models.vit import build_vit
from tests.models.pretraining import TINY, coloured_images


def test_queries_take_the_class_of_their_neighbours() -> None:
    bank = torch.tensor([[3.0, 0.0, -3.0], [2.0, 0.0, -2.1], [-1.0, 0.0, 1.0], [-1.0, 0.1, 1.0]])
    labels = torch.tensor([0, 0, 1, 1])
    queries = torch.tensor([[1.0, 0.1, -1.0], [-9.0, 0.0, 9.0]])
    assert knn_accuracy(bank, labels, queries, torch.tensor([0, 1]), neighbours=2) == 1
    assert knn_accuracy(bank, labels, queries, torch.tensor([1, 0]), neighbours=2) == 0


def test_more_neighbours_than_images_are_not_asked_for() -> None:
    bank = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert knn_accuracy(bank, torch.tensor([0, 1]), bank, torch.tensor([0, 1])) == 1


def test_colours_are_told_apart_even_by_random_weights() -> None:
    torch.manual_seed(0)
    images, labels = coloured_images(240)
    vit = build_vit(TINY.vit)
    accuracy = knn_probe(vit, images, labels)
    assert accuracy > 0.9
    assert knn_probe(vit, images, labels) == accuracy
