"""torch's own files, of which a full disk is told as such."""

from typing import IO, Any

import torch


def write_torch_file(content: Any, file: IO[bytes]) -> None:
    """Write `content` as `torch.save` does; raises OSError where it cannot be written.

    A disk that runs full in the middle of a tensor makes torch complain of a position in its
    archive, over what the disk said.
    """
    try:
        torch.save(content, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise OSError(*error.__context__.args) from error
        raise
