"""PostgreSQL with a database of pgbench's, and sessions that stay, so that their processes can grow old."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp

from bench.services.service import Service

SESSIONS = 3
ROWS = 500_000  # of pgbench at scale 5
LIMIT = 512 << 20


def service(folder: Path) -> list[Service]:
    """PostgreSQL in a data directory of its own, reached by a socket in it; none if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        print("postgres is left out: there is none below /usr/lib/postgresql", file=sys.stderr, flush=True)
        return []
    programs, data = found[-1].parent, (folder / "postgres").absolute()
    user = "postgres" if os.getuid() == 0 else None  # it refuses to be run by root
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user, user)
    initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(initdb, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
    sessions = _Sessions(programs, data, user)
    command = [str(found[-1]), "-D", str(data), "-k", str(data), "-c", "listen_addresses="]
    made = Service("postgres", command, sessions.ask, 40, LIMIT, user=user, end=signal.SIGINT)
    made.parts, made.clients = sessions.parts, sessions.clients
    return [made]


class _Sessions:
    """Clients that send a statement and read its one line of answer."""

    def __init__(self, programs: Path, data: Path, user: str | None) -> None:
        self.programs, self.user = programs, user
        self.to = ("-h", str(data), "-U", "postgres")
        self.parts: dict[str, int] = {}
        self.clients: list[asyncio.subprocess.Process] = []
        self._idle: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()

    async def ask(self, http: aiohttp.ClientSession, number: int) -> None:
        """An update, or a sum over some pages; the first one fills the database."""
        if not self.parts:
            await self._open()
        account = number % ROWS
        statement = f"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = {account + 1} RETURNING abalance;"
        if number % 4 == 0:
            statement = f"SELECT sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN {account} AND {account + 2000};"
        process = await self._idle.get()
        try:
            await _send(process, statement)
        finally:
            self._idle.put_nowait(process)

    async def _open(self) -> None:
        fill = [str(self.programs / "pgbench"), "-i", "-q", "-s", "5", *self.to]
        if subprocess.run(fill, user=self.user, cwd="/", capture_output=True).returncode:
            raise ConnectionError("PostgreSQL does not answer yet")
        client, pipe = [str(self.programs / "psql"), "-qAtX", *self.to], asyncio.subprocess.PIPE
        for number in range(1, SESSIONS + 1):
            process = await asyncio.create_subprocess_exec(
                *client, stdin=pipe, stdout=pipe, user=self.user, cwd="/", start_new_session=True
            )
            self.clients.append(process)
            self.parts[f"session{number}"] = int(await _send(process, "SELECT pg_backend_pid();"))
            self._idle.put_nowait(process)


async def _send(process: asyncio.subprocess.Process, statement: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{statement}\n".encode())
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise ConnectionError("the session has ended")
    return line
