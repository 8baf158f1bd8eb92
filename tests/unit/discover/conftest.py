"""Real processes to be found: each a Python program that waits until its standard input ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def run() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program, with marks on its command line to find it by, and waits for its first line."""
    with ExitStack() as stack:

        def run(*marks: str, code: str = WAITING, executable: str = sys.executable) -> subprocess.Popen[str]:
            child = subprocess.Popen(
                [executable, "-c", code, *marks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(child)
            assert child.stdout is not None
            assert child.stdout.readline()
            return child

        yield run
