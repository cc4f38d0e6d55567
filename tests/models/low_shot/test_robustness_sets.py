from pathlib import Path

import numpy as np
import pytest

from models.image_sources import SourceError
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.robustness_sets import read_tests, rows_by_set


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def embedded(folder: Path, classes: set[str]) -> EmbeddedImages:
    files = list(read_tests(folder, classes))
    labels, names = ([getattr(file, part) for file in files] for part in ("label", "name"))
    return EmbeddedImages(
        np.zeros((len(files), 1), dtype=np.float32), np.array(labels), np.array(names)
    )


def test_files_take_the_class_of_their_folder_and_unknown_classes_are_left_out(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path, "n01/1.jpg", "n02/more/2.jpg", "n09/3.jpg", "README.txt")
    files = read_tests(folder, {"n01", "n02", "n03"})
    assert [(file.name, file.label) for file in files] == [
        ("n01/1.jpg", "n01"),
        ("n02/more/2.jpg", "n02"),
    ]


def test_one_set_has_no_name_of_its_own(tmp_path: Path) -> None:
    images = embedded(folder_of(tmp_path, "n01/1.jpg", "n02/2.jpg"), {"n01", "n02"})
    (rows,) = rows_by_set(images, first_row=10).items()
    assert (rows[0], rows[1].tolist()) == ("", [10, 11])


def test_corruptions_and_severities_are_sets(tmp_path: Path) -> None:
    names = [f"{kind}/{severity}/n01/1.jpg" for kind in ("fog", "snow") for severity in (1, 3)]
    images = embedded(folder_of(tmp_path, *names), {"n01"})
    sets = rows_by_set(images, first_row=0)
    assert {name: rows.tolist() for name, rows in sets.items()} == {
        "fog/1": [0],
        "fog/3": [1],
        "snow/1": [2],
        "snow/3": [3],
    }


def test_data_of_other_classes_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "n09/3.jpg")
    with pytest.raises(SourceError, match="no folder named as one of the 2 classes"):
        list(read_tests(folder, {"n01", "n02"}))
