"""Reading and writing large lists: seconds to the first image, to all, and memory.

    python -m tests.benchmarks.formats --sizes 10000,100000 --json formats.json

Every case runs in a process of its own, on files of a few bytes: what is measured is the format.
Beside ours stand the plain ways of the standard library, in the same run: `Path.rglob` for a
folder, `ZipFile.infolist`, `tarfile.getmembers`, `json.load`.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from service.interchange import (
    ExportFormat,
    ExportItem,
    Scratch,
    UrlPolicy,
    export_suffix,
    open_import,
    write_export,
)

WRITTEN: tuple[ExportFormat, ...] = ("csv", "coco", "labelstudio", "imagefolder", "hf", "parquet")
CLASSES = 100
DATA = b"not an image, but as long as it matters here"


@dataclass(frozen=True)
class Measured:
    """One case: of a plain way, `first_seconds` is that of the whole."""

    case: str
    images: int
    first_seconds: float
    all_seconds: float
    peak_mb: float


def items(count: int) -> Iterator[ExportItem]:
    """Images in 100 classes, each of a content of its own length."""
    for number in range(count):
        label = f"class {number % CLASSES}"
        name = f"{label}/image {number:07}.jpg"
        yield ExportItem(name, f"{number:064x}", 64, 64, label, None, lambda: DATA)


def write(form: ExportFormat, count: int, folder: Path) -> Measured:
    """An export with images."""
    started = time.perf_counter()
    with (folder / f"{form}{export_suffix(form, images=True)}").open("w+b") as target:
        write_export(items(count), form, target, images=True)
    took = time.perf_counter() - started
    return Measured(f"write {form}", count, took, took, _peak_mb())


def read(source: str, count: int, folder: Path) -> Measured:
    """All images of a source, the bytes of every hundredth too."""
    started = time.perf_counter()
    first = 0.0
    found = 0
    opened = open_import(
        str(folder / source), roots=[folder], urls=UrlPolicy(), scratch=Scratch(folder)
    )
    with opened.opened() as files:
        for file in files:
            first = first or time.perf_counter() - started
            found += 1
            if found % 100 == 0 and file.read(1000) != DATA:
                raise RuntimeError(f"{file.name} was read wrongly")
    if found != count:
        raise RuntimeError(f"{found} of {count} images were found in {source}")
    return Measured(f"read {source}", count, first, time.perf_counter() - started, _peak_mb())


def plain(source: str, count: int, folder: Path) -> Measured:
    """The same by the standard library alone: names, or a JSON file, as a whole."""
    started = time.perf_counter()
    found = PLAIN[source](folder / source)
    took = time.perf_counter() - started
    if found < count:
        raise RuntimeError(f"{found} of {count} images were found in {source}")
    return Measured(f"plain {source}", count, took, took, _peak_mb())


def _members(path: Path) -> int:
    with tarfile.open(path) as tar:
        return len(tar.getmembers())


def _entries(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return len(archive.infolist())


PLAIN: dict[str, Callable[[Path], int]] = {
    "folder": lambda path: len(sorted(each for each in path.rglob("*") if each.is_file())),
    "imagefolder.zip": _entries,
    "folder.tar": _members,
    "coco.json": lambda path: len(json.loads(path.read_text())["images"]),
}
READ = (
    *("folder", "imagefolder.zip", "folder.tar", "folder.tar.gz", "csv.csv", "coco.json"),
    *("labelstudio.json", "hf.zip", "parquet.parquet"),
)


def prepare(count: int, folder: Path) -> None:
    """The sources beside the archives: a folder, tars of it, and lists of its files."""
    with zipfile.ZipFile(folder / "imagefolder.zip") as archive:
        archive.extractall(folder / "folder")
    (folder / "folder" / "labels.csv").unlink()
    with tarfile.open(folder / "folder.tar", "w") as tar:
        tar.add(folder / "folder", "folder")
    with (
        (folder / "folder.tar").open("rb") as plain_tar,
        gzip.open(folder / "folder.tar.gz", "wb", compresslevel=1) as packed,
    ):
        shutil.copyfileobj(plain_tar, packed)
    for form in ("csv", "coco", "labelstudio"):
        listed = (
            ExportItem(f"folder/{each.name}", each.sha256, 64, 64, each.label, None, each.read)
            for each in items(count)
        )
        with (folder / f"{form}{export_suffix(form, images=False)}").open("w+b") as target:
            write_export(listed, form, target, images=False)


def measure(count: int, folder: Path) -> Iterator[Measured]:
    """All cases of one size."""
    for form in WRITTEN:
        yield _alone("write", form, count, folder)
    prepare(count, folder)
    for source in READ:
        yield _alone("read", source, count, folder)
        if source in PLAIN:
            yield _alone("plain", source, count, folder)


def _alone(what: str, case: str, count: int, folder: Path) -> Measured:
    """In a process of its own, whose memory is its alone."""
    command = [sys.executable, "-m", "tests.benchmarks.formats", "--case", what, case]
    asked = [*command, "--sizes", str(count), "--folder", str(folder)]
    answer = subprocess.run(asked, check=True, capture_output=True, text=True)
    return Measured(**json.loads(answer.stdout))


def _peak_mb() -> float:
    """Of this process alone: what `getrusage` says counts its parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def markdown(rows: list[Measured]) -> str:
    """A table for people."""
    head = "| case | images | first image, s | all, s | images/s | peak memory, MB |\n" + "|---" * 6
    lines = (
        f"| {row.case} | {row.images:,} | {row.first_seconds:.2f} | {row.all_seconds:.1f} "
        f"| {row.images / row.all_seconds:,.0f} | {row.peak_mb:.0f} |"
        for row in rows
    )
    return "\n".join([f"{head}|", *lines])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--folder", type=Path, help="for the files, some 3 KB an image")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    if arguments.case:
        what, case = arguments.case
        do = {"write": write, "read": read, "plain": plain}[what]
        print(json.dumps(asdict(do(case, sizes[0], arguments.folder))))
        return
    rows = []
    for size in sizes:
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        try:
            for row in measure(size, folder):
                rows.append(row)
                print(row, file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(folder)
    print(markdown(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
