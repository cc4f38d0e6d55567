"""One Parquet table, with the images as Hugging Face's `datasets` has them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from models.image_sources.parquet import OWN_METADATA, load_pyarrow
from service.interchange.archive_names import with_suffix
from service.interchange.export_item import ExportItem

# A row group is held in memory, by those who read it too.
GROUP_ROWS = 1000
GROUP_BYTES = 64 * 2**20


def write_parquet(
    items: Iterable[ExportItem], target: BinaryIO, *, images: bool, classes: Sequence[str] = ()
) -> None:
    """A row an image; without `images`, `path` names it instead of its bytes.

    The schema's metadata names all `classes`.
    """
    arrow, parquet = load_pyarrow()
    schema = _schema(arrow, classes, images=images)
    with parquet.ParquetWriter(target, schema) as writer:
        for group in _groups(_rows(items, images=images)):
            writer.write_table(arrow.Table.from_pylist(group, schema))


def _schema(arrow: Any, classes: Sequence[str], *, images: bool) -> Any:
    text, number = arrow.string(), arrow.int32()
    image = arrow.struct({"bytes": arrow.binary(), "path": text})
    texts = dict.fromkeys(("original_name", "label", "reference_label", "sha256"), text)
    first = {"image": image} if images else {"path": text}
    own = {OWN_METADATA: json.dumps({"classes": [*classes]})}
    return arrow.schema(
        {**first, **texts, "width": number, "height": number},
        metadata=own | _features(texts) if images else own,
    )


def _features(texts: Iterable[str]) -> dict[str | bytes, str]:
    """What makes `datasets` show images instead of bytes."""
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    features |= {name: {"dtype": "string", "_type": "Value"} for name in texts}
    features |= {name: {"dtype": "int32", "_type": "Value"} for name in ("width", "height")}
    return {"huggingface": json.dumps({"info": {"features": features}})}


def _rows(items: Iterable[ExportItem], *, images: bool) -> Iterator[dict[str, Any]]:
    for item in items:
        row: dict[str, Any] = {"path": item.name}
        if images:
            data = item.read()
            row = {"image": {"bytes": data, "path": with_suffix(item.name, data)}}
        yield row | {
            "original_name": item.name,
            "label": item.label,
            "reference_label": item.reference_label,
            "sha256": item.sha256,
            "width": item.width,
            "height": item.height,
        }


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    held = 0
    for row in rows:
        group.append(row)
        held += len(row["image"]["bytes"]) if "image" in row else 0
        if len(group) == GROUP_ROWS or held >= GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group
