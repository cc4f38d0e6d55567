"""The probes: votes by cosine and few labels, on a sample that stays the same."""

import numpy as np
import pytest
import torch
from timm.models.vision_transformer import VisionTransformer

from models.pretraining.probes import choose_labelled, knn_accuracy, probe
from models.vit import build_vit
from tests.models.tiny_pretraining import TINY, coloured_images


def test_queries_take_the_class_of_their_neighbours() -> None:
    bank = torch.tensor([[3.0, 0.0, -3.0], [2.0, 0.0, -2.1], [-1.0, 0.0, 1.0], [-1.0, 0.1, 1.0]])
    labels = torch.tensor([0, 0, 1, 1])
    queries = torch.tensor([[1.0, 0.1, -1.0], [-9.0, 0.0, 9.0]])
    assert knn_accuracy(bank, labels, queries, torch.tensor([0, 1]), neighbours=2) == 1
    assert knn_accuracy(bank, labels, queries, torch.tensor([1, 0]), neighbours=2) == 0


def test_more_neighbours_than_images_are_not_asked_for() -> None:
    bank = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert knn_accuracy(bank, torch.tensor([0, 1]), bank, torch.tensor([0, 1])) == 1


def tiny_vit() -> VisionTransformer:
    torch.manual_seed(0)
    return build_vit(TINY.vit)


def test_colours_are_told_apart_even_by_random_weights() -> None:
    images, labels = coloured_images(240)
    accuracies = probe(tiny_vit(), images, labels)
    assert accuracies["knn"] > 0.9
    assert accuracies["low_shot"] > 0.9
    assert probe(tiny_vit(), images, labels) == accuracies


def test_images_without_a_label_and_classes_of_one_are_left_out() -> None:
    images, labels = coloured_images(60)
    labels[:30] = -1
    labels[59] = 9
    assert sorted(choose_labelled(labels, 100, 0)) == list(range(30, 59))
    assert len(choose_labelled(labels, 10, 0)) <= 10
    assert probe(tiny_vit(), images, labels)["knn"] > 0.9


@pytest.mark.parametrize("labels", [[-1, -1, -1], [0, 0, 0], [0, 1, 2], [0, 0, 1]])
def test_nothing_is_measured_where_two_classes_cannot_be_told_apart(labels: list[int]) -> None:
    assert probe(tiny_vit(), coloured_images(3)[0], np.array(labels)) == {}
