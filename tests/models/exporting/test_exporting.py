"""What all layouts have in common: the way there and back, and what stands in the way."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import EncoderError
from models.exporting import export_encoder
from models.exporting.reference import write_reference
from models.exporting.source import open_source
from models.loaders import load_encoder
from tests.models.exporting.conftest import SMALL, write_encoder

FILES = {"msn": "x.pth.tar", "hf": "folder", "timm": "x.safetensors"}


@pytest.mark.parametrize("encoder", ["pre", "post", "bundled"])
@pytest.mark.parametrize("layout", ["msn", "hf", "timm"])
def test_an_encoder_comes_back_as_it_was(
    encoders: dict[str, Path], encoder: str, layout: str, tmp_path: Path
) -> None:
    exported = export_encoder(str(encoders[encoder]), layout, tmp_path / FILES[layout])
    manifest, tensors = load_encoder(f"{layout}:{exported.path}")
    expected, expected_tensors = load_encoder(str(encoders[encoder]))
    assert manifest == expected == exported.manifest
    assert tensors.keys() == expected_tensors.keys()
    assert all(torch.equal(tensors[name], expected_tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("layout", "norm", "told"),
    [
        ("msn", "pre", "before the final LayerNorm, as its logistic_eval"),
        ("msn", "post", "after the final LayerNorm; its logistic_eval takes it before"),
        ("hf", "pre", "before the final LayerNorm: .*hidden_states"),
        ("hf", "post", "after the final LayerNorm: .*last_hidden_state"),
        ("timm", "pre", "before the final LayerNorm, which timm applies"),
    ],
)
def test_the_feature_and_the_transform_are_told(
    encoders: dict[str, Path], layout: str, norm: str, told: str, tmp_path: Path
) -> None:
    notes = export_encoder(str(encoders[norm]), layout, tmp_path / FILES[layout]).notes
    assert re.search(f"the CLS {told}", " ".join(notes))
    assert "resized to 36 (bicubic), centre crop 32, mean (0.5, 0.4, 0.3)" in notes[-1]


@pytest.mark.parametrize("layout", ["msn", "hf"])
def test_nothing_is_overwritten_unasked(
    encoders: dict[str, Path], layout: str, tmp_path: Path
) -> None:
    out = tmp_path / FILES[layout]
    export_encoder(str(encoders["pre"]), layout, out)
    with pytest.raises(EncoderError, match=r"is there already: .* --force"):
        export_encoder(str(encoders["post"]), layout, out)
    assert load_encoder(f"{layout}:{out}")[0].name == "small-pre"
    export_encoder(str(encoders["post"]), layout, out, overwrite=True)
    assert load_encoder(f"{layout}:{out}")[0].name == "small-post"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_keeps_its_other_files(encoders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    export_encoder(str(encoders["pre"]), "hf", tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert load_encoder(f"hf:{tmp_path}")[0].name == "small-pre"


def test_folders_on_the_way_are_made(encoders: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "not" / "there" / "x.safetensors"
    assert export_encoder(str(encoders["pre"]), "timm", out).path == out
    assert out.is_file()


@pytest.mark.parametrize(
    ("layout", "out", "fault"),
    [
        ("msn", "folder", "is a folder: name the file"),
        ("hf", "file", r"is a file: name a folder to write model\.safetensors and"),
        ("msn", "file/x.pth.tar", "cannot be written .*: name another place"),
        ("timm", "x.bin", r"x\.bin does not end in \.safetensors"),
        ("keras", "x", "'keras' is no export format: give one of msn, hf, timm, onnx"),
    ],
)
def test_a_place_or_format_that_will_not_do_is_told(
    encoders: dict[str, Path], tmp_path: Path, layout: str, out: str, fault: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(EncoderError, match=fault):
        export_encoder(str(encoders["pre"]), layout, tmp_path / out)
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}


def test_a_full_disk_is_told(encoders: dict[str, Path], tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_reference(open_source(str(encoders["pre"]), None), full)


def test_an_unknown_encoder_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="'nowhere' names no encoder"):
        export_encoder("nowhere", "msn", tmp_path / "x.pth.tar")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layout", ["msn", "timm"])
def test_a_layout_that_cannot_express_an_encoder_says_which_can(
    tmp_path: Path, layout: str
) -> None:
    folder = write_encoder(tmp_path / "encoder", "pre", replace(SMALL, norm_eps=1e-5))
    with pytest.raises(EncoderError, match=r"cannot say .* eps 1e-05 .* export it as hf or onnx"):
        export_encoder(str(folder), layout, tmp_path / FILES[layout])
    export_encoder(str(folder), "hf", tmp_path / "hf")
    assert load_encoder(f"hf:{tmp_path / 'hf'}")[0].architecture.norm_eps == 1e-5


def test_an_edited_export_is_refused(encoders: dict[str, Path], tmp_path: Path) -> None:
    path = export_encoder(str(encoders["pre"]), "msn", tmp_path / "x.pth.tar").path
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["target_encoder"]["module.cls_token"] += 1
    torch.save(checkpoint, path)
    with pytest.raises(EncoderError, match="was damaged or edited"):
        load_encoder(f"msn:{path}")


def test_a_damaged_manifest_is_refused(encoders: dict[str, Path], tmp_path: Path) -> None:
    path = export_encoder(str(encoders["pre"]), "msn", tmp_path / "x.pth.tar").path
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["handful"] = json.dumps({"name": "small"})
    torch.save(checkpoint, path)
    with pytest.raises(EncoderError, match=r"the manifest in .* is no encoder manifest"):
        load_encoder(f"msn:{path}")


def test_a_file_without_manifest_needs_an_architecture(
    encoders: dict[str, Path], tmp_path: Path
) -> None:
    path = export_encoder(str(encoders["pre"]), "msn", tmp_path / "x.pth.tar").path
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["handful"]
    torch.save(checkpoint, path)
    with pytest.raises(EncoderError, match="does not say what it holds: give msn:ARCHITECTURE="):
        load_encoder(f"msn:{path}")
