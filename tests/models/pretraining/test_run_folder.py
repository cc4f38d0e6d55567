"""A run on disk: checkpoints whole or not at all, a log that a kill cannot spoil."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import PretrainingError
from models.pretraining.run_folder import (
    CHECKPOINT_FILE,
    LOG_FILE,
    append_record,
    has_checkpoint,
    save_run,
    trim_log,
)
from models.pretraining.run_start import Start, start_run
from tests.models.tiny_pretraining import TINY, coloured_images

FULL_DISK = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(not FULL_DISK.exists(), reason="no /dev/full here")


@needs_full_disk
def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path: Path) -> None:
    run = start_run(TINY, coloured_images()[0], tmp_path, Start(device="cpu"))
    save_run(tmp_path, run)
    run.step = 7
    (tmp_path / f".{CHECKPOINT_FILE}.partial").symlink_to(FULL_DISK)
    with pytest.raises(PretrainingError, match=r"No space left .* make room .* --resume"):
        save_run(tmp_path, run)
    assert torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)["step"] == 0
    save_run(tmp_path, run)
    assert torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)["step"] == 7


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk that has room for no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_runs_full_in_the_middle_is_told_and_left_clean(tmp_path: Path) -> None:
    recipe = replace(TINY, projection_hidden=256)
    run = start_run(recipe, coloured_images()[0], tmp_path, Start(device="cpu"))
    save_run(tmp_path, run)
    size = (tmp_path / CHECKPOINT_FILE).stat().st_size
    for tenths in range(1, 10):
        with (
            files_of_at_most(size * tenths // 10),
            pytest.raises(PretrainingError, match=r"File too large\. .* make room"),
        ):
            save_run(tmp_path, run)
        assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


@needs_full_disk
def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / LOG_FILE).symlink_to(FULL_DISK)
    with pytest.raises(PretrainingError, match=r"log\.jsonl cannot be written: No space left"):
        append_record(tmp_path, {"step": 1})


def test_a_folder_without_a_checkpoint_has_no_run(tmp_path: Path) -> None:
    assert not has_checkpoint(tmp_path)


def test_records_after_the_checkpoint_and_half_a_line_are_dropped(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        append_record(tmp_path, {"step": step})
    with (tmp_path / LOG_FILE).open("a") as log:
        log.write('{"step": 2, "to')
    trim_log(tmp_path, 2)
    lines = (tmp_path / LOG_FILE).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


def test_nothing_is_kept_of_a_run_that_was_killed_before_its_first_checkpoint(
    tmp_path: Path,
) -> None:
    append_record(tmp_path, {"step": 0})
    trim_log(tmp_path, 0)
    assert (tmp_path / LOG_FILE).read_text() == ""
