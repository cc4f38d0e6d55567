import numpy as np
import pytest

from models.heads.quasi_newton import InverseHessian


def bowl(dimension: int, seed: int = 0) -> np.ndarray:
    """A positive definite matrix whose eigenvalues lie between 0.01 and 100."""
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(dimension, dimension)))[0]
    return np.asarray((turn * np.logspace(-2, 2, dimension)) @ turn.T)


def exact_steps(hessian: np.ndarray, curvature: InverseHessian) -> int:
    """Steps to the minimum of x' hessian x / 2, each as long as is best."""
    place, step = np.ones(len(hessian)), None
    for taken in range(1000):
        gradient = hessian @ place
        if np.linalg.norm(gradient) < 1e-8:
            return taken
        direction = -curvature.times(gradient, step)
        length = -(gradient @ direction) / (direction @ hessian @ direction)
        step = length * direction
        place = place + step
    return 1000


def test_a_guess_that_is_right_needs_one_step() -> None:
    hessian = bowl(12)

    assert exact_steps(hessian, InverseHessian(lambda v: np.linalg.solve(hessian, v))) == 1


def test_a_guess_that_is_right_up_to_its_size_needs_one_step() -> None:
    hessian = bowl(12)

    assert exact_steps(hessian, InverseHessian(lambda v: 7 * np.linalg.solve(hessian, v))) == 1


@pytest.mark.parametrize("dimension", [2, 5, 8])
def test_steps_tell_the_curvature_of_as_many_dimensions(dimension: int) -> None:
    # With exact line searches on a quadratic function it is the method of conjugate gradients.
    assert exact_steps(bowl(dimension), InverseHessian(lambda v: v)) <= dimension + 2


def test_a_change_against_the_step_is_forgotten() -> None:
    curvature = InverseHessian(lambda v: v)
    curvature.times(np.array([3.0, 3.0]))

    product = curvature.times(np.array([2.0, 3.0]), np.array([1.0, 0.0]))

    np.testing.assert_array_equal(product, [2, 3])


def test_a_better_guess_on_the_way_serves_with_the_steps_before_it() -> None:
    hessian, curvature = bowl(12), InverseHessian(lambda v: v)
    gradients = hessian @ np.random.default_rng(0).normal(size=(12, 3))
    curvature.times(gradients[:, 0])
    curvature.times(gradients[:, 1], np.linalg.solve(hessian, gradients[:, 1] - gradients[:, 0]))

    curvature.guess_anew(lambda v: 7 * np.linalg.solve(hessian, v))

    step = np.linalg.solve(hessian, gradients[:, 2] - gradients[:, 1])
    product = curvature.times(gradients[:, 2], step)
    np.testing.assert_allclose(product, np.linalg.solve(hessian, gradients[:, 2]), rtol=1e-6)
