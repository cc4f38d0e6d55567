"""Images a second from files to committed embeddings, beside what could stand in the way.

    python -m tests.benchmarks.extraction [--images FOLDER|ZIP ...] [--encoder SPEC] [--json FILE]

In turns, on the same images and in the same process: reading and decoding alone, the encoder
alone on crops in memory, a job as the worker runs it (SQLite, image store in a folder), and the
image-feature-extraction pipeline of Hugging Face's library with the same weights on the same
files. The median of the rounds counts, and the ratios are those of each round: other work on the
machine changes seconds more than it changes these. Without --images photographs are made; by
default the encoder is a ViT-Ti/16 with random weights, which takes as long as one with any others.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sqlalchemy import delete, func, select

from models.checkpoints import load_checkpoint
from models.image_sources.ahead import map_ahead
from models.manifest import load_manifest
from models.threads import usable_cores
from models.transforms import standardise
from service.storage.embeddings import WaitingImage, waiting_images
from service.storage.tables import EmbeddingRow
from service.usecases.context import Context
from service.usecases.embedding import open_crop, request_embedding
from service.usecases.jobs import get_job
from tests.benchmarks.extraction_service import RANDOM, prepared_service
from tests.benchmarks.hf_vit import hf_pipeline, save_hf_vit
from tests.benchmarks.training_speed import device_name
from worker.extraction import open_encoder
from worker.handlers import HANDLERS
from worker.running import claim
from worker.share import RUN

HF_BATCHES = (1, 8, 32)

console = Console()


@dataclass(frozen=True)
class Sizes:
    """How much is measured: images of a round, and rounds."""

    images: int
    rounds: int


ON_CPU = Sizes(400, 5)
ON_GPU = Sizes(4000, 3)
TINY = Sizes(24, 1)


@dataclass(frozen=True)
class Speed:
    """Images a second of a way, and a second of processor time, which other work changes less."""

    images_per_second: float
    images_per_cpu_second: float


@dataclass(frozen=True)
class Report:
    """Each way's median of the rounds, and the medians of the ratios."""

    encoder: str
    device: str
    cores: int
    images: int
    ways: dict[str, Speed]
    pipeline_batch: int
    share_of_the_slower: float  # the job's speed by that of decoding or encoding alone
    times_the_pipeline: float
    times_the_pipeline_cpu: float  # the same in processor time
    agreement: float  # least cosine with the pipeline's model on the same pixels

    def rows(self) -> list[dict[str, Any]]:
        """The ways, each with its speed and how often that goes into the job's."""
        job = self.ways["job"].images_per_second
        return [
            {"way": name, **asdict(speed), "job": job / speed.images_per_second}
            for name, speed in self.ways.items()
        ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", nargs="+", default=[], metavar="SOURCE")
    parser.add_argument("--encoder", default=f"{RANDOM}vit_tiny_patch16_224", metavar="SPEC")
    parser.add_argument("--count", type=int, default=ON_CPU.images, help="images of a round")
    parser.add_argument("--rounds", type=int, default=ON_CPU.rounds)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sizes = Sizes(arguments.count, arguments.rounds)
    report = measure(sizes, arguments.encoder, arguments.images)
    console.print(table(report))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(report), indent=1) + "\n")


def measure(sizes: Sizes, spec: str, sources: Sequence[str] = ()) -> Report:
    """All ways in turns, on the device that a worker would take."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        prepared_service(Path(scratch), spec, sources, sizes.images) as prepared,
    ):
        return Bench(*prepared).measure(sizes.rounds)


class Bench:
    """The ways to be measured; each goes over all the images and gives back their number."""

    def __init__(self, context: Context, folder: Path, files: Sequence[Path]) -> None:
        self._context = context
        self._folder = folder
        self._files = files
        self._encoder_id = folder.name
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        with context.database.read() as session:
            self._waiting = waiting_images(session, self._encoder_id)
        manifest, tensors = load_checkpoint(folder)
        hf_folder = save_hf_vit(manifest, tensors, folder.parent.parent / "hf")
        self._pipeline = hf_pipeline(hf_folder, self._device)
        self._batch = 1

    def measure(self, rounds: int) -> Report:
        """Every way once to warm up, then all of them by turns."""
        job = request_embedding(self._context, self._encoder_id)
        self._encoder = open_encoder(self._context, job)
        self._crops = [crop for crop in self._open_all() if crop is not None]
        self._batch = self._fastest_batch()
        ways = {
            "decode": self.decode,
            "encode": self.encode,
            "job": self.job,
            "pipeline": self.pipe,
        }
        self.job()
        found = [{name: _speed(way) for name, way in ways.items()} for _ in range(rounds)]
        return self._report(found)

    def decode(self) -> int:
        """Reading, decoding and cropping alone."""
        return sum(crop is not None for crop in self._open_all())

    def encode(self) -> int:
        """The encoder alone, from crops in memory, as the worker calls it."""
        size, crops = self._encoder.batch_size, iter(self._crops)
        batches = iter(lambda: list(islice(crops, size)), [])

        def embed(batch: list[Any]) -> int:
            return len(self._encoder.embed_crops(np.stack(batch)))

        return sum(map_ahead(embed, batches, self._encoder.streams))

    def job(self) -> int:
        """A job as the worker runs it, from files to committed embeddings."""
        with self._context.database.write() as session:
            session.execute(delete(EmbeddingRow))
        job = request_embedding(self._context, self._encoder_id)
        running = claim(self._context, job.id, threading.Event())
        assert running is not None
        running.run(HANDLERS["embed"])
        assert get_job(self._context, job.id).state == "succeeded"
        with self._context.database.read() as session:
            return session.scalar(select(func.count()).select_from(EmbeddingRow)) or 0

    def pipe(self, count: int | None = None) -> int:
        """The library's pipeline from the same files."""
        files = [str(file) for file in self._files[:count]]
        return len(self._pipeline(files, batch_size=self._batch))

    def _open_all(self) -> Iterator[Any]:
        """In runs, as the worker opens them."""
        transform = load_manifest(self._folder).transform
        turn = threading.BoundedSemaphore(usable_cores())
        waiting = iter(self._waiting)

        def open_(run: list[WaitingImage]) -> list[Any]:
            return [
                open_crop(self._context, image.id, image.sha256, transform, turn) for image in run
            ]

        runs = iter(lambda: list(islice(waiting, RUN)), [])
        return chain.from_iterable(map_ahead(open_, runs, usable_cores()))

    def _fastest_batch(self) -> int:
        speeds = {}
        for batch in HF_BATCHES:
            self._batch = batch
            self.pipe(batch)
            speeds[batch] = _speed(lambda: self.pipe(64)).images_per_second
        return max(speeds, key=speeds.__getitem__)

    def _agreement(self) -> float:
        """Least cosine of both libraries' features, after the LayerNorm, on the same pixels."""
        crops = np.stack(self._crops[:8])
        manifest, model = load_manifest(self._folder), self._pipeline.model
        pixels = torch.from_numpy(standardise(crops, manifest.transform)).to(model.device)
        ours = torch.from_numpy(self._encoder.embed_crops(crops)).to(model.device)
        with torch.inference_mode():
            theirs = model(pixels.to(model.dtype)).last_hidden_state[:, 0].float()
            if manifest.feature.norm == "pre":
                ours = model.layernorm(ours.to(model.dtype)).float()
        return torch.cosine_similarity(ours, theirs).min().item()

    def _report(self, found: list[dict[str, Speed]]) -> Report:
        ways = {
            name: Speed(
                statistics.median(each[name].images_per_second for each in found),
                statistics.median(each[name].images_per_cpu_second for each in found),
            )
            for name in found[0]
        }
        seconds = [{name: way.images_per_second for name, way in each.items()} for each in found]
        cpu = [{name: way.images_per_cpu_second for name, way in each.items()} for each in found]
        return Report(
            encoder=self._encoder_id,
            device=device_name(self._device),
            cores=usable_cores(),
            images=len(self._files),
            ways=ways,
            pipeline_batch=self._batch,
            share_of_the_slower=statistics.median(
                each["job"] / min(each["decode"], each["encode"]) for each in seconds
            ),
            times_the_pipeline=statistics.median(e["job"] / e["pipeline"] for e in seconds),
            times_the_pipeline_cpu=statistics.median(e["job"] / e["pipeline"] for e in cpu),
            agreement=self._agreement(),
        )


def _speed(way: Callable[[], int]) -> Speed:
    began, worked = time.perf_counter(), time.process_time()
    images = way()
    return Speed(images / (time.perf_counter() - began), images / (time.process_time() - worked))


def table(report: Report) -> Table:
    """The ways of one encoder."""
    title = f"{report.encoder}: {report.images} images, {report.device}, {report.cores} cores"
    result = Table(title=title)
    for column in ("", "images/s", "images/CPU s"):
        result.add_column(column, justify="right" if column else "left")
    for name, speed in report.ways.items():
        figures = (speed.images_per_second, speed.images_per_cpu_second)
        result.add_row(name, *(f"{each:.1f}" for each in figures))
    result.add_row("job / slower of decode, encode", f"{report.share_of_the_slower:.2f}", "")
    ratios = (report.times_the_pipeline, report.times_the_pipeline_cpu)
    result.add_row(f"job / pipeline (batch {report.pipeline_batch})", *(f"{r:.2f}" for r in ratios))
    return result


if __name__ == "__main__":
    main()
