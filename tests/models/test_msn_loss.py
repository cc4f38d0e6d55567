"""MSN's loss: the properties its parts must have, and equality with the paper's equations."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from models.msn_loss import assign, mean_entropy, msn_loss, sharpen, sinkhorn

Matrix = NDArray[np.float64]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def distributions(rows: int, columns: int, seed: int = 0) -> Tensor:
    return normal(rows, columns, seed=seed).softmax(dim=1)


def test_assignment_depends_on_direction_alone() -> None:
    features, prototypes = normal(5, 8), normal(7, 8, seed=1)
    scaled = assign(3 * features, prototypes * torch.arange(1, 8).unsqueeze(1), 0.1)
    torch.testing.assert_close(scaled, assign(features, prototypes, 0.1))


def test_assignment_prefers_the_prototype_in_the_same_direction() -> None:
    prototypes = torch.eye(4)
    assert assign(5 * prototypes, prototypes, 0.1).argmax(dim=1).tolist() == [0, 1, 2, 3]


@given(st.integers(0, 1000), st.floats(0.1, 0.9))
def test_sharpening_keeps_the_argmax_and_raises_the_maximum(seed: int, temperature: float) -> None:
    before = distributions(6, 5, seed)
    after = sharpen(before, temperature)
    assert torch.equal(after.argmax(dim=1), before.argmax(dim=1))
    assert bool((after.max(dim=1).values >= before.max(dim=1).values).all())
    torch.testing.assert_close(after.sum(dim=1), torch.ones(6))


def test_sinkhorn_rows_are_distributions_and_columns_even_out() -> None:
    skewed = sharpen(distributions(32, 8), 0.25)
    plan = sinkhorn(skewed, 3)
    torch.testing.assert_close(plan.sum(dim=1), torch.ones(32))
    assert plan.sum(dim=0).std() < 0.5 * skewed.sum(dim=0).std()
    torch.testing.assert_close(sinkhorn(skewed, 200).sum(dim=0), torch.full((8,), 4.0))


def test_mean_entropy_is_that_of_the_mean_not_the_mean_of_entropies() -> None:
    certain = torch.full((4, 4), -200.0).fill_diagonal_(0)
    assert mean_entropy(certain).item() == pytest.approx(math.log(4))
    assert mean_entropy(certain[:1]).item() == pytest.approx(0, abs=1e-6)


def test_me_max_is_zero_for_uniform_use_and_log_k_for_a_single_prototype() -> None:
    prototypes = torch.eye(4)
    uniform = msn_loss(100 * prototypes, prototypes, prototypes, temperature=0.01)
    assert uniform.me_max.item() == pytest.approx(0, abs=1e-6)
    collapsed = msn_loss(prototypes[:1].repeat(4, 1), prototypes, prototypes, temperature=0.01)
    assert collapsed.me_max.item() == pytest.approx(math.log(4), rel=1e-5)


def test_gradient_reaches_anchors_and_prototypes_but_not_targets() -> None:
    anchors, targets, prototypes = (
        normal(rows, 8, seed=rows).requires_grad_() for rows in (12, 6, 5)
    )
    msn_loss(anchors, targets, prototypes).total.backward()
    assert targets.grad is None
    assert anchors.grad is not None
    assert anchors.grad.abs().sum() > 0
    assert prototypes.grad is not None
    assert bool((prototypes.grad.abs().sum(dim=1) > 0).all())


def test_views_are_matched_to_their_own_target() -> None:
    targets = torch.eye(4)
    aligned = msn_loss(targets.repeat(2, 1), targets, targets)
    shuffled = msn_loss(targets.flip(0).repeat(2, 1), targets, targets)
    assert aligned.cross_entropy < 0.1 < shuffled.cross_entropy


def test_statistics_tell_how_many_prototypes_the_targets_use() -> None:
    prototypes = torch.eye(4)
    spread = msn_loss(prototypes, prototypes, prototypes)
    assert spread.distinct_prototypes.item() == 4
    assert spread.mean_largest_target.item() == pytest.approx(1, abs=1e-3)
    same = msn_loss(prototypes, prototypes[:1].repeat(4, 1), prototypes, sinkhorn_iterations=0)
    assert same.distinct_prototypes.item() == 1


def test_extreme_representations_give_a_finite_loss_and_gradient() -> None:
    anchors = (1e4 * torch.eye(8)[:4]).requires_grad_()
    loss = msn_loss(anchors, -1e4 * torch.eye(8)[:4], torch.eye(8), temperature=1e-3)
    loss.total.backward()
    assert loss.total.isfinite()
    assert anchors.grad is not None
    assert bool(anchors.grad.isfinite().all())


def test_anchors_that_are_no_whole_number_of_views_are_refused() -> None:
    with pytest.raises(ValueError, match="7 anchors are no whole number of views of 3"):
        msn_loss(normal(7, 4), normal(3, 4), normal(5, 4))


@pytest.mark.parametrize("views", [1, 3])
@pytest.mark.parametrize(("batch", "prototypes"), [(8, 16), (16, 8)])
@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_equals_the_equations_of_the_paper(
    views: int, batch: int, prototypes: int, weight: float
) -> None:
    anchors, targets, learned = (
        normal(rows, 12, seed=rows).double() for rows in (views * batch, batch, prototypes)
    )
    loss = msn_loss(anchors, targets, learned, me_max_weight=weight)
    matching, me_max = paper_loss(anchors.numpy(), targets.numpy(), learned.numpy())
    assert loss.cross_entropy.item() == pytest.approx(matching, rel=1e-5)
    assert loss.me_max.item() == pytest.approx(me_max, rel=1e-4, abs=1e-6)
    assert loss.total.item() == pytest.approx(matching + weight * me_max, rel=1e-5)


def test_gradients_equal_finite_differences_of_the_paper_with_fixed_targets() -> None:
    anchors, targets, learned = (normal(rows, 6, seed=rows) for rows in (10, 5, 4))
    anchors.requires_grad_()
    msn_loss(anchors, targets, learned).total.backward()
    assert anchors.grad is not None
    for row, column in ((0, 0), (3, 5), (9, 2)):
        shift = np.zeros((10, 6))
        shift[row, column] = 1e-5
        start = anchors.detach().numpy().astype(float)
        up, down = (
            sum(paper_loss(start + sign * shift, targets.numpy(), learned.numpy()))
            for sign in (1, -1)
        )
        assert anchors.grad[row, column].item() == pytest.approx((up - down) / 2e-5, rel=1e-3)


def paper_loss(anchors: Matrix, targets: Matrix, prototypes: Matrix) -> tuple[float, float]:
    """The cross-entropy and the mean-entropy regulariser, one loop for each sum in the paper."""
    sharp = [paper_assign(target, prototypes, 0.1) ** 4 for target in targets]
    goals = paper_sinkhorn(np.stack([goal / goal.sum() for goal in sharp]), 3)
    predictions = [paper_assign(anchor, prototypes, 0.1) for anchor in anchors]
    matching = 0.0
    for index, prediction in enumerate(predictions):
        matching -= float(goals[index % len(targets)] @ np.log(prediction)) / len(predictions)
    mean = np.mean(predictions, axis=0)
    return matching, math.log(len(prototypes)) + float(mean @ np.log(mean))


def paper_assign(vector: Matrix, prototypes: Matrix, temperature: float) -> Matrix:
    cosines = prototypes @ vector / np.linalg.norm(prototypes, axis=1) / np.linalg.norm(vector)
    powers = np.exp(cosines.astype(float) / temperature)
    probabilities: Matrix = powers / powers.sum()
    return probabilities


def paper_sinkhorn(goals: Matrix, iterations: int) -> Matrix:
    samples, prototypes = goals.shape
    plan: Matrix = goals / goals.sum()
    for _ in range(iterations):
        for column in range(prototypes):
            plan[:, column] /= plan[:, column].sum() * prototypes
        for row in range(samples):
            plan[row] /= plan[row].sum() * samples
    plan *= samples
    return plan
