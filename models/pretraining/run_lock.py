"""One run a folder: two trainings that write the same checkpoint would spoil both."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import PretrainingError
from models.pretraining import distributed

LOCK_FILE = "training.lock"


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Have a run's folder for this training; its processes share it, the first one holds it.

    The system lets go of it with the process, however that ends. Raises PretrainingError where
    another training has the folder.
    """
    if distributed.rank():
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PretrainingError(
                f"another training is at work in {folder}: wait for its end, or choose another "
                "folder"
            ) from error
        yield
