"""From what a user names to the images and splits of a low-shot evaluation."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from models.image_sources import ImageFile
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.imagenet_subsets import Subset, by_shots, file_name, train_and_val
from models.low_shot.labelled_folder import LabelledFile, read_chosen, read_labelled
from models.low_shot.robustness_sets import read_tests, rows_by_set
from models.low_shot.splits import Rows, Split, draw_split

# Raises SourceError where no file is an image.
Embed: TypeAlias = Callable[[Iterable[LabelledFile]], EmbeddedImages]


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    data: a source with one folder a class, or a folder with `train` and `val`. Where `subsets`
    say which images are labelled there are no random draws. test_data: sources of the same
    classes to test on instead. unlabelled: whether any head learns from unlabelled images.
    """

    data: Path
    shots: Sequence[int]
    seeds: int
    subsets: Sequence[Subset] = ()
    test_data: Sequence[Path] = ()
    unlabelled: bool = True


@dataclass(frozen=True)
class LowShotData:
    """All images, and by the number of labels a class how each draw splits them."""

    images: EmbeddedImages
    splits: Mapping[int, Sequence[Split]]


def read_data(plan: Plan, embed: Embed) -> LowShotData:
    """Embed what the plan needs and split it.

    Raises SourceError, and ValueError where labels or images are too few.
    """
    data, val = train_and_val(plan.data)
    test_data = plan.test_data or ([val] if val else [])
    only_listed = plan.subsets and test_data and not plan.unlabelled
    images = embed(_listed(data, plan.subsets) if only_listed else read_labelled(data))
    everything, tests = images, dict[str, Rows]()
    for source in test_data:
        others = embed(read_tests(source, set(images.labels.tolist())))
        for name, rows in rows_by_set(others, first_row=len(everything)).items():
            tests[f"{source}/{name}".rstrip("/")] = rows
        everything = everything.followed_by(others)
    return LowShotData(everything, _splits(plan, images, tests))


def _splits(
    plan: Plan, images: EmbeddedImages, tests: Mapping[str, Rows]
) -> Mapping[int, Sequence[Split]]:
    if plan.subsets:
        return by_shots(plan.subsets, images, tests)
    return {
        shots: [draw_split(images.labels, shots, seed, tests) for seed in range(plan.seeds)]
        for shots in plan.shots
    }


def _listed(data: Path, subsets: Iterable[Subset]) -> Iterator[LabelledFile]:
    names = frozenset[str]().union(*(subset.names for subset in subsets))

    def class_of(file: ImageFile) -> str | None:
        return file.label if file_name(file.name) in names else None

    return read_chosen(data, class_of)
