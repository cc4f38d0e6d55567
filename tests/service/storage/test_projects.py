"""Readable ids."""

import pytest

from service.storage.projects import free_slug, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Sea otter", "sea-otter"),
        ("  Große -- Füße!  ", "große-füße"),
        ("北 京", "北-京"),
        ("snake_case", "snake-case"),
        ("../..", "unnamed"),
        ("é", "é"),
        ("x" * 90, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_name_becomes_a_readable_id(name: str, slug: str) -> None:
    assert slugify(name) == slug
    assert slugify(slug) == slug


def test_a_taken_id_gets_a_number() -> None:
    assert free_slug("Otter", set()) == "otter"
    assert free_slug("Otter", {"otter", "otter-2"}) == "otter-3"
