from pathlib import Path

import numpy as np
import pytest

from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.imagenet_subsets import Subset, by_shots, read_subsets, train_and_val

CLASSES = ("n01440764", "n01443537", "n01484850")


def imagenet(images_a_class: int = 6) -> EmbeddedImages:
    """Images named as ImageNet's are."""
    labels = np.repeat(CLASSES, images_a_class)
    names = [f"{label}/{label}_{10 * i}.JPEG" for i, label in enumerate(labels)]
    return EmbeddedImages(np.eye(len(labels), dtype=np.float32), labels, np.array(names))


def listed(images: EmbeddedImages, shots: int, start: int = 0) -> frozenset[str]:
    """The file names of `shots` images of each class."""
    rows = np.concatenate(
        [np.flatnonzero(images.labels == name)[start : start + shots] for name in CLASSES]
    )
    return frozenset(str(name).partition("/")[2] for name in images.names[rows])


def write(file: Path, names: frozenset[str]) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(names) + "\n")
    return file


def test_lists_of_three_folders_become_draws_by_their_images_a_class(tmp_path: Path) -> None:
    images = imagenet()
    for number in (1, 2, 3):
        folder = tmp_path / f"imagenet_subsets{number}"
        write(folder / "1imgs_class.txt", listed(images, 1, start=number))
        # One of the published lists of five images a class goes by the name of three.
        write(folder / "3imgs_class.txt", listed(images, 2, start=number))
    folders = [tmp_path / f"imagenet_subsets{number}" for number in (1, 2, 3)]

    splits = by_shots(read_subsets(folders), images)

    assert {shots: len(draws) for shots, draws in splits.items()} == {1: 3, 2: 3}
    for number, split in enumerate(splits[1], start=1):
        assert split.labelled.tolist() == [number, 6 + number, 12 + number]
        others = [*split.pool, *split.tests[""]]
        assert sorted([*others, *split.labelled]) == list(range(18))


def test_classes_of_different_sizes_are_averaged_as_in_the_one_percent_list() -> None:
    images = imagenet()
    names = listed(images, 2) | {"n01484850_140.JPEG"}
    assert list(by_shots([Subset(Path("1percent.txt"), names)], images)) == [2]


def test_tests_apart_are_taken_instead_of_the_rest() -> None:
    images, val = imagenet(), {"val": np.array([18, 19])}
    (split,) = by_shots([Subset(Path("one"), listed(images, 1))], images, val)[1]
    assert split.tests == val


def test_a_list_may_have_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"a_1.JPEG\r\n\r\nb 2.JPEG\r\n")
    (subset,) = read_subsets([file])
    assert subset.names == {"a_1.JPEG", "b 2.JPEG"}


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("absent.txt", None, "absent.txt cannot be read as a list"),
        ("image.txt", b"\x89PNG\xff", "image.txt cannot be read as a list"),
        ("empty.txt", b"\n\n", "empty.txt lists no image: expected one file name a line"),
    ],
)
def test_what_is_no_list_is_told(
    name: str, content: bytes | None, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=fault):
        read_subsets([file])


def test_a_folder_without_lists_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no list of images: expected \.txt files"):
        read_subsets([tmp_path])


def test_listed_images_that_the_data_lacks_are_counted_and_the_first_is_named() -> None:
    images = imagenet()
    names = listed(images, 1) | {"n02_7.JPEG", "n01_9.JPEG"}
    with pytest.raises(
        ValueError, match=r"lists 5 images, of which the data lacks 2, .* n01_9\.JPEG"
    ):
        Subset(Path("list.txt"), names).split(images)


def test_a_name_that_stands_for_two_images_is_told() -> None:
    labels, names = np.array(["a", "b", "b"]), np.array(["a/1.png", "b/1.png", "b/2.png"])
    images = EmbeddedImages(np.eye(3, dtype=np.float32), labels, names)
    with pytest.raises(ValueError, match=r"lists 1\.png, and the data has several"):
        Subset(Path("list.txt"), frozenset({"1.png"})).split(images)


def test_imagenets_own_folders_are_told_from_classes(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / part / "n01440764").mkdir(parents=True)
    assert train_and_val(tmp_path) == (tmp_path / "train", tmp_path / "val")
    assert train_and_val(tmp_path / "train") == (tmp_path / "train", None)


def test_classes_that_are_called_train_and_val_stay_classes(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "1.png").touch()
    assert train_and_val(tmp_path) == (tmp_path, None)
