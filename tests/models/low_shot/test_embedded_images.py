import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.encoder import TorchEncoder
from models.errors import EncoderError
from models.image_sources import SourceError
from models.images import decode
from models.low_shot.embedded_images import BATCH, CachedEncoder
from models.low_shot.labelled_folder import LabelledFile
from tests.pictures import COLOURS, png


def unheard(name: str, why: str) -> None:
    raise AssertionError(f"{name} was left out: {why}")


def files_of(count: int) -> list[LabelledFile]:
    colours = [list(COLOURS)[number % 3] for number in range(count)]
    return [LabelledFile(f"{c}/{i}.png", c, png(c, i)) for i, c in enumerate(colours)]


def test_features_are_the_encoders_in_the_order_of_the_files(
    registered_folder: Path, tmp_path: Path
) -> None:
    files = files_of(BATCH + 3)

    embedded = CachedEncoder(registered_folder, tmp_path).embed(files, unheard)

    images = [decode(file.data).image for file in files]
    expected = TorchEncoder(registered_folder).embed(images)
    np.testing.assert_allclose(embedded.features, expected, atol=1e-5)
    assert embedded.labels.tolist() == [file.label for file in files]
    assert embedded.names.tolist() == [file.name for file in files]


def test_a_second_run_needs_no_encoder(registered_folder: Path, tmp_path: Path) -> None:
    files = files_of(5)
    first = CachedEncoder(registered_folder, tmp_path / "cache").embed(files, unheard)
    # What remains of the encoder cannot be opened.
    (tmp_path / "left").mkdir()
    shutil.copy(registered_folder / "manifest.json", tmp_path / "left")
    again = CachedEncoder(tmp_path / "left", tmp_path / "cache")

    renamed = [LabelledFile(f"x/{file.name}", file.label, file.data) for file in reversed(files)]
    second = again.embed(renamed, unheard)

    np.testing.assert_array_equal(second.features, first.features[::-1])
    with pytest.raises(EncoderError):
        again.embed([LabelledFile("new.png", "red", png("red", 99))], unheard)


def test_what_was_embedded_before_an_interruption_is_kept(
    registered_folder: Path, tmp_path: Path
) -> None:
    files = files_of(BATCH)

    def interrupted() -> Iterator[LabelledFile]:
        yield from files
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(registered_folder, tmp_path / "cache").embed(interrupted(), unheard)

    (tmp_path / "left").mkdir()
    shutil.copy(registered_folder / "manifest.json", tmp_path / "left")
    assert len(CachedEncoder(tmp_path / "left", tmp_path / "cache").embed(files, unheard)) == BATCH


def test_encoders_do_not_share_features(encoders_folder: Path, tmp_path: Path) -> None:
    folders = sorted(each for each in encoders_folder.iterdir() if each.name[0] != ".")
    first, second = (CachedEncoder(each, tmp_path).embed(files_of(2), unheard) for each in folders)
    assert (first.features != second.features).any()


def test_what_is_no_image_is_named_and_left_out(registered_folder: Path, tmp_path: Path) -> None:
    left_out: list[str] = []
    files = [LabelledFile("red/a.txt", "red", b"words"), *files_of(1)]
    encoder = CachedEncoder(registered_folder, tmp_path)

    embedded = encoder.embed(files, lambda name, why: left_out.append(name))

    assert left_out == ["red/a.txt"]
    assert embedded.names.tolist() == ["red/0.png"]
    with pytest.raises(SourceError, match="no usable image"):
        encoder.embed(files[:1], lambda name, why: None)


def test_the_same_image_twice_is_two_images(registered_folder: Path, tmp_path: Path) -> None:
    data = png("red")
    files = [LabelledFile("a/1.png", "a", data), LabelledFile("b/1.png", "b", data)]
    embedded = CachedEncoder(registered_folder, tmp_path).embed(files, unheard)
    assert embedded.labels.tolist() == ["a", "b"]
    np.testing.assert_array_equal(embedded.features[0], embedded.features[1])


def test_one_set_follows_another(registered_folder: Path, tmp_path: Path) -> None:
    encoder = CachedEncoder(registered_folder, tmp_path)
    files = files_of(4)
    parts = [encoder.embed(part, unheard) for part in (files[:3], files[3:])]
    both = parts[0].followed_by(parts[1])
    assert both.names.tolist() == [file.name for file in files]
    np.testing.assert_array_equal(both.features, encoder.embed(files, unheard).features)
    assert len(both) == 4
