"""What is read for a plan: an encoder that numbers images stands in, to tell what it is given."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from models.low_shot.data import Plan, read_data
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.imagenet_subsets import read_subsets
from models.low_shot.labelled_folder import LabelledFile
from models.low_shot.splits import draw_split


def embed(files: Iterable[LabelledFile]) -> EmbeddedImages:
    read = list(files)
    return EmbeddedImages(
        np.array([[int(file.data)] for file in read], dtype=np.float32),
        np.array([file.label for file in read]),
        np.array([file.name for file in read]),
    )


def write(folder: Path, count: int, first: int = 0) -> Path:
    """`count` files in each of two class folders, each holding its number."""
    for offset, label in enumerate(("n01", "n02")):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            number = first + offset * count + i
            (folder / label / f"{label}_{i}.JPEG").write_text(str(number))
    return folder


def test_without_tests_apart_the_data_is_split(tmp_path: Path) -> None:
    study = read_data(Plan(write(tmp_path, 6), shots=[1, 2], seeds=3), embed)
    assert {shots: len(splits) for shots, splits in study.splits.items()} == {1: 3, 2: 3}
    for seed, split in enumerate(study.splits[2]):
        expected = draw_split(study.images.labels, 2, seed)
        np.testing.assert_array_equal(split.tests[""], expected.tests[""])


def test_imagenets_val_folder_is_what_is_tested(tmp_path: Path) -> None:
    write(tmp_path / "train", 6)
    write(tmp_path / "val", 2, first=100)

    study = read_data(Plan(tmp_path, shots=[1], seeds=1), embed)

    (split,) = study.splits[1]
    (tests,) = split.tests.values()
    assert study.images.features[tests, 0].tolist() == [100, 101, 102, 103]
    assert len(split.labelled) + 2 * len(split.pool) == 12


def test_several_sources_of_tests_are_told_apart(tmp_path: Path) -> None:
    data = write(tmp_path / "data", 4)
    sketch, corrupted = write(tmp_path / "sketch", 1, 50), tmp_path / "corrupted"
    write(corrupted / "fog" / "1", 1, 60)
    write(corrupted / "fog" / "2", 1, 70)

    plan = Plan(data, shots=[1], seeds=1, test_data=[sketch, corrupted])
    study = read_data(plan, embed)

    numbers = study.images.features[:, 0]
    assert {name: numbers[rows].tolist() for name, rows in study.splits[1][0].tests.items()} == {
        str(sketch): [50, 51],
        f"{corrupted}/fog/1": [60, 61],
        f"{corrupted}/fog/2": [70, 71],
    }


@pytest.mark.parametrize(("unlabelled", "read"), [(False, 2), (True, 12)])
def test_of_the_training_images_only_those_are_read_that_heads_learn_from(
    unlabelled: bool, read: int, tmp_path: Path
) -> None:
    write(tmp_path / "train", 6)
    write(tmp_path / "val", 2, first=100)
    (tmp_path / "1imgs_class.txt").write_text("n01_3.JPEG\nn02_5.JPEG\n")
    subsets = read_subsets([tmp_path / "1imgs_class.txt"])

    plan = Plan(tmp_path, [], 1, subsets, unlabelled=unlabelled)
    study = read_data(plan, embed)

    (split,) = study.splits[1]
    assert len(study.images) == read + 4
    numbers = study.images.features[:, 0]
    assert numbers[split.labelled].tolist() == [3, 11]
    assert bool(len(split.pool)) == unlabelled
    assert numbers[split.tests[str(tmp_path / "val")]].tolist() == [100, 101, 102, 103]


def test_a_list_without_tests_apart_leaves_the_other_images_to_test(tmp_path: Path) -> None:
    data = write(tmp_path / "data", 3)
    (tmp_path / "list.txt").write_text("n01_0.JPEG\nn02_0.JPEG\n")

    plan = Plan(data, [], 1, read_subsets([tmp_path / "list.txt"]), unlabelled=False)
    (split,) = read_data(plan, embed).splits[1]

    assert sorted([*split.pool, *split.tests[""]]) == [1, 2, 4, 5]
