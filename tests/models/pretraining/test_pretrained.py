"""An encoder from a run: the momentum network's features, readable as any checkpoint."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.checkpoints import load_checkpoint
from models.encoder import TorchEncoder
from models.msn import MaskedSiameseNetwork
from models.pretraining.pretrained import EncoderCard, save_encoder
from models.transforms import evaluation_pixels
from models.vit import cls_feature
from tests.models.tiny_pretraining import TINY, coloured_images

CARD = EncoderCard(name="Mine", source="pretrained", licence="mine", probes={"knn": 0.5})


def test_the_saved_encoder_is_the_target_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MaskedSiameseNetwork(TINY.vit, prototypes=4, hidden=8, dim=4)
    torch.nn.init.normal_(network.target_encoder.vit.get_parameter("cls_token"))
    manifest = save_encoder(tmp_path, TINY, network, CARD)
    image = Image.fromarray(coloured_images(1)[0][0].transpose(1, 2, 0))
    pixels = torch.from_numpy(evaluation_pixels(image, manifest.transform)).unsqueeze(0)
    with torch.inference_mode():
        expected = cls_feature(network.target_encoder.vit.eval(), pixels, "pre").numpy()
    found = TorchEncoder(tmp_path, "cpu").embed([image])
    np.testing.assert_allclose(found, expected, atol=5e-3, rtol=5e-3)  # stored in half precision


def test_the_manifest_tells_recipe_and_probes(tmp_path: Path) -> None:
    network = MaskedSiameseNetwork(TINY.vit, prototypes=4, hidden=8, dim=4)
    save_encoder(tmp_path, TINY, network, CARD)
    manifest, tensors = load_checkpoint(tmp_path)
    assert manifest.encoder_id.startswith("mine-")
    assert manifest.training["recipe"]["name"] == "tiny"
    assert manifest.probes == {"knn": 0.5}
    assert manifest.feature.norm == "pre"
    assert not any("head" in name for name in tensors)
