import numpy as np

from models.confidence.label_reach import label_reach
from models.features import unit


def test_labels_reach_the_images_of_their_groups_and_no_others() -> None:
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(3, 16)))
    groups = np.repeat(np.arange(3), 20)
    images = unit(centres[groups] + 0.1 * rng.normal(size=(60, 16)))

    reached = label_reach(np.concatenate([centres[:2], images]).astype(np.float32), classes=2)

    own = reached[2:].reshape(3, 20)
    assert own[2].max() < 0.1 * own[:2].min()


def test_two_images_alone_have_a_graph() -> None:
    assert np.isfinite(label_reach(np.eye(2, 4, dtype=np.float32), classes=1)).all()
