"""`python -m worker.launch PARENT WORDS...` becomes Python with these words, tied to its parent.

It gives way to the service, which answers people, and is told to end when the parent dies. A step
of its own because code between fork and exec is not safe in a process of several threads.
"""

import ctypes
import os
import signal
import sys

# A third of a share: a service beside it on the same cores stays quick, and alone on the machine
# it loses nothing.
NICENESS = 5
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take this process's place by the one to run."""
    parent, words = int(sys.argv[1]), sys.argv[2:]
    os.nice(NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before it could be tied to
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606  the words are the worker's


if __name__ == "__main__":
    main()
