"""PostgreSQL with a database of pgbench's, and sessions that stay, so that their processes can grow old."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import aiohttp

from bench.services.service import Service

SESSIONS = 3
ROWS = 500_000  # of pgbench at scale 5
MIB = 1 << 20


def service(folder: Path) -> list[Service]:
    """PostgreSQL in a data directory of its own, reached by a socket in it; none if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        print("postgres is left out: there is none below /usr/lib/postgresql", flush=True)
        return []
    data, programs = (folder / "postgres").absolute(), found[-1].parent
    user = "postgres" if os.getuid() == 0 else None  # it refuses to be run by root
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user, user)
    command = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(command, user=user, group=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
    sessions = _Sessions(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(data), "-U", "postgres"], user)
    made = Service(
        "postgres",
        [str(found[-1]), "-D", str(data), "-k", str(data), "-c", "listen_addresses="],
        sessions.open,
        sessions.ask,
        peak=40,
        limit=512 * MIB,
        user=user,
        end=signal.SIGINT,
    )
    sessions.parts = made.parts
    sessions.fill = [str(programs / "pgbench"), "-i", "-q", "-s", "5", "-h", str(data), "-U", "postgres"]
    return [made]


class _Sessions:
    """Clients that send a statement and read its one line of answer."""

    def __init__(self, client: list[str], user: str | None) -> None:
        self.client, self.user = client, user
        self.fill: list[str] = []
        self.parts: dict[str, int] = {}
        self._idle: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()

    async def open(self, http: aiohttp.ClientSession, number: int) -> None:
        """Fill the database and connect; `OSError` until it can be reached."""
        if subprocess.run([*self.client, "-c", "select 1"], capture_output=True, user=self.user, cwd="/").returncode:
            raise ConnectionError("PostgreSQL does not answer yet")
        subprocess.run(self.fill, user=self.user, cwd="/", check=True, capture_output=True)
        for session in range(1, SESSIONS + 1):
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *self.client, stdin=pipe, stdout=pipe, user=self.user, group=self.user, cwd="/", start_new_session=True
            )
            self.parts[f"session{session}"] = int(await _send(process, "SELECT pg_backend_pid();"))
            self._idle.put_nowait(process)

    async def ask(self, http: aiohttp.ClientSession, number: int) -> None:
        """An update or a sum, on a session that is free."""
        account = number % ROWS
        statement = f"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = {account + 1} RETURNING abalance;"
        if number % 4 == 0:
            statement = f"SELECT sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN {account} AND {account + 2000};"
        process = await self._idle.get()
        try:
            await _send(process, statement)
        finally:
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
