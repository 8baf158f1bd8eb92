"""Large profiles are decoded in a process of their own, which a hostile one can kill without harm, and compared there.

There is one such process. It is started when the first large profile comes, asked for one profile at a time, bounded in
memory and time, and ended when none has come for a while. Whoever brought the profile over which it died is told so;
the others wait for the next process. What it answers is read like what a target sends: as untrusted bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from leakdog.attribute.code import Own
from leakdog.attribute.gist import SITES
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind
from leakdog.pipeline.apart import FRAME, READY
from leakdog.pprof.limits import Limits

# Memory for one profile. The largest that Go services were seen to send unpack to 20 MB and take seven times that.
MEMORY_BYTES = 512 << 20
# The largest of these takes a second on a slow machine.
SECONDS = 5.0
# Two are read for a difference, and one as large is written whole, which takes as long again.
DIFFERENCE = 4
# To start a process takes half a second, and many where the processor is busy, or less than one is allowed.
START_SECONDS = 60.0
# A process that has nothing to do is ended after so long.
IDLE_SECONDS = 300.0
# Between the death of one process and the start of the next, at first nothing and then twice as long each time.
BACKOFF_SECONDS = 0.5
MOST_BACKOFF_SECONDS = 30.0
# A gist has a few hundred stacks, or a few thousand. An answer that is larger than this is not kept in memory, whatever
# it is.
ANSWER_BYTES = 8 << 20


@dataclass(slots=True)
class _Child:
    """The process, the stream on which it is asked and answers, since when, and whether it has said that it is ready.

    `started` is of the loop's clock.
    """

    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    started: float
    ready: bool = False

    @classmethod
    async def start(cls, memory_bytes: int) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = _spawn(theirs, memory_bytes)
            except OSError:
                ours.close()
                raise
        started = asyncio.get_running_loop().time()
        return cls(process, *await asyncio.open_connection(sock=ours), started)

    async def begun(self) -> None:
        """Wait until it is ready. Who gives up waiting leaves it as it was for the next."""
        if not self.ready:
            await self.reader.readexactly(len(READY))
            self.ready = True

    async def ask(self, wanted: dict[str, Any], data: Sequence[bytes]) -> tuple[dict[str, str], bytes]:
        """What it says of the profiles, and what it made of them."""
        asked = json.dumps(wanted).encode()
        self.writer.writelines([FRAME.pack(len(asked), sum(map(len, data))), asked, *data])
        await self.writer.drain()
        said_bytes, made_bytes = FRAME.unpack(await self.reader.readexactly(FRAME.size))
        if max(said_bytes, made_bytes) > ANSWER_BYTES:
            raise ValueError("its answer is too large")
        said = json.loads(await self.reader.readexactly(said_bytes))
        return said, await self.reader.readexactly(made_bytes)

    def kill(self) -> str:
        """How it ended, in words. Blocks for as long as the kernel needs to take its memory back."""
        self.process.kill()
        code = self.process.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _spawn(stream: socket.socket, memory_bytes: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "leakdog.pipeline.apart", str(memory_bytes)],
        stdin=stream.fileno(),
        stdout=stream.fileno(),
        start_new_session=True,  # a Ctrl-C is for the daemon, which lets running scrapes end
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


class Worker:
    """Makes large profiles small, one after the other in the order in which they were asked for.

    Args:
        on_death: called when the process died or was killed over a profile.

    """

    def __init__(
        self,
        on_death: Callable[[], None] = lambda: None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        seconds: float = SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._on_death = on_death
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._child: _Child | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._deaths = 0  # since the last answer

    @property
    def pid(self) -> int | None:
        """Of the process, where there is one."""
        return self._child.process.pid if self._child is not None else None

    async def small(self, kind: Kind, data: bytes, limits: Limits, own: Own = (), sites: int = SITES) -> bytes:
        """The gist, with so many sites, of a profile of a program whose own code is called `own`, in protobuf.

        Cancelled while it is made, its process is killed.

        Raises:
            FetchError: it is no such profile, or decoding it takes too much memory or time.

        """
        return await self._made(kind, limits, [data], {"own": own, "sites": sites}, self._seconds)

    async def difference(self, kind: Kind, baseline: bytes, latest: bytes, limits: Limits) -> bytes:
        """The latest profile less the baseline, in gzipped protobuf.

        Raises:
            FetchError: one of them is no such profile, they cannot be compared, or it takes too much memory or time.

        """
        more = {"baseline_bytes": len(baseline)}
        return await self._made(kind, limits, [baseline, latest], more, DIFFERENCE * self._seconds)

    async def _made(
        self, kind: Kind, limits: Limits, data: Sequence[bytes], more: dict[str, Any], seconds: float
    ) -> bytes:
        """What the process makes of profiles."""
        wanted = {"kind": kind.value, "limits": asdict(limits), **more}
        async with self._turn:
            try:
                child = await self._running()
            except OSError as error:  # of open files, processes or memory: also the passes that wait are to fail alone
                why = f"was not decoded, as no process can be started for it: {error.strerror}"
                raise _failed(kind, why, ours=True) from error
            await self._begun(child, kind)
            try:
                async with asyncio.timeout(seconds):
                    said, made = await child.ask(wanted, data)
            except TimeoutError:
                await self._bury(child)
                raise _failed(kind, f"was not decoded within {seconds:g} s") from None
            except (asyncio.IncompleteReadError, OSError, ValueError):
                raise _failed(kind, f"ended the process that decoded it: {await self._bury(child)}") from None
            except BaseException:
                await self._bury(child)
                raise
            if "last" in said:  # its memory is full of what it could not decode
                await self._bury(child)
            else:
                self._deaths = 0
                self._rest()
        if said:
            raise FetchError(Reason(said["reason"]), f"reading the {kind.value} profile: {said['detail']}")
        return made

    async def _begun(self, child: _Child, kind: Kind) -> None:
        """Wait until the process is ready, which is not counted as time for a profile.

        Its time is counted from its start on: whoever waits for it may have less.
        """
        try:
            async with asyncio.timeout_at(child.started + START_SECONDS):
                await child.begun()
        except TimeoutError:
            await self._bury(child)
            why = f"was not decoded, as the process for it was not ready within {START_SECONDS:g} s"
            raise _failed(kind, why, ours=True) from None
        except (asyncio.IncompleteReadError, OSError):
            raise _failed(kind, f"ended the process that decodes it: {await self._bury(child)}") from None
        except asyncio.CancelledError:  # a pass has no more time: the process goes on to start, for the next
            self._rest()
            raise

    async def __aenter__(self) -> Worker:
        """Nothing is started before it is needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._end()

    async def _running(self) -> _Child:
        """The process, started anew where there is none."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._child is not None and self._child.process.poll() is not None:  # killed while nobody asked it
            self._end()
        if self._child is None:
            if self._deaths > 1:
                await asyncio.sleep(min(MOST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** (self._deaths - 2)))
            self._child = await _Child.start(self._memory_bytes)
        return self._child

    def _rest(self) -> None:
        """End the process after a while, unless it is asked again."""
        self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)

    async def _bury(self, child: _Child) -> str:
        """Kill the process if it is not dead yet; how it ended, in words."""
        self._child = None
        self._deaths += 1
        self._on_death()
        child.writer.transport.abort()
        return await asyncio.to_thread(child.kill)

    def _end(self) -> None:
        """End the process, of which nothing is asked just now."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._child is not None:
            self._child.writer.transport.abort()
            self._child.kill()
            self._child = None


def _failed(kind: Kind, how: str, *, ours: bool = False) -> FetchError:
    return FetchError(Reason.DECODE, f"the {kind.value} profile {how}", ours=ours)
