"""Barriers of PyTorch's threads on a CPU: how long a thread waits before it sleeps."""

import os
import sys
from collections.abc import MutableMapping

VARIABLE = "GOMP_SPINCOUNT"  # turns of a waiting thread of GNU OpenMP
TURNS, OF_LIBRARY = "10000", "300000"
POLICY = "OMP_WAIT_POLICY"  # a choice of the user, which also tells the turns


def wait_shortly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let waiting threads of PyTorch sleep after some microseconds; call this before its import.

    By default they turn thirty times as long. Where another process is busy, they take the time of
    the thread that they wait for (docs/log.md). Nothing changes if PyTorch is imported, or if the
    environment has a choice.
    """
    if "torch" not in sys.modules and not {VARIABLE, POLICY} & environment.keys():
        environment[VARIABLE] = TURNS
