"""How many GPUs there are, asked so that a machine without one need not wait for torch."""

import ctypes
import sys
from functools import cache

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


@cache
def count_gpus() -> int:
    """CUDA devices that torch can use.

    Importing torch takes seconds and hundreds of megabytes: where NVIDIA's driver is not
    installed, the answer is known without it.
    """
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
