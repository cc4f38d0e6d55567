"""Two trainings never share a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import PretrainingError
from models.pretraining.run_lock import hold_folder

HOLDER = """
import sys
from pathlib import Path
from models.pretraining.run_lock import hold_folder
with hold_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_refused_while_another_process_trains_in_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(PretrainingError, match=r"another training is at work in .*run"),
            hold_folder(tmp_path / "run"),
        ):
            pass
        other.kill()
    with hold_folder(tmp_path / "run"):  # a kill lets go of it
        pass
