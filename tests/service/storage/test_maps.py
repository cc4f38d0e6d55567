"""Places of images as they are kept."""

import numpy as np
import pytest

from models.manifest import Manifest
from service.storage import maps
from service.usecases.context import Context


def test_places_come_back_by_ascending_image(context: Context, manifests: list[Manifest]) -> None:
    encoder_id = manifests[0].encoder_id
    image_ids = np.array([2**31 - 1, 5, 9])
    places = np.array([[0, 1], [0.25, 0.5], [1, 0.123456]], np.float32)
    with context.database.write() as session:
        row = maps.add_map(session, "default", encoder_id, image_ids, places)
    with context.database.read() as session:
        assert maps.find_map(session, "default", "another") is None
        found = maps.find_map(session, "default", encoder_id)
        assert found is not None
        assert (found.id, found.count) == (row.id, 3)
        read = maps.read_places(session, found.id)
    assert read is not None
    assert read[0].tolist() == [5, 9, 2**31 - 1]
    assert read[1] == pytest.approx(places[[1, 2, 0]], abs=1 / maps.STEPS)


def test_a_newer_map_takes_the_place_of_the_last(
    context: Context, manifests: list[Manifest]
) -> None:
    with context.database.write() as session:
        first, second = (
            maps.add_map(
                session, "default", manifests[0].encoder_id, np.array([1]), np.zeros((1, 2), "f4")
            ).id
            for _ in range(2)
        )
        assert second > first
        assert maps.read_places(session, first) is None
        assert maps.read_places(session, second) is not None
