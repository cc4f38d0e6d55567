"""Everything that only a GPU can show, checked and timed by one command within ten minutes.

    python -m tests.benchmarks.gpu --out FOLDER
    python -m tests.benchmarks.gpu --out FOLDER --parts train --train SECONDS --data SOURCE ...
        --run RUN --sets SET.zip ...

Runs the tests that are skipped without a GPU, then the measurements of tests.benchmarks.pretrain
and of tests.benchmarks.extraction.
With --train it also goes on with the pretraining in the folder RUN until the seconds are over, and
measures the encoder reached, which FOLDER/encoder receives, with few labels on the sets.
FOLDER/gpu.json and FOLDER/gpu.md are written anew after each part, so that a kill loses only one.
Ends with status 0 if all parts passed, 1 if one failed, 2 without a GPU. `--device cpu --quick`
goes through every part in a tiny form, to test the command itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import torch

from models.loaders import BUNDLED_FOLDER
from models.pretraining.recipes import preset
from tests.benchmarks import view_speed
from tests.benchmarks.gpu_report import markdown
from tests.benchmarks.gpu_training import Training, labelled_photographs, train_and_measure
from tests.benchmarks.pretrain import (
    ON_GPU,
    Sizes,
    compare_steps,
    compare_views,
    console,
    growth_table,
    measure_growth,
    step_table,
    view_table,
)
from tests.benchmarks.training_speed import device_name

TESTS = Path(__file__).parent.parent
TEST_SECONDS = 300
TINY_SIZES = Sizes({"cpu-32": 4}, 1, 4, 1, 4, rounds=1)
TINY_TRAINING_SECONDS = 60.0

Result = dict[str, Any]
Part = Callable[[Namespace], Result]


def main() -> int:
    arguments = parse_arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        console.print("There is no NVIDIA GPU here. --device cpu --quick tries the command out.")
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    report: Result = {
        "device": device_name(arguments.device),
        "torch": torch.__version__,
        "cores": os.cpu_count(),
        "parts": {},
    }
    for name in arguments.parts:
        console.rule(name)
        report["parts"][name] = attempt(PARTS[name], arguments)
        (arguments.out / "gpu.json").write_text(json.dumps(report, indent=1) + "\n")
        (arguments.out / "gpu.md").write_text(markdown(report))
    passed = [result["passed"] for result in report["parts"].values()]
    console.print(f"{sum(passed)} of {len(passed)} parts passed; see {arguments.out / 'gpu.md'}.")
    return 0 if all(passed) else 1


def parse_arguments() -> Namespace:
    """The command line, with what its options need of each other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="every part in a tiny form")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="all of them by default")
    training = parser.add_argument_group("pretraining")
    training.add_argument("--train", type=float, metavar="SECONDS", help="reading images included")
    training.add_argument("--data", nargs="+", default=[], metavar="SOURCE")
    training.add_argument("--run", type=Path, help="folder to go on in; OUT/run by default")
    training.add_argument("--epochs", type=float, help="of the whole run, the preset's by default")
    training.add_argument("--sets", nargs="+", type=Path, default=[], metavar="SET")
    arguments = parser.parse_args()
    if arguments.device == "cpu" and not arguments.quick:
        parser.error("--device cpu goes with --quick alone: the parts are made for a GPU")
    trains = arguments.train is not None or arguments.quick
    arguments.parts = arguments.parts or [name for name in PARTS if trains or name != "train"]
    told = arguments.quick or (arguments.train and arguments.data)
    if "train" in arguments.parts and not told:
        parser.error("the part train needs --train SECONDS and --data SOURCE")
    return arguments


def attempt(part: Part, arguments: Namespace) -> Result:
    """What a part found and the seconds it took; an error is a result, and other parts go on."""
    began = time.perf_counter()
    try:
        result: Result = {"passed": True, **part(arguments)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are worth having
        traceback.print_exc()
        result = {"passed": False, "error": f"{type(error).__name__}: {error}"}
    return result | {"seconds": round(time.perf_counter() - began, 1)}


def run_tests(arguments: Namespace) -> Result:
    """The tests marked `gpu`; on a GPU each must have run."""
    # Only files that have such tests: to collect the others takes longer and needs more installed.
    files = [path for path in TESTS.rglob("test_*.py") if "mark.gpu" in path.read_text()]
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch) / "tests.xml"
        words = ["-m", "pytest", "-m", "gpu", "--junit-xml", str(found), *map(str, files)]
        ended = subprocess.run([sys.executable, *words], timeout=TEST_SECONDS, check=False)
        cases = [_outcome(case) for case in ElementTree.parse(found).iter("testcase")]
    skipped = arguments.device == "cuda" and any(case["outcome"] == "skipped" for case in cases)
    return {"passed": ended.returncode == 0 and bool(cases) and not skipped, "tests": cases}


def _outcome(case: ElementTree.Element) -> Result:
    """A test's name, how it ended, and the seconds that it took."""
    ends = [end for end in ("failure", "error", "skipped") if case.find(end) is not None]
    return {
        "test": f"{case.get('classname')}::{case.get('name')}",
        "outcome": ends[0] if ends else "passed",
        "seconds": float(case.get("time", 0)),
    }


def measure_views(arguments: Namespace) -> Result:
    """Views a second in every way."""
    names = TINY_SIZES.batches if arguments.quick else ON_GPU.batches
    seconds = 0.01 if arguments.quick else view_speed.SECONDS
    with patch.object(view_speed, "SECONDS", seconds):
        speeds = [each for name in names for each in compare_views(preset(name), arguments.device)]
    console.print(view_table(speeds))
    return {"views": [asdict(speed) for speed in speeds]}


def measure_steps(arguments: Namespace) -> Result:
    """Full steps beside plain ones, in images a second and share of the device's peak."""
    sizes = TINY_SIZES if arguments.quick else ON_GPU
    names = sizes.batches
    speeds = [each for name in names for each in compare_steps(name, arguments.device, sizes)]
    console.print(step_table(speeds))
    return {"steps": [asdict(speed) for speed in speeds]}


def measure_costs(arguments: Namespace) -> Result:
    """How the speed changes with one value of the recipe at a time."""
    sizes = TINY_SIZES if arguments.quick else ON_GPU
    rows = list(islice(measure_growth(arguments.device, sizes), 1 if arguments.quick else None))
    console.print(growth_table(rows))
    return {"growth": rows}


def measure_extraction(arguments: Namespace) -> Result:
    """Images a second from files to committed embeddings, by a worker's job and by its parts."""
    # It needs Hugging Face's library, without which the other parts can do.
    from tests.benchmarks import extraction

    sizes = extraction.TINY if arguments.quick else extraction.ON_GPU
    spec = str(BUNDLED_FOLDER) if arguments.quick else "random:vit_small_patch16_224"
    report = extraction.measure(sizes, spec)
    console.print(extraction.table(report))
    return {"extraction": report.rows(), "report": asdict(report)}


def train(arguments: Namespace) -> Result:
    """A pretraining taken further, and what its encoder is worth."""
    recipe = preset("cpu-32" if arguments.quick else "vit-ti8-64")
    epochs = arguments.epochs or (1 if arguments.quick else recipe.epochs)
    with tempfile.TemporaryDirectory() as scratch:
        data, sets = arguments.data, arguments.sets
        if arguments.quick:
            photographs = labelled_photographs(Path(scratch) / "photographs")
            data, sets = data or [str(photographs)], sets or [photographs]
        training = Training(
            replace(recipe, epochs=epochs),
            data,
            arguments.run or arguments.out / "run",
            arguments.train or TINY_TRAINING_SECONDS,
            sets,
            draws=1 if arguments.quick else 10,
        )
        return train_and_measure(training, arguments.device, arguments.out)


PARTS: dict[str, Part] = {
    "tests": run_tests,
    "steps": measure_steps,
    "views": measure_views,
    "growth": measure_costs,
    "extraction": measure_extraction,
    "train": train,
}


if __name__ == "__main__":
    sys.exit(main())
