"""The folder of a pretraining run, finished or not, as the source of an encoder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from models.checkpoints import check_tensors, new_manifest
from models.errors import EncoderError
from models.loaders.own import Loaded
from models.loaders.tensors import only_tensors, read_torch_file
from models.manifest import MANIFEST_FILE, Feature, VitConfig
from models.momentum import blend
from models.pretraining.recipe import from_dict
from models.pretraining.run_folder import CHECKPOINT_FILE
from models.transforms import EvaluationTransform


@dataclass(frozen=True)
class RunCheckpoint:
    """What a run last saved: `network` holds both encoders with their heads, the prototypes and,
    where the recipe keeps a share of it, the start.

    `recipe` and `optimizer` (AdamW's state dict) are as the run wrote them; `epoch` counts whole
    epochs.
    """

    recipe: dict[str, Any]
    architecture: VitConfig
    network: dict[str, Tensor]
    optimizer: dict[str, Any]
    epoch: int
    licence: str


def is_run(folder: Path) -> bool:
    """Whether `folder` is a pretraining run's, and no encoder's of its own."""
    return (folder / CHECKPOINT_FILE).is_file() and not (folder / MANIFEST_FILE).exists()


def load_run(folder: Path) -> Loaded:
    """The encoder that a run has reached, in full precision, to be seen as save_encoder's.

    Raises EncoderError if the checkpoint is damaged or holds something else.
    """
    run = read_run(folder)
    tensors, where = _part(run, "target_encoder.vit."), str(folder / CHECKPOINT_FILE)
    check_tensors(tensors, run.architecture, where)
    if start := _part(run, "start."):
        check_tensors(start, run.architecture, f"the start in {where}")
        tensors = blend(tensors, start, run.recipe["start_share"])
    size = run.architecture.image_size
    manifest = new_manifest(
        f"{run.recipe['name']}-{folder.resolve().name}",
        tensors,
        source="handful pretrain",
        licence=run.licence,
        architecture=run.architecture,
        transform=EvaluationTransform(resize=size, crop=size),
        feature=Feature(norm="pre"),
        training={"epoch": run.epoch, "recipe": run.recipe},
    )
    return manifest, tensors


def _part(run: RunCheckpoint, prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor.float()
        for name, tensor in run.network.items()
        if name.startswith(prefix)
    }


def read_run(folder: Path) -> RunCheckpoint:
    """The checkpoint of the run in `folder`; raises EncoderError if it is damaged."""
    path = folder / CHECKPOINT_FILE
    content: Any = read_torch_file(path)
    if not isinstance(content, dict):
        raise EncoderError(
            f"{path} is no checkpoint of a pretraining run, it holds {type(content).__name__}: "
            "name another folder."
        )
    try:
        network = only_tensors(content["network"], f"network of {path}")
        # Runs of earlier versions did not say how many images they saw.
        recipe = from_dict(content["recipe"])
        batches = content.get("images", 0) // recipe.batch
        return RunCheckpoint(
            # With what it lacks, and as a manifest will give it back.
            recipe=json.loads(json.dumps(recipe.to_dict())),
            architecture=recipe.vit,
            network=network,
            optimizer=dict(content["optimizer"]),
            epoch=int(content["step"] // batches) if batches else 0,
            licence=str(content.get("licence", "as its images allow")),
        )
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        ArithmeticError,
        RuntimeError,
    ) as error:
        raise EncoderError(
            f"{path} is no checkpoint of a pretraining run ({error!r}): name another folder."
        ) from error
