import json
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from safetensors.torch import load, load_file
from transformers import ViTMSNConfig, ViTMSNModel

from models.errors import EncoderError
from models.loaders import Hub, load_encoder
from models.loaders.hub import MissingHubFileError
from tests.models.local_hub import LocalHub
from tests.stopwatch import Stopwatch

SMALL = "facebook/vit-msn-small"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("vit-msn-small")
    torch.manual_seed(0)
    config = ViTMSNConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        image_size=32,
        patch_size=8,
    )
    ViTMSNModel(config).save_pretrained(folder)
    return {f"{SMALL}/{path.name}": path.read_bytes() for path in folder.iterdir()}


def hub_at(local_hub: LocalHub, cache: Path, **options: float) -> Hub:
    return Hub(cache_folder=cache, endpoint=local_hub.endpoint, **options)


def test_a_hub_name_is_downloaded_once(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files = files
    hub = hub_at(local_hub, tmp_path)
    first, _ = load_encoder(f"hf:{SMALL}", hub=hub)
    assert first.name == "vit-msn-small"
    assert first.source == f"hf:{SMALL}"
    assert first.licence == "apache-2.0"
    requests = len(local_hub.requests)
    assert load_encoder(f"hf:{SMALL}", hub=hub)[0] == first
    assert len(local_hub.requests) == requests


def test_torch_weights_are_taken_where_there_is_no_safetensors(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files = files
    hub = hub_at(local_hub, tmp_path / "first")
    expected, _ = load_encoder(f"hf:{SMALL}", hub=hub)
    cached = next((tmp_path / "first").rglob("model.safetensors"))
    torch.save(load_file(cached), tmp_path / "weights.bin")
    local_hub.files = {
        f"{SMALL}/config.json": files[f"{SMALL}/config.json"],
        f"{SMALL}/pytorch_model.bin": (tmp_path / "weights.bin").read_bytes(),
    }
    found, _ = load_encoder(f"hf:{SMALL}", hub=hub_at(local_hub, tmp_path / "second"))
    assert found.encoder_id == expected.encoder_id


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_hub_that_hangs_is_given_up_in_time(
    local_hub: LocalHub, tmp_path: Path, seconds: float
) -> None:
    local_hub.hang_on = "config.json"
    started, watch = time.monotonic(), Stopwatch()
    with pytest.raises(EncoderError, match=rf"did not deliver config\.json .* in {seconds:g} s"):
        load_encoder(f"hf:{SMALL}", hub=hub_at(local_hub, tmp_path, answer_timeout_seconds=seconds))
    assert seconds <= time.monotonic() - started
    assert watch.seconds < seconds + 10


def test_a_download_that_drips_is_given_up_in_time(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files = files
    load = hub_at(local_hub, tmp_path, download_timeout_seconds=0.5)
    load.ask(SMALL, "config.json")
    local_hub.drip = True
    with pytest.raises(EncoderError, match=r"did not deliver model\.safetensors .* in 0\.5 s"):
        load_encoder(f"hf:{SMALL}", hub=load)


def test_weights_that_do_not_begin_to_come_are_given_up_in_time(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files, local_hub.hang_on = files, "model.safetensors"
    watch = Stopwatch()
    with pytest.raises(EncoderError, match=r"did not deliver model\.safetensors .* in 0\.5 s"):
        load_encoder(f"hf:{SMALL}", hub=hub_at(local_hub, tmp_path, answer_timeout_seconds=0.5))
    assert watch.seconds < 10


def test_cached_torch_weights_are_used_without_a_hub(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    config = f"{SMALL}/config.json"
    weights = tmp_path / "weights.bin"
    torch.save(load(files[f"{SMALL}/model.safetensors"]), weights)
    local_hub.files = {config: files[config], f"{SMALL}/pytorch_model.bin": weights.read_bytes()}
    cache = tmp_path / "cache"
    expected, _ = load_encoder(f"hf:{SMALL}", hub=hub_at(local_hub, cache))
    offline = Hub(cache_folder=cache, endpoint="http://127.0.0.1:9")
    assert load_encoder(f"hf:{SMALL}", hub=offline)[0] == expected


def test_a_file_known_to_be_missing_is_not_asked_for_again(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files = {f"{SMALL}/config.json": files[f"{SMALL}/config.json"]}
    with pytest.raises(EntryNotFoundError):  # this call notes it in the cache
        hf_hub_download(SMALL, "absent.bin", cache_dir=tmp_path, endpoint=local_hub.endpoint)
    requests = len(local_hub.requests)
    with pytest.raises(MissingHubFileError, match=r"has no file absent\.bin"):
        hub_at(local_hub, tmp_path).fetch(SMALL, "absent.bin")
    assert len(local_hub.requests) == requests


def test_a_refused_connection_is_told(tmp_path: Path) -> None:
    hub = Hub(cache_folder=tmp_path, endpoint="http://127.0.0.1:9")
    watch = Stopwatch()
    with pytest.raises(EncoderError, match=r"could not deliver config\.json of .*: .*refused"):
        load_encoder(f"hf:{SMALL}", hub=hub)
    assert watch.seconds < hub.answer_timeout_seconds / 2


def test_an_unknown_repository_is_told(local_hub: LocalHub, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no public repository facebook/vit-msn-smal: check"):
        load_encoder("hf:facebook/vit-msn-smal", hub=hub_at(local_hub, tmp_path))


def test_a_repository_without_weights_is_told(
    local_hub: LocalHub, files: dict[str, bytes], tmp_path: Path
) -> None:
    local_hub.files = {f"{SMALL}/config.json": files[f"{SMALL}/config.json"]}
    with pytest.raises(EncoderError, match=r"has no file pytorch_model\.bin"):
        load_encoder(f"hf:{SMALL}", hub=hub_at(local_hub, tmp_path))


def test_timms_names_come_from_timms_repositories(local_hub: LocalHub, tmp_path: Path) -> None:
    local_hub.files = {
        "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k/config.json": json.dumps({}).encode(),
        "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k/model.safetensors": b"damaged",
    }
    with pytest.raises(EncoderError, match=r"model\.safetensors cannot be read as safetensors"):
        load_encoder("timm:vit_tiny_patch16_224", hub=hub_at(local_hub, tmp_path))
