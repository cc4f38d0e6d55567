"""The command that pretrains an encoder."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import EncoderError
from models.pretraining.recipes import Recipe, vary
from models.pretraining.recipes import preset as find_preset
from service.commands.common import console, fail
from service.commands.run_display import new_display, shown_log

if TYPE_CHECKING:
    from models.prepared_images import PreparedImages
    from models.pretraining.run_folder import Run
    from models.pretraining.run_start import Start


# A step's own seed has 64 bits: the run's, then the step.
LARGEST_SEED = 2**32 - 1
PRESET = "cpu-64"


def pretrain(  # noqa: PLR0913 - one parameter an option
    data: Annotated[
        list[str],
        typer.Option(
            help="Images: a folder, .zip, .tar or shards x-{000..012}.tar, .parquet, s3://..., or "
            "a folder of prepared images. May be given several times."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, log, encoder.")],
    *,
    preset: Annotated[
        str, typer.Option(help=f"Recipe to follow; with --resume the run's own, else {PRESET}.")
    ] = "",
    epochs: Annotated[float, typer.Option(help="Epochs; the recipe's own if 0.", min=0)] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a value of the recipe: name=value, such as batch=64."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of everything random; with --resume the run's own, else 0.",
            min=0,
            max=LARGEST_SEED,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's last checkpoint.")
    ] = False,
    start_from: Annotated[
        str | None,
        typer.Option(help="Spec of an encoder whose weights to begin with."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the run's records as JSON lines.")
    ] = False,
) -> None:
    """Pretrain an encoder on your own images with a masked siamese network; no label is used.

    Ctrl-C or SIGTERM saves the run and ends; --resume goes on, also after a crash. The encoder
    then stands in `out`/encoder: its path is its spec. With several GPUs:
    `torchrun --nproc-per-node 8 -m service.cli pretrain ...`
    """
    from models.pretraining import distributed
    from models.pretraining.run_folder import begun_in
    from models.pretraining.run_lock import hold_folder
    from models.pretraining.run_start import Start, find_device

    try:
        begun = begun_in(out) if resume else None
        base = base_recipe(preset, begun.recipe if begun else None)
        recipe = choose_recipe(base, epochs, settings or [])
        if seed is None:
            seed = begun.seed if begun else 0
        start = Start(device, seed, resume, start_from)
        with distributed.processes(find_device(device)), hold_folder(out):
            _train(recipe, data, out, start, as_json=as_json)
    except (ValueError, EncoderError, OSError) as error:
        if as_json:  # who reads records is told too: torchrun puts words of its own behind ours
            print(json.dumps({"event": "failed", "message": str(error)}), flush=True)
        fail(str(error))


def base_recipe(preset: str, begun: Recipe | None) -> Recipe:
    """The recipe of the run that goes on, unless another preset is asked for.

    Presets change from one release to the next; a run keeps what it was begun with.
    """
    if begun and preset in ("", begun.name):
        return begun
    return find_preset(preset or PRESET)


def choose_recipe(recipe: Recipe, epochs: float, settings: list[str]) -> Recipe:
    """The recipe with its changes; raises ValueError on one that does not exist or cannot be."""
    pairs = [setting.partition("=") for setting in settings]
    for name, sign, _ in pairs:
        if not sign:
            raise ValueError(f"--set {name} has no value: write --set {name}=VALUE")
    varied = vary(recipe, {name: value for name, _, value in pairs})
    return replace(varied, epochs=epochs) if epochs else varied


def _train(recipe: Recipe, data: list[str], out: Path, start: "Start", *, as_json: bool) -> None:
    """Prepare the images, train, and save the encoder of a finished run."""
    from models.datasets import prepare_images
    from models.pretrain import pretrain as train
    from models.pretraining import distributed
    from models.pretraining.run_folder import check_recipe
    from models.pretraining.run_start import check_folder

    check_folder(out, start)
    check_recipe(out, recipe, start.seed)  # before images are prepared for another size
    side, least = recipe.vit.image_size, recipe.vit.patch_size
    with shown_log(console):
        images = distributed.in_turn(
            lambda: prepare_images(data, side, out / "images", least_side=least)
        )
    with stop_requests() as stop, new_display(console, as_json=as_json) as display:
        run = train(
            recipe,
            images.pixels,
            out,
            labels=images.labels,
            start=start,
            on_record=display.show,
            should_stop=stop.is_set,
        )
    if run.finished and distributed.rank() == 0:
        _save_encoder(run, images, data, out)
        console.print(f"The encoder is in {out / 'encoder'}.", highlight=False, soft_wrap=True)


def _save_encoder(run: "Run", images: "PreparedImages", data: list[str], out: Path) -> None:
    """The encoder's folder: manifest, weights, ONNX."""
    from models.pretraining.pretrained import EncoderCard, save_encoder

    begun = {"start_from": run.start_from} if run.start_from else {}
    seen = {"images": len(images.pixels), "skipped": len(images.skipped)}
    card = EncoderCard(
        f"{run.recipe.name}-{Path(data[0]).stem}".lower(),
        source=f"handful pretrain --preset {run.recipe.name}",
        licence=run.licence,
        training=seen | {"seconds": round(run.seconds)} | begun,
        probes=run.probes,
    )
    save_encoder(out / "encoder", run.recipe, run.network, card)


@contextmanager
def stop_requests() -> Iterator[Event]:
    """Set by the first SIGTERM or Ctrl-C; the second ends the process at once."""
    asked = Event()

    def ask(_number: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    previous = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
