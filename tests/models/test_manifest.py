import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.errors import EncoderError
from models.manifest import load_manifest


def rewritten(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads((source / "manifest.json").read_text())
    change(content)
    target.mkdir(parents=True)
    (target / "manifest.json").write_text(json.dumps(content))
    return target


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"manifest\.json cannot be read \(No such file"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"name": "x"}'])
def test_a_damaged_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(EncoderError, match="no encoder manifest"):
        load_manifest(tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda manifest: manifest.pop("licence"), "licence: Field required"),
        (lambda manifest: manifest.update(colour="red"), "colour: Extra inputs"),
        (lambda manifest: manifest["feature"].update(norm="none"), "feature.norm"),
        (lambda manifest: manifest["architecture"].update(heads=5), "no multiple of 5 heads"),
        (lambda manifest: manifest.update(encoder_id="../evil"), "encoder_id"),
        (lambda manifest: manifest.update(dimension=7), "dimension 7"),
        (lambda manifest: manifest["transform"].update(crop=24), "crop 24"),
    ],
)
def test_each_wrong_field_is_named(
    checkpoint_folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    folder = rewritten(checkpoint_folder, tmp_path / "changed", change)
    with pytest.raises(EncoderError, match=fault):
        load_manifest(folder)
