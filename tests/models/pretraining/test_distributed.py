"""Two processes that train together, against one that has the whole batch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import PretrainingError
from models.pretraining import distributed
from models.pretraining.distributed import SyncedBatchNorm
from models.pretraining.run_folder import CHECKPOINT_FILE, LOG_FILE
from tests.models.parallel_run import train

PARTS = ("total", "cross_entropy", "me_max", "mean_largest_target")


def records_in(folder: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]
    return [record for record in records if "total" in record]


def network_in(folder: Path) -> dict[str, torch.Tensor]:
    network: dict[str, torch.Tensor] = torch.load(folder / CHECKPOINT_FILE)["network"]
    return network


def test_two_processes_have_the_losses_of_one_with_the_whole_batch(tmp_path: Path) -> None:
    train(tmp_path / "one")
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    words = [sys.executable, "-m", *launch, "tests.models.parallel_run", str(tmp_path / "two")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    one, two = records_in(tmp_path / "one"), records_in(tmp_path / "two")
    assert len(one) == len(two) == 20
    for part in PARTS:
        np.testing.assert_allclose([r[part] for r in two], [r[part] for r in one], atol=1e-4)
    together = network_in(tmp_path / "two")
    for name, tensor in network_in(tmp_path / "one").items():
        if name == "prototypes" or name.endswith("running_var"):
            torch.testing.assert_close(together[name], tensor, atol=1e-4, rtol=1e-3, msg=name)


def test_alone_a_process_is_the_whole_world(tmp_path: Path) -> None:
    with distributed.processes("cpu"):
        assert (distributed.rank(), distributed.size()) == (0, 1)
        assert distributed.part_of(7) == 7
        assert distributed.any_of(True)
        assert not distributed.any_of(False)
        assert distributed.in_turn(lambda: tmp_path) == tmp_path


def test_a_batch_that_cannot_be_shared_equally_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "size", lambda: 3)
    with pytest.raises(PretrainingError, match=r"batch of 16 .* equally by 3 .* multiple of 3"):
        distributed.part_of(16)


def test_the_synced_batch_norm_of_one_process_is_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "average", lambda part: part)
    features = torch.randn(6, 4, requires_grad=True)
    plain, synced = torch.nn.BatchNorm1d(4), SyncedBatchNorm(4)
    expected = plain(features)
    # Take the way of several processes with one.
    sizes = iter([2])
    monkeypatch.setattr(distributed, "size", lambda: next(sizes, 1))
    torch.testing.assert_close(synced(features), expected)
    torch.testing.assert_close(synced.running_var, plain.running_var)
    torch.testing.assert_close(synced.running_mean, plain.running_mean)
