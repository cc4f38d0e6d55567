"""A pretraining run on disk: a log of JSON lines and one checkpoint, always a whole one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.msn import MaskedSiameseNetwork
from models.recipes import Recipe

CHECKPOINT_FILE = "pretraining.pt"
LOG_FILE = "log.jsonl"

Record = dict[str, Any]


@dataclass
class Run:
    """What a run has reached: everything that training changes, and the seconds it has taken."""

    recipe: Recipe
    seed: int
    network: MaskedSiameseNetwork
    optimizer: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


def append_record(folder: Path, record: Record) -> None:
    """Add one JSON line to the run's log."""
    with (folder / LOG_FILE).open("a") as log:
        log.write(json.dumps(record) + "\n")


def save_run(folder: Path, run: Run) -> None:
    """Write a checkpoint beside the last one and put it in its place in one move."""
    checkpoint = {
        "recipe": run.recipe.to_dict(),
        "seed": run.seed,
        "step": run.step,
        "seconds": run.seconds,
        "network": run.network.state_dict(),
        "optimizer": run.optimizer.state_dict(),
    }
    partial = folder / f".{CHECKPOINT_FILE}.partial"
    torch.save(checkpoint, partial)
    partial.replace(folder / CHECKPOINT_FILE)


def resume_run(folder: Path, run: Run) -> None:
    """Bring `run` to where the folder's checkpoint is, if there is one.

    Raises ValueError if the checkpoint was made with another recipe or seed.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    changed = _changes(checkpoint, run)
    if changed:
        raise ValueError(
            f"{path} belongs to a run with another {', '.join(changed)}; "
            "go on with that one, or choose another folder"
        )
    run.network.load_state_dict(checkpoint["network"])
    run.optimizer.load_state_dict(checkpoint["optimizer"])
    run.step, run.seconds = checkpoint["step"], checkpoint["seconds"]


def _changes(checkpoint: dict[str, Any], run: Run) -> list[str]:
    """Names of the recipe's fields, and "seed", that differ between checkpoint and run."""
    before, now = checkpoint["recipe"], run.recipe.to_dict()
    changed = [name for name in now | before if before.get(name) != now.get(name)]
    return changed + ["seed"] * (checkpoint["seed"] != run.seed)
