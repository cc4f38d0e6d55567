"""A pretraining taken further for some seconds, and what its encoder is worth with few labels."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.datasets import prepare_images
from models.loaders import BUNDLED_FOLDER
from models.pretrain import pretrain
from models.pretraining.pretrained import EncoderCard, save_encoder
from models.pretraining.recipes import Recipe
from models.pretraining.run_folder import LOG_FILE, Record, Run
from models.pretraining.run_start import Start
from tests.benchmarks import encoder_low_shot
from tests.benchmarks.photographs import write_photographs

CLASSES, IMAGES_A_CLASS = ("first", "second"), 16


@dataclass(frozen=True)
class Training:
    """What to train: `recipe` on the images of `data` in the folder `run`, for `seconds`.

    The encoder is then measured on the labelled `sets`, over so many `draws` of labels.
    """

    recipe: Recipe
    data: list[str]
    run: Path
    seconds: float
    sets: list[Path]
    draws: int = 10


def train_and_measure(training: Training, device: str, out: Path) -> dict[str, Any]:
    """How far the run is, the probes on the way there, and the low-shot table of its encoder.

    The encoder is written to `out`/encoder, finished or not.
    """
    run, skipped = go_on(training, device)
    records = read_records(training.run)
    card = EncoderCard(
        f"{run.recipe.name}-{training.run.resolve().name}",
        source="tests.benchmarks.gpu",
        licence=run.licence,
        training={"images": run.images, "step": run.step, "seconds": round(run.seconds)},
        probes=run.probes,
    )
    save_encoder(out / "encoder", run.recipe, run.network, card)
    spec, beside = str(out / "encoder"), [str(BUNDLED_FOLDER)]
    table = encoder_low_shot.measure(spec, beside, training.sets, training.draws)
    print(encoder_low_shot.markdown(table))
    return {
        "passed": True,
        "run": {
            "preset": run.recipe.name,
            "images": run.images,
            "skipped": skipped,
            "step": run.step,
            "steps": run.steps,
            "seconds": round(run.seconds),
        },
        "probes": [record for record in records if "knn" in record],
        "last": next((record for record in reversed(records) if "total" in record), {}),
        "low_shot": table,
    }


def go_on(training: Training, device: str) -> tuple[Run, int]:
    """The run after its seconds, saved, and how many files were no images."""
    deadline = time.monotonic() + training.seconds
    vit = training.recipe.vit
    images = prepare_images(
        training.data, vit.image_size, training.run / "images", least_side=vit.patch_size
    )
    run = pretrain(
        training.recipe,
        images.pixels,
        training.run,
        labels=images.labels,
        start=Start(device),
        on_record=lambda record: print(json.dumps(record), flush=True),
        should_stop=lambda: time.monotonic() > deadline,
    )
    return run, len(images.skipped)


def read_records(folder: Path) -> list[Record]:
    """All records of the run in `folder`, from its first step on."""
    return [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]


def labelled_photographs(folder: Path) -> Path:
    """Two classes of small photographs, to try the part out."""
    for name in CLASSES:
        write_photographs(folder / name, IMAGES_A_CLASS, (48, 40))
    return folder
