from pathlib import Path

import numpy as np
import pytest

from models.features import Features
from models.low_shot import feature_cache
from models.low_shot.feature_cache import FeatureCache, content_key


def features_of(count: int) -> dict[bytes, Features]:
    rows = np.random.default_rng(0).normal(size=(count, 6)).astype(np.float32)
    return {content_key(bytes([number])): row for number, row in enumerate(rows)}


def fill(folder: Path, added: dict[bytes, Features]) -> None:
    with FeatureCache(folder) as cache:
        cache.add(added)


def test_the_next_reader_finds_the_same_features(tmp_path: Path) -> None:
    added = features_of(5)
    fill(tmp_path / "encoder", added)

    again = FeatureCache(tmp_path / "encoder")

    for key, row in added.items():
        np.testing.assert_array_equal(again[key], row)
    assert content_key(b"another image") not in again


def test_two_that_add_at_once_keep_both(tmp_path: Path) -> None:
    added = list(features_of(2).items())
    with FeatureCache(tmp_path) as one, FeatureCache(tmp_path) as other:
        one.add(dict(added[:1]))
        other.add(dict(added[1:]))

    again = FeatureCache(tmp_path)
    assert all(key in again for key, _ in added)


def test_what_an_interrupted_run_has_embedded_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "SHARD", 4)
    added = features_of(5)
    running = FeatureCache(tmp_path)  # never left: as if the process had been killed
    running.add(dict(list(added.items())[:4]))
    running.add(dict(list(added.items())[4:]))

    again = FeatureCache(tmp_path)
    assert [key in again for key in added] == [True] * 4 + [False]


def test_a_damaged_shard_is_passed_over(tmp_path: Path) -> None:
    added = features_of(3)
    fill(tmp_path, added)
    (shard,) = tmp_path.iterdir()
    shard.write_bytes(shard.read_bytes()[:100])
    assert next(iter(added)) not in FeatureCache(tmp_path)

    fill(tmp_path, added)  # embedded again

    assert next(iter(added)) in FeatureCache(tmp_path)


def test_nothing_is_written_where_nothing_was_added(tmp_path: Path) -> None:
    fill(tmp_path / "encoder", {})
    assert not (tmp_path / "encoder").exists()
