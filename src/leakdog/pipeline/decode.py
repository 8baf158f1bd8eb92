"""Bytes of a target to a profile: small ones at once, large ones in the process that may die over them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from leakdog.attribute.code import Own
from leakdog.attribute.gist import SITES
from leakdog.config.resolve import body_size_limit
from leakdog.config.schema import Config, ScrapeConfig
from leakdog.errors import FetchError, ProfileError, ProfileTooLarge
from leakdog.model import Kind, TargetKey
from leakdog.pipeline.worker import Worker
from leakdog.pprof import expect, parse
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile

log = logging.getLogger("leakdog.pipeline")

# A profile of more bytes, or of more once unpacked, would hold up every other target: it is decoded in the worker.
INLINE_DECODE_BYTES = 128 << 10
INLINE_UNPACKED_BYTES = 2 << 20
# The limit of bytes is that of bodies; a profile may be so many times as large once it is unpacked.
UNPACKED = 4


def limits(config: Config, job: ScrapeConfig) -> Limits:
    """How much of a profile of this job is read."""
    size = body_size_limit(config, job)
    return Limits(compressed_bytes=size, decompressed_bytes=UNPACKED * size)


async def decoded(
    worker: Worker, kind: Kind, data: bytes, bounds: Limits, own: Own = (), sites: int = SITES
) -> Profile:
    """The profile, or of a large one its gist with so many sites, of a program whose own code is called `own`.

    Of a gist it is not known how it was written: it is not the profile that is stored.

    Raises:
        FetchError: it is no such profile, or over a limit, or the process that decoded it has died.

    """
    try:
        if len(data) <= INLINE_DECODE_BYTES:
            unpacked = min(INLINE_UNPACKED_BYTES, bounds.decompressed_bytes)
            with suppress(ProfileTooLarge):
                return _read(kind, data, replace(bounds, decompressed_bytes=unpacked))
        small = await asyncio.to_thread(_read, kind, await worker.small(kind, data, bounds, own, sites), bounds)
        return replace(small, written=None)  # what was written is another one
    except ProfileError as error:
        raise FetchError(error.reason, f"reading the {kind.value} profile: {error}") from error


async def compared(
    worker: Worker, config: Config, key: TargetKey, kind: Kind, baseline: bytes, latest: bytes
) -> bytes | None:
    """The latest profile of a target less its baseline, gzipped; None where that cannot be told, and logged why."""
    job = next((job for job in config.scrape_configs if job.job_name == key.job), ScrapeConfig(job_name=key.job))
    try:
        return await worker.difference(kind, baseline, latest, limits(config, job))
    except FetchError as error:
        log.warning("comparing two %s profiles of %s: %s", kind.value, key, error)
        return None


def _read(kind: Kind, data: bytes, bounds: Limits) -> Profile:
    profile = parse(data, bounds)
    expect(profile, kind)
    return profile
