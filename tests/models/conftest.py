"""Encoders small enough to export in a second, and a hub on this machine."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor

from models.checkpoints import save_checkpoint
from models.encoder import register_encoder
from models.manifest import Manifest
from tests.models.local_hub import LocalHub
from tests.random_encoders import random_encoder

Encoder = tuple[Manifest, dict[str, Tensor]]


@pytest.fixture(scope="session")
def make_encoder() -> Callable[..., Encoder]:
    """A random encoder of the TINY architecture; the same seed gives the same tensors."""

    def make(seed: int = 0, name: str = "tiny") -> Encoder:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return random_encoder(name)

    return make


@pytest.fixture(scope="session")
def checkpoint_folder(
    make_encoder: Callable[..., Encoder], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A Handful checkpoint folder; tests only read it."""
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(folder, *make_encoder())
    return folder


@pytest.fixture(scope="session")
def registered_folder(checkpoint_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same encoder, registered; tests only read it."""
    return register_encoder(str(checkpoint_folder), tmp_path_factory.mktemp("encoders"))


@pytest.fixture(scope="session")
def photos() -> list[Image.Image]:
    """Twenty crops of two real photographs, of different sizes."""
    originals = [Image.fromarray(photo) for photo in load_sample_images().images]
    boxes = [(40 * i, 20 * i, 40 * i + 120 + 12 * i, 20 * i + 100 + 9 * i) for i in range(10)]
    return [photo.crop(box) for photo in originals for box in boxes]


@pytest.fixture
def local_hub() -> Iterator[LocalHub]:
    hub = LocalHub()
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    yield hub
    hub.released.set()
    hub.shutdown()
    hub.server_close()
