"""MSN's loss: the properties its parts must have, and equality with the paper's equations."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from models.msn_loss import (
    assign,
    balanced_targets,
    msn_loss,
    power_law_prior,
    prior_divergence,
    sharpen,
    sinkhorn,
)

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


def test_sharpening_far_keeps_distributions() -> None:
    sharp = sharpen(distributions(6, 512), 1e-3)
    torch.testing.assert_close(sharp.sum(dim=1), torch.ones(6))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_loss_and_gradient() -> None:
    def loss_and_gradient(device: str) -> dict[str, Tensor]:
        anchors = normal(64, 16).to(device).requires_grad_()
        prototypes = normal(8, 16, seed=2).to(device).requires_grad_()
        loss = msn_loss(anchors, normal(32, 16, seed=1).to(device), prototypes)
        loss.total.backward()
        gradients = {"anchors": anchors.grad, "prototypes": prototypes.grad}
        return {name: value.detach().cpu() for name, value in (vars(loss) | gradients).items()}

    found, expected = loss_and_gradient("cuda"), loss_and_gradient("cpu")
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_sinkhorn_rows_are_distributions_and_columns_even_out() -> None:
    skewed = sharpen(distributions(32, 8), 0.25)
    plan = sinkhorn(skewed, 3)
    torch.testing.assert_close(plan.sum(dim=1), torch.ones(32))
    assert plan.sum(dim=0).std() < 0.5 * skewed.sum(dim=0).std()
    torch.testing.assert_close(sinkhorn(skewed, 200).sum(dim=0), torch.full((8,), 4.0))


def test_sinkhorn_moves_the_columns_toward_a_prior() -> None:
    prior = power_law_prior(8, 1.0)
    plan = sinkhorn(distributions(32, 8).double(), 200, prior)
    torch.testing.assert_close(plan.sum(dim=0), 32 * prior)
    torch.testing.assert_close(plan.sum(dim=1), torch.ones(32).double())


def test_the_prior_is_met_by_the_mean_not_by_each_prediction() -> None:
    certain = torch.full((4, 4), -200.0).fill_diagonal_(0).double()
    uniform = power_law_prior(4, 0.0)
    assert prior_divergence(certain, uniform).item() == pytest.approx(0, abs=1e-12)
    assert prior_divergence(certain[:1], uniform).item() == pytest.approx(math.log(4))


def test_a_power_law_falls_with_the_rank_and_is_uniform_at_exponent_zero() -> None:
    prior = power_law_prior(5, 0.5)
    assert prior.sum().item() == pytest.approx(1)
    assert (prior[3] / prior[0]).item() == pytest.approx(0.5)
    assert power_law_prior(5, 0.0).tolist() == [0.2] * 5


@given(st.integers(0, 1000), st.floats(0, 2))
def test_the_divergence_from_a_prior_is_never_negative(seed: int, exponent: float) -> None:
    predictions = normal(6, 9, seed=seed).double().log_softmax(dim=1)
    assert prior_divergence(predictions, power_law_prior(9, exponent)).item() > -1e-12


def test_a_mean_prediction_equal_to_the_prior_costs_nothing() -> None:
    prior = power_law_prior(6, 0.7)
    assert prior_divergence(prior.log().repeat(3, 1), prior).item() == pytest.approx(0, abs=1e-12)


def test_a_uniform_prior_changes_nothing() -> None:
    anchors, targets, prototypes = (normal(rows, 8, seed=rows) for rows in (12, 6, 5))
    without = msn_loss(anchors, targets, prototypes)
    uniform = msn_loss(anchors, targets, prototypes, prior=power_law_prior(5, 0.0))
    assert vars(uniform) == vars(without)


def test_queued_copies_of_the_batch_change_nothing() -> None:
    anchors, targets, prototypes = (normal(rows, 8, seed=rows) for rows in (12, 6, 5))
    alone = msn_loss(anchors, targets, prototypes)
    queued = msn_loss(anchors, targets, prototypes, queued_targets=targets.repeat(3, 1))
    torch.testing.assert_close(vars(queued), vars(alone))


def test_a_queue_lets_a_batch_of_one_kind_keep_its_prototype() -> None:
    """Alone, Sinkhorn spreads the batch over all prototypes; the queue holds the other kinds."""
    prototypes = torch.eye(4)
    one_kind = prototypes[:1].repeat(8, 1) + 0.3 * normal(8, 4)
    others = prototypes[1:].repeat(8, 1)
    settings = {"temperature": 0.1, "sharpen_temperature": 0.25, "sinkhorn_iterations": 50}
    alone = balanced_targets(one_kind, prototypes, **settings)  # type: ignore[arg-type]
    queued = balanced_targets(one_kind, prototypes, queued_targets=others, **settings)  # type: ignore[arg-type]
    assert queued.shape == alone.shape
    assert alone[:, 0].mean() < 0.5
    assert queued[:, 0].mean() > 0.9


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


@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.sampled_from([0.02, 0.1, 1.0]))
def test_order_and_length_mean_nothing_and_the_loss_is_finite(
    seed: int, length: float, temperature: float
) -> None:
    anchors, targets, prototypes = (normal(rows, 6, seed=seed + rows) for rows in (8, 4, 5))
    images, views = torch.tensor([2, 0, 3, 1]), torch.tensor([2, 0, 3, 1, 6, 4, 7, 5])
    loss = msn_loss(anchors, targets, prototypes, temperature=temperature)
    moved = msn_loss(
        length * anchors[views], targets[images], prototypes.flip(0), temperature=temperature
    )
    assert bool(loss.total.isfinite())
    torch.testing.assert_close(vars(moved), vars(loss), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("given_as", "returned_as"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_results_are_at_least_single_precision(
    given_as: torch.dtype, returned_as: torch.dtype
) -> None:
    anchors, targets = normal(4, 8).to(given_as), normal(4, 8, seed=1).to(given_as)
    with torch.autocast("cpu", torch.bfloat16):
        loss = msn_loss(anchors, targets, normal(5, 8, seed=2))
    assert loss.total.dtype == loss.me_max.dtype == returned_as
    exact = msn_loss(anchors.double(), targets.double(), normal(5, 8, seed=2))
    assert loss.total.item() == pytest.approx(exact.total.item(), rel=1e-6)


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
        normal(rows, 12, seed=rows) for rows in (views * batch, batch, prototypes)
    )
    loss = msn_loss(anchors, targets, learned, me_max_weight=weight)
    goals = paper_goals(targets, learned, uniform(prototypes))
    matching, me_max = paper_loss(anchors.numpy(), goals, learned.numpy(), uniform(prototypes))
    assert loss.cross_entropy.item() == pytest.approx(matching, rel=1e-6)
    assert loss.me_max.item() == pytest.approx(me_max, rel=1e-6)
    assert loss.total.item() == pytest.approx(matching + weight * me_max, rel=1e-6)
    assert loss.mean_largest_target.item() == pytest.approx(goals.max(axis=1).mean(), rel=1e-6)


def test_equals_the_equations_with_a_power_law_prior_and_queued_targets() -> None:
    anchors, targets, queued, learned = (
        normal(rows, 12, seed=seed) for seed, rows in enumerate((16, 8, 24, 10))
    )
    prior = power_law_prior(10, 0.5)
    loss = msn_loss(anchors, targets, learned, prior=prior, queued_targets=queued)
    goals = paper_goals(torch.cat([queued, targets]), learned, prior.numpy())[24:]
    matching, me_max = paper_loss(anchors.numpy(), goals, learned.numpy(), prior.numpy())
    assert loss.cross_entropy.item() == pytest.approx(matching, rel=1e-6)
    assert loss.me_max.item() == pytest.approx(me_max, rel=1e-6)


def test_a_nearly_uniform_mean_prediction_is_measured_to_six_digits() -> None:
    """As log K - H in single precision, hardly a digit of this value would be right."""
    anchors, targets, learned = normal(64, 256), normal(64, 256, seed=1), normal(64, 256, seed=2)
    me_max = msn_loss(anchors, targets, learned, temperature=5.0).me_max.item()
    _, exact = paper_loss(anchors.numpy(), np.eye(64), learned.numpy(), uniform(64), 5.0)
    assert 0 < me_max < 1e-5
    assert me_max == pytest.approx(exact, rel=1e-6)


def test_gradients_equal_finite_differences_of_the_paper_with_fixed_targets() -> None:
    anchors, targets, learned = (normal(rows, 6, seed=rows) for rows in (10, 5, 4))
    goals = paper_goals(targets, learned, uniform(4))
    anchors.requires_grad_()
    learned.requires_grad_()
    msn_loss(anchors, targets, learned).total.backward()
    values = [anchors.detach().double().numpy(), learned.detach().double().numpy()]
    for index, parameter in enumerate((anchors, learned)):
        assert parameter.grad is not None
        expected = finite_differences(values, index, goals)
        np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=1e-5, atol=1e-8)


def finite_differences(values: list[Matrix], index: int, goals: Matrix) -> Matrix:
    """The derivative of the paper's loss by each element of values[index]."""
    gradient = np.empty_like(values[index])
    for position in np.ndindex(gradient.shape):
        ends = []
        for shift in (1e-5, -1e-5):
            moved = [value.copy() for value in values]
            moved[index][position] += shift
            ends.append(sum(paper_loss(moved[0], goals, moved[1], uniform(len(moved[1])))))
        gradient[position] = (ends[0] - ends[1]) / 2e-5
    return gradient


def uniform(prototypes: int) -> Matrix:
    return np.full(prototypes, 1 / prototypes)


def paper_goals(targets: Tensor, prototypes: Tensor, prior: Matrix) -> Matrix:
    """Target assignments (batch, K), sharpened at 0.25 and balanced by 3 iterations."""
    sharp = [paper_assign(target, prototypes.numpy(), 0.1) ** 4 for target in targets.numpy()]
    return paper_sinkhorn(np.stack([goal / goal.sum() for goal in sharp]), 3, prior)


def paper_loss(
    anchors: Matrix, goals: Matrix, prototypes: Matrix, prior: Matrix, temperature: float = 0.1
) -> tuple[float, float]:
    """The cross-entropy and the divergence from the prior, one loop for each sum in the paper."""
    predictions = [paper_assign(anchor, prototypes, temperature) for anchor in anchors]
    matching = 0.0
    for index, prediction in enumerate(predictions):
        matching -= float(goals[index % len(goals)] @ np.log(prediction)) / len(predictions)
    mean = np.mean(predictions, axis=0)
    return matching, float(mean @ np.log(mean) - mean @ np.log(prior))


def paper_assign(vector: Matrix, prototypes: Matrix, temperature: float) -> Matrix:
    vector, prototypes = vector.astype(float), prototypes.astype(float)
    cosines = prototypes @ vector / np.linalg.norm(prototypes, axis=1) / np.linalg.norm(vector)
    powers = np.exp(cosines / temperature)
    probabilities: Matrix = powers / powers.sum()
    return probabilities


def paper_sinkhorn(goals: Matrix, iterations: int, prior: Matrix) -> Matrix:
    samples, prototypes = goals.shape
    plan: Matrix = goals / goals.sum()
    for _ in range(iterations):
        for column in range(prototypes):
            plan[:, column] *= prior[column] / plan[:, column].sum()
        for row in range(samples):
            plan[row] /= plan[row].sum() * samples
    plan *= samples
    return plan
