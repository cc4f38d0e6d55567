"""Images a second of both numeric paths on the CPU, taken in turns in the same run.

python -m tests.benchmarks.encoders [--threads 2] [--json FILE]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from models.encoder import TorchEncoder, register_encoder
from models.onnx_encoder import OnnxEncoder
from tests.benchmarks.random_encoder import save_random

BATCH = 8
ROUNDS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    names = ("vit_tiny_patch16_224", "vit_small_patch16_224")
    rows = [measure(name, arguments.threads) for name in names]
    Console().print(table(rows, arguments.threads))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


def measure(name: str, threads: int) -> dict[str, str | float]:
    """Median images a second, torch and ONNX Runtime by turns, and the median of their ratios."""
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = save_random(name, Path(scratch) / "checkpoint", "pre")
        folder = register_encoder(str(checkpoint), Path(scratch) / "encoders")
        encoders = [TorchEncoder(folder, device="cpu"), OnnxEncoder(folder, threads=threads)]
    pixels = np.random.default_rng(0).standard_normal((BATCH, 3, 224, 224)).astype(np.float32)
    runs = [lambda encoder=encoder: encoder.embed_pixels(pixels) for encoder in encoders]
    for run in runs:
        run()
    speeds = [[BATCH / seconds(run) for run in runs] for _ in range(ROUNDS)]
    by_torch, by_onnx = (statistics.median(column) for column in zip(*speeds, strict=True))
    ratio = statistics.median(onnx / torch_ for torch_, onnx in speeds)
    return {"encoder": name, "torch": by_torch, "onnx": by_onnx, "ratio": ratio}


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def table(rows: list[dict[str, str | float]], threads: int) -> Table:
    result = Table(title=f"Images a second at 224 pixels, {threads} threads, batch {BATCH}")
    for column in ("encoder", "torch", "ONNX Runtime", "ratio"):
        result.add_column(column, justify="left" if column == "encoder" else "right")
    for row in rows:
        figures = [f"{row[key]:.1f}" for key in ("torch", "onnx", "ratio")]
        result.add_row(str(row["encoder"]), *figures)
    return result


if __name__ == "__main__":
    main()
