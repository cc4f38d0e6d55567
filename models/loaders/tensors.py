"""Tensor files of any origin, read without ever running code from them."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from models.checkpoints import read_safetensors
from models.errors import EncoderError


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Named tensors of a `.safetensors` file or of a torch file that holds nothing else."""
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return only_tensors(read_torch_file(path), str(path))


def read_metadata(path: Path) -> dict[str, str]:
    """What a safetensors file says of itself; nothing where `path` is another file."""
    if path.suffix != ".safetensors":
        return {}
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def read_torch_file(path: Path) -> object:
    """Content of a torch file, tensors and plain values only.

    Raises EncoderError if it is missing or damaged, or if unpickling it would run code.
    """
    if not path.is_file():
        raise EncoderError(f"{path} is no file: give the path of a checkpoint.")
    try:
        # Mapped, so that optimiser state beside the encoder is never read.
        return torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL \S+", str(error))
        code = f" ({named[0]})" if named else ""
        raise EncoderError(
            f"{path} was refused: it is damaged, or loading it would run code that it carries"
            f"{code}. Only tensors and plain values are read; ask its "
            "author for a safetensors file."
        ) from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise EncoderError(
            f"{path} is no readable torch checkpoint ({error}): download it again."
        ) from error


def only_tensors(content: object, where: str) -> dict[str, Tensor]:
    """`content` as named tensors; raises EncoderError if it holds anything else."""
    if not isinstance(content, Mapping):
        raise EncoderError(f"{where} holds {type(content).__name__}, not named tensors.")
    foreign = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    if foreign:
        raise EncoderError(f"{where} holds more than tensors: {', '.join(foreign[:8])}.")
    return {str(key): value for key, value in content.items()}
