"""Stored versions: their labels small and whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.storage.classifiers import dump_labels, load_labels
from service.storage.tables import ClassifierRow


@given(st.dictionaries(st.integers(1, 2**31 - 1), st.text(min_size=1, max_size=60)))
def test_labels_come_back_as_they_were_in_the_order_of_the_images(labels: dict[int, str]) -> None:
    stored = load_labels(ClassifierRow(version=1, labels=dump_labels(labels.items())))
    assert list(stored.items()) == sorted(labels.items())


def test_a_label_takes_four_bytes_at_most() -> None:
    rng = np.random.default_rng(0)
    image_ids = rng.choice(1_000_000, 10_000, replace=False).tolist()
    classes = [f"class-{code}" for code in rng.integers(50, size=len(image_ids))]
    assert len(dump_labels(zip(image_ids, classes, strict=True))) < 4 * len(image_ids)
