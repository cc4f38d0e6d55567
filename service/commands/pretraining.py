"""The command that pretrains an encoder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from service.commands.common import console, fail

Data = Annotated[Path, typer.Option(help="Folder with one subfolder a class, or a zip of one.")]


def pretrain(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, log, encoder.")],
    preset: Annotated[str, typer.Option(help="Recipe to follow.")] = "cpu-64",
    epochs: Annotated[float, typer.Option(help="Epochs; the recipe's own if 0.", min=0)] = 0,
    device: Annotated[str, typer.Option(help="Device to train on.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
) -> None:
    """Pretrain an encoder on your own images with a masked siamese network; no label is used.

    A run that finds a checkpoint of its own in `out` goes on from it. The encoder then stands in
    `out`/encoder: its path is its spec.
    """
    from models import pretrain as training
    from models.datasets import prepare_images
    from models.pretrained import EncoderCard, save_encoder
    from models.recipes import preset as find_preset

    try:
        recipe = find_preset(preset)
        recipe = replace(recipe, epochs=epochs) if epochs else recipe
        images = prepare_images([data], recipe.vit.image_size, out / "images")
        network = training.pretrain(
            recipe,
            images.pixels,
            out,
            labels=images.labels,
            device=device,
            seed=seed,
            on_record=lambda record: console.print_json(json.dumps(record)),
        )
        card = EncoderCard(
            f"{recipe.name}-{data.stem}".lower(),
            source=f"handful pretrain --preset {preset}",
            licence="as its images allow",
            training={"images": len(images.pixels), "skipped": len(images.skipped)},
        )
        save_encoder(out / "encoder", recipe, network, card)
    except ValueError as error:
        fail(str(error))
    console.print(f"The encoder is in {out / 'encoder'}.")
