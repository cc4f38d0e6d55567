"""Near-duplicates, flagged while images come and go."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.perceptual_hash import find_copies
from service.storage.tables import ImageRow
from service.usecases.context import Context
from service.usecases.duplicates import flag_near_duplicates
from service.usecases.pool import delete_image
from tests.pictures import encoded, part, picture
from tests.service.caller import Caller


@pytest.fixture
def photo_and_copy(api: Caller) -> list[int]:
    photo = picture("red", size=(200, 150)).rotate(30)
    files = [part(encoded(photo)), part(encoded(photo, "JPEG", quality=70))]
    return [image["id"] for image in api.send("/images", files)["images"]]


def flags(context: Context) -> dict[int, int | None]:
    with context.database.read() as session:
        rows = session.execute(select(ImageRow.id, ImageRow.near_duplicate_of))
        return {row[0]: row[1] for row in rows}


def test_a_copy_is_flagged_with_the_older_image(
    context: Context, photo_and_copy: list[int]
) -> None:
    photo, copy = photo_and_copy
    assert flag_near_duplicates(context, "default", lambda _: None) == 1
    assert flags(context) == {photo: None, copy: photo}


def test_nothing_is_a_copy_of_an_image_deleted_while_copies_were_looked_for(
    context: Context, photo_and_copy: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, copy = photo_and_copy

    def find_and_delete(*asked: object) -> dict[int, int]:
        found = find(*asked)
        delete_image(context, "default", photo)
        return found

    find: Callable[..., dict[int, int]] = find_copies
    monkeypatch.setattr("service.usecases.duplicates.find_copies", find_and_delete)
    assert flag_near_duplicates(context, "default", lambda _: None) == 0
    assert flags(context) == {copy: None}
