"""The samples of `leakdog scan`: until the time is over, or Ctrl-C."""

import asyncio
import os
import signal

from leakdog.cli.sampling import sample
from leakdog.cli.scan_job import job_for, scan_config
from leakdog.model import Signal


def test_a_scan_ends_with_its_time() -> None:
    """It is whole, and has read the process."""
    found = asyncio.run(sample(scan_config(job_for(str(os.getpid())), 0.2), 0.5, lambda: None))
    (watched,) = found.fleet
    assert (found.interrupted, found.seconds, found.profiles) == (False, 0.5, [])
    assert Signal.RSS in watched.values


def test_ctrl_c_ends_a_scan_and_keeps_what_is_known() -> None:
    """It comes amid a long pause; the handler of the signal is gone afterwards."""

    async def interrupted() -> None:
        asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGINT)
        found = await sample(scan_config(job_for(str(os.getpid())), 60.0), 600.0, lambda: None)
        (watched,) = found.fleet
        assert found.interrupted
        assert 0.4 < found.seconds < 60.0
        assert Signal.RSS in watched.values

    before = signal.getsignal(signal.SIGINT)
    asyncio.run(asyncio.wait_for(interrupted(), 30.0))
    assert signal.getsignal(signal.SIGINT) is before
