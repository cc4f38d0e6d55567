"""A pretraining run on disk: a log of JSON lines and one checkpoint, always a whole one."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.errors import PretrainingError
from models.msn import MaskedSiameseNetwork
from models.pretraining.recipe import Recipe, from_dict
from models.torch_file import write_torch_file

CHECKPOINT_FILE = "pretraining.pt"
LOG_FILE = "log.jsonl"
# What describes a recipe may change without changing what it does.
WORDS = ("name", "description")
# What no checkpoint is without.
PARTS = frozenset(("recipe", "seed", "step", "seconds", "network", "optimizer"))
# Of what kind each part is.
KINDS = {
    "recipe": dict,
    "seed": int,
    "images": int,
    "pixels": int,
    "step": int,
    "seconds": int | float,
    "first_knn": float | None,
    "probes": dict,
    "start_from": str | None,
    "licence": str,
    "network": dict,
    "optimizer": dict,
}
# What AdamW remembers of each parameter, beside the step.
AVERAGES = ("exp_avg", "exp_avg_sq")

Record = dict[str, Any]


@dataclass
class Run:
    """What a run has reached: everything that training changes, and the seconds it has taken.

    `forward` calls the network, together with those of other processes where there are any.
    `pixels`: a checksum of some of the images. `micro_batch`: how many views the encoder takes at
    once; None: all. `first_knn`: what the probe said before any training; `probes`: what all said
    last. `start_from`: the encoder that it began with; `licence`: the terms of its own.
    """

    recipe: Recipe
    seed: int
    images: int
    pixels: int
    network: MaskedSiameseNetwork
    forward: nn.Module
    optimizer: torch.optim.Optimizer
    steps_per_epoch: int
    steps: int
    step: int = 0
    seconds: float = 0.0
    micro_batch: int | None = None
    first_knn: float | None = None
    probes: dict[str, float] = field(default_factory=dict)
    start_from: str | None = None
    licence: str = "as its images allow"

    @property
    def device(self) -> torch.device:
        return self.network.prototypes.device

    @property
    def finished(self) -> bool:
        return self.step >= self.steps


def has_checkpoint(folder: Path) -> bool:
    """Whether a run can go on in this folder."""
    return (folder / CHECKPOINT_FILE).exists()


def append_record(folder: Path, record: Record) -> None:
    """Add one JSON line to the run's log; raises PretrainingError where it cannot be written."""
    path = folder / LOG_FILE
    try:
        with path.open("a") as log:
            log.write(json.dumps(record) + "\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def save_run(folder: Path, run: Run) -> None:
    """Write a checkpoint beside the last one and put it in its place in one move.

    Raises PretrainingError where it cannot be written; the last one is kept.
    """
    checkpoint = {
        "recipe": run.recipe.to_dict(),
        "seed": run.seed,
        "images": run.images,
        "pixels": run.pixels,
        "step": run.step,
        "seconds": run.seconds,
        "first_knn": run.first_knn,
        "probes": run.probes,
        "start_from": run.start_from,
        "licence": run.licence,
        "network": run.network.state_dict(),
        "optimizer": run.optimizer.state_dict(),
    }
    partial = folder / f".{CHECKPOINT_FILE}.partial"
    try:
        with partial.open("wb") as file:
            write_torch_file(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / CHECKPOINT_FILE)
        _sync(folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _unwritable(folder / CHECKPOINT_FILE, error) from error


def _sync(folder: Path) -> None:
    """The move itself survives a power cut only once its folder is written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> PretrainingError:
    return PretrainingError(
        f"{path} cannot be written: {error.strerror}. The run has stopped and its last checkpoint "
        "is whole: make room there, then go on with --resume"
    )


@dataclass(frozen=True)
class Begun:
    """What the run in a folder was begun with."""

    recipe: Recipe
    seed: int


def begun_in(folder: Path) -> Begun | None:
    """How the folder's run was begun, None where there is none; raises PretrainingError."""
    if not has_checkpoint(folder):
        return None
    checkpoint = _read(folder / CHECKPOINT_FILE)
    return Begun(from_dict(checkpoint["recipe"]), checkpoint["seed"])


def check_recipe(folder: Path, recipe: Recipe, seed: int) -> None:
    """Raise PretrainingError where the folder's run was made with another recipe or seed."""
    if has_checkpoint(folder):
        path = folder / CHECKPOINT_FILE
        _refuse(path, _changes(_read(path), recipe, seed))


def resume_run(folder: Path, run: Run) -> None:
    """Bring `run` to where the folder's checkpoint is.

    Raises PretrainingError if the checkpoint is damaged, or was made with another recipe, seed or
    images.
    """
    path = folder / CHECKPOINT_FILE
    checkpoint = _read(path)
    _refuse(path, _changes(checkpoint, run.recipe, run.seed, (run.images, run.pixels)))
    try:
        run.network.load_state_dict(checkpoint["network"])
        # How it updates is the recipe's; only what it remembers is the run's.
        own = run.optimizer.state_dict()
        run.optimizer.load_state_dict(own | {"state": checkpoint["optimizer"]["state"]})
        _check_averages(run.optimizer)
    except Exception as error:  # what does not fit can fail in any way
        raise _damaged(path, error) from error
    run.step, run.seconds = checkpoint["step"], checkpoint["seconds"]
    run.first_knn = checkpoint.get("first_knn")
    run.probes = checkpoint.get("probes", {})
    run.start_from = checkpoint.get("start_from")
    run.licence = checkpoint.get("licence", run.licence)


def _check_averages(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError where what AdamW remembers of a parameter has not its shape."""
    for parameter, state in optimizer.state.items():
        float(state["step"])  # one number, or it raises
        for name in AVERAGES:
            if state[name].shape != parameter.shape:
                raise ValueError(f"the optimizer's {name} does not fit the network")


def trim_log(folder: Path, step: int) -> None:
    """Drop the records that a killed run wrote after its checkpoint at `step`; all without one."""
    path = folder / LOG_FILE
    if not path.exists():
        return
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if step and _step_of(line) <= step]
    if kept != lines:
        partial = folder / f".{LOG_FILE}.partial"
        partial.write_text("".join(kept))
        partial.replace(path)


def _step_of(line: str) -> float:
    """The step of a log's line; beyond all steps where a kill cut it off."""
    try:
        return int(json.loads(line)["step"])
    except ValueError:
        return float("inf")


def _read(path: Path) -> dict[str, Any]:
    try:
        return _whole(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # a damaged pickle can fail in any way
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> PretrainingError:
    why = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return PretrainingError(
        f"{path} cannot be read as a checkpoint ({why[:300]}): choose another "
        "folder, or remove it to start anew"
    )


def _whole(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint; raises where a part is missing or of another kind."""
    missing = PARTS - checkpoint.keys()
    if missing:
        raise ValueError(f"it holds no {', '.join(sorted(missing))}")
    for name, kind in KINDS.items():
        if name in checkpoint and not isinstance(checkpoint[name], kind):
            raise TypeError(f"its {name} is of type {type(checkpoint[name]).__name__}")
    if checkpoint["step"] < 0:
        raise ValueError(f"its step is {checkpoint['step']}")
    from_dict(checkpoint["recipe"])
    return checkpoint


def _refuse(path: Path, changed: list[str]) -> None:
    if changed:
        raise PretrainingError(
            f"{path} belongs to another run: {'; '.join(changed)}. "
            "Go on with what it was made with, or choose another folder"
        )


def _changes(
    checkpoint: dict[str, Any], recipe: Recipe, seed: int, images: tuple[int, int] | None = None
) -> list[str]:
    """What differs between a checkpoint and a run, each in words.

    images: their number and checksum, where they are known.
    """
    # A checkpoint may be older than a field of the recipe: it was made with what is the default.
    before = _flat(from_dict(checkpoint["recipe"]).to_dict()) | _flat(checkpoint["recipe"])
    now = _flat(recipe.to_dict())
    before["seed"], now["seed"] = checkpoint["seed"], seed
    if images is not None:
        # Older checkpoints do not say.
        before["number of images"] = checkpoint.get("images", images[0])
        before["checksum of some images"] = checkpoint.get("pixels", images[1])
        now["number of images"], now["checksum of some images"] = images
    names = [name for name in now if name not in WORDS and before.get(name) != now[name]]
    return [f"{name} was {before.get(name)} and is {now[name]}" for name in names]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
