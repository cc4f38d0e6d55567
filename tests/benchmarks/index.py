"""How large pools are searched: the tables of docs/scale.md.

    python -m tests.benchmarks.index --sizes 10000,100000,1000000 --json index.json

For each size a database of synthetic embeddings is filled, its index built as the worker's job does
it, and an api process started twice, the second time with nothing of the index in the disk's cache:
seconds until it answers, milliseconds a search among all images, labelled ones and those of a
predicted class, recall against comparing everything, memory, lists, new images, and scoring. Build
and fill grow with the pool, a search with its root; searches of several requests share the cores.
Takes 3 GB of disk and ten minutes at a million.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from models.search.vector_index import KIND
from service.settings import Settings
from service.storage.embeddings import add_embeddings
from service.storage.projects import get_project
from service.storage.tables import ClassRow, EncoderRow, ExampleRow, ImageRow
from service.usecases.context import Context, create_context
from service.usecases.index_building import build_index
from service.usecases.indexing import INDEXED_FROM
from service.usecases.projects import ensure_default_project
from tests.benchmarks.gpu_report import table
from tests.benchmarks.synthetic_features import CHUNK, SyntheticFeatures

ENCODER, PROJECT = "synthetic", "default"
LABELS = 1_000


def measure(size: int, dimension: int, queries: int, folder: Path) -> dict[str, Any]:
    """All figures of one size."""
    report: dict[str, Any] = {"images": size, "dimension": dimension, "cores": os.cpu_count()}
    context = create_context(Settings(data_dir=folder, database_url="", min_free_mb=0))
    start = time.perf_counter()
    fill(context, size, dimension)
    report["fill_seconds"] = time.perf_counter() - start
    report |= build(context, size)
    context.database.close()
    asked = folder / "queries.npz"
    np.savez(asked, queries=SyntheticFeatures(dimension, seed=1).chunk(0)[:queries])
    report |= serve(folder, asked)
    forget_cached(folder / "indexes")
    cold = serve(folder, asked, "--start")
    report |= {f"cold_{name}": seconds for name, seconds in cold.items()}
    return report


def fill(context: Context, size: int, dimension: int) -> None:
    """Images, their embeddings, and a thousand labels."""
    ensure_default_project(context)
    with context.database.write() as session:
        session.add(EncoderRow(id=ENCODER, source=ENCODER, manifest={"dimension": dimension}))
        session.flush()
        get_project(session, PROJECT).encoder_id = ENCODER
    source = SyntheticFeatures(dimension, seed=0)
    for start in range(0, size, CHUNK):
        count = min(CHUNK, size - start)
        with context.database.write() as session:
            session.execute(insert(ImageRow), [image(start + each) for each in range(count)])
            ids = list(range(start + 1, start + count + 1))
            add_embeddings(session, ENCODER, ids, source.chunk(start // CHUNK)[:count])
    label(context, size)


def image(number: int) -> dict[str, Any]:
    name = f"{number:064x}"
    return {"project_id": PROJECT, "sha256": name, "filename": name, "width": 64, "height": 64}


def label(context: Context, size: int) -> None:
    chosen = np.random.default_rng(0).choice(size, min(LABELS, size // 10), replace=False) + 1
    with context.database.write() as session:
        session.add(ClassRow(project_id=PROJECT, slug="labelled", name="Labelled"))
        session.flush()
        class_id = session.scalar(select(ClassRow.id))
        session.add_all(ExampleRow(image_id=int(each), class_id=class_id) for each in chosen)


def build(context: Context, size: int) -> dict[str, Any]:
    """Seconds and megabytes of the index, where a pool of this size has one."""
    if size < INDEXED_FROM:
        return {"kind": "flat, in memory", "build_seconds": 0.0, "index_mb": 0.0}
    start = time.perf_counter()
    build_index(context, PROJECT, ENCODER, lambda *_: None)
    seconds = time.perf_counter() - start
    size_mb = sum(file.stat().st_size for file in files(context.settings.indexes_dir)) / 2**20
    return {"kind": KIND, "build_seconds": seconds, "index_mb": size_mb}


def serve(folder: Path, queries: Path, *options: str) -> dict[str, Any]:
    """What a fresh api process measures of itself."""
    program = [sys.executable, "-m", "tests.benchmarks.index_serving"]
    command = [*program, str(folder), str(queries), *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def forget_cached(folder: Path) -> None:
    """Have the kernel drop what it holds of these files in memory."""
    os.sync()
    for file in files(folder):
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def markdown(reports: Sequence[Mapping[str, Any]]) -> str:
    """A table of each size, and one of its searches."""
    plain = [
        {name: value for name, value in report.items() if not isinstance(value, dict)}
        for report in reports
    ]
    nested = [
        {"images": report["images"], "what": name, **figures}
        for report in reports
        for group in ("searches", "listings")
        for name, figures in report[group].items()
    ]
    searches = [row for row in nested if "recall" in row]
    listings = [row for row in nested if "recall" not in row]
    return "\n\n".join(table(rows) for rows in (_turned(plain), searches, listings)) + "\n"


def _turned(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A column a report."""
    return [
        {"": name, **{f"{row['images']:,}": row[name] for row in rows}}
        for name in rows[0]
        if name != "images"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the data goes for the time")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    reports = []
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            reports.append(measure(size, arguments.dimension, arguments.queries, Path(folder)))
        print(f"{size:,} images done", file=sys.stderr)
        if arguments.json:
            arguments.json.write_text(json.dumps(reports, indent=2))
    print(markdown(reports))


if __name__ == "__main__":
    main()
