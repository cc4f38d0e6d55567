"""JSON files far larger than memory, read piece by piece."""

from collections.abc import Iterator
from typing import Any

import ijson

from models.image_sources.records import Damaged
from models.image_sources.tree import DAMAGED, Tree, reason
from service.interchange.annotations import open_annotations

# What a top level is told by stands in front; in between may be licences and the like.
LOOKED_AT = 5000


def items(tree: Tree, name: str, prefix: str) -> Iterator[Any]:
    """All that stands at `prefix` (ijson's: 'item', 'images.item'), in order.

    Raises SourceError where the file cannot be opened, Damaged where it ends too early.
    """
    with open_annotations(tree, name) as file:
        try:
            # Floats, not Decimals; the whole of a number's digits is of no use here.
            yield from ijson.items(file, prefix, use_float=True)
        except (ijson.JSONError, UnicodeError, *DAMAGED) as error:
            why = reason(error).strip().partition("\n")[0]
            raise Damaged(f"{name} is damaged: {why}") from error


def top_keys(tree: Tree, name: str) -> set[str]:
    """The keys of a JSON object, or of the first object of a list as 'item.key'.

    As far as they can be seen near the start of the file; none where it is no JSON.
    """
    keys: set[str] = set()
    with open_annotations(tree, name) as file:
        try:
            for number, (prefix, event, value) in enumerate(ijson.parse(file)):
                if event == "map_key" and prefix in ("", "item"):
                    keys.add(f"{prefix}.{value}".lstrip("."))
                if number > LOOKED_AT or (prefix, event) == ("item", "end_map"):
                    break
        except (ijson.JSONError, UnicodeError, *DAMAGED):
            pass  # what was seen until there may be enough, and its reader says the rest
    return keys
