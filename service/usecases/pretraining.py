"""Pretraining an encoder on a project's pool: what can be asked for, asked for, and resumed."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.manifest import Manifest, VitConfig
from models.pretraining.recipes import PRESETS, Recipe, vary
from service.domain.entities import Job, Preset, now
from service.domain.errors import Conflict, Invalid, NotFound
from service.storage import encoders, jobs, projects
from service.storage.tables import EncoderRow
from service.usecases.context import Context
from service.usecases.jobs import start_job

# A failed or cancelled job can be resumed where it stopped for so long.
RUN_KEPT_FOR = timedelta(days=7)


def list_presets(context: Context) -> list[Preset]:
    """All presets, with the registered encoders that each can go on from."""
    with context.database.read() as session:
        known = encoders.list_encoders(session, context.settings.encoder)
    return [
        Preset(
            name=recipe.name,
            description=recipe.description,
            image_size=recipe.vit.image_size,
            epochs=recipe.epochs,
            batch=recipe.batch,
            device=device_of(recipe.name),
            starts_from=[row.id for row in known if _fits(row, recipe.vit)],
        )
        for recipe in PRESETS.values()
    ]


def device_of(preset: str) -> str:
    """The least that a preset is made for: `cpu` or `gpu`."""
    return "cpu" if preset.startswith("cpu-") else "gpu"


def read_recipe(payload: Mapping[str, Any]) -> Recipe:
    """The recipe that a job's payload asks for.

    Raises NotFound for an unknown preset, Invalid for a setting that cannot be.
    """
    name = payload["preset"]
    if name not in PRESETS:
        raise NotFound(
            "unknown-preset", f"There is no preset '{name}': choose one of {', '.join(PRESETS)}."
        )
    try:
        recipe = vary(PRESETS[name], payload["settings"])
    except ValueError as error:
        raise Invalid(
            "bad-setting", f"The settings do not fit preset '{name}': {error}."
        ) from error
    return replace(recipe, epochs=payload["epochs"]) if payload["epochs"] else recipe


def request_pretraining(context: Context, project_id: str, payload: dict[str, Any]) -> Job:
    """Have a worker pretrain an encoder on the project's pool; no label is used.

    Raises NotFound, Invalid, and Conflict where the pool is too small or the encoder to start
    from is of another architecture.
    """
    recipe = read_recipe(payload)
    with context.database.read() as session:
        count = projects.count_images(session, projects.get_project(session, project_id).id)
        _require_images(project_id, count, recipe)
        if payload["start_from"] is not None:
            _require_fit(session, payload["start_from"], recipe)
    return start_job(context, "pretrain", payload, project_id)


def drop_runs(context: Context) -> None:
    """Drop the run folders that no job goes on in, and those of jobs that ended long ago.

    Encoders are registered elsewhere; a job that is resumed later than that begins anew.
    """
    folder = context.settings.runs_dir
    found = {each.name: each for each in folder.iterdir()} if folder.is_dir() else {}
    with context.database.read() as session:
        needed = jobs.not_succeeded(session, list(found))
        old = jobs.ended_before(session, list(found), now() - RUN_KEPT_FOR)
    for name in (found.keys() - needed) | old:
        shutil.rmtree(found[name], ignore_errors=True)


def _require_images(project_id: str, count: int, recipe: Recipe) -> None:
    if count < 2:
        held = "no image" if count == 0 else "one image, which has nothing to be told apart from"
        detail = f"Project '{project_id}' holds {held}: add the images to pretrain on first."
        raise Conflict("empty-pool", detail)
    if count < recipe.batch:
        raise Conflict(
            "pool-too-small",
            f"Project '{project_id}' holds {count} images, and preset '{recipe.name}' takes "
            f"{recipe.batch} at a step: add {recipe.batch - count} images, {_smaller(count)}set "
            f"batch to {count} or less.",
        )


def _smaller(count: int) -> str:
    fitting = [recipe for recipe in PRESETS.values() if recipe.batch <= count]
    if not fitting:
        return "or "
    named = " or ".join(f"'{each.name}' ({each.batch})" for each in fitting)
    return f"take preset {named}, or "


def _require_fit(session: Session, encoder_id: str, recipe: Recipe) -> None:
    row = encoders.get_encoder(session, encoder_id)
    if not _fits(row, recipe.vit):
        theirs = _sizes(Manifest.model_validate(row.manifest).architecture)
        raise Conflict(
            "other-architecture",
            f"Encoder '{encoder_id}' is a ViT of {_words(theirs)}; preset '{recipe.name}' trains "
            f"one of {_words(_sizes(recipe.vit))}. Start from an encoder that the preset made, or "
            "from none.",
        )


def _fits(row: EncoderRow, vit: VitConfig) -> bool:
    return _sizes(Manifest.model_validate(row.manifest).architecture) == _sizes(vit)


def _sizes(vit: VitConfig) -> dict[str, float]:
    """What two encoders must share for one's weights to mean the same in the other."""
    shared = ("patch_size", "width", "depth", "heads", "mlp_ratio")
    return {name.replace("_", " "): getattr(vit, name) for name in shared}


def _words(sizes: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sizes.items())
