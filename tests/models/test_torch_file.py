"""torch's own files: a disk that runs full is told, wherever that happens."""

import errno
import io

import pytest
import torch

from models.torch_file import write_torch_file

TENSORS = {str(number): torch.arange(1000.0) + number for number in range(3)}


class SmallDisk(io.BytesIO):
    """A file for which there is `room` for so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, content: object, /) -> int:
        data = bytes(content)  # type: ignore[call-overload]
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_what_was_written_is_read_again() -> None:
    file = io.BytesIO()
    write_torch_file(TENSORS, file)
    file.seek(0)
    found = torch.load(file, weights_only=True)
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


@pytest.mark.parametrize("room", [0, 100, 1_000, 3_000, 6_000, 9_000, 12_000])
def test_a_disk_that_runs_full_on_the_way_is_told_as_such(room: int) -> None:
    with pytest.raises(OSError, match="No space left") as failed:
        write_torch_file(TENSORS, SmallDisk(room))
    assert failed.value.errno == errno.ENOSPC


class Broken(io.BytesIO):
    """A file that fails for no reason of the disk's."""

    def write(self, _: object, /) -> int:
        raise RuntimeError("it is broken")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        write_torch_file(TENSORS, Broken())
