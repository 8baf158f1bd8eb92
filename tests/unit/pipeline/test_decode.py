"""Small profiles are decoded at once, large ones in the worker, all within the configured limits."""

from dataclasses import replace

import pytest

from leakdog.attribute.tally import tally
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind
from leakdog.pipeline import decode
from leakdog.pipeline.decode import compared, decoded, limits
from leakdog.pipeline.worker import Worker
from leakdog.pprof import DEFAULT_LIMITS, parse


async def test_a_small_profile_needs_no_other_process(heap: bytes) -> None:
    """It is all there, and nothing was started for it."""
    async with Worker() as worker:
        made = await decoded(worker, Kind.HEAP, heap, DEFAULT_LIMITS)
        assert worker.pid is None
    assert list(made.stacks()) == list(parse(heap).stacks())


async def test_a_profile_that_is_large_once_unpacked_is_large(heap: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes of gzip may be megabytes: they do not hold up the loop either."""
    monkeypatch.setattr(decode, "INLINE_UNPACKED_BYTES", 1000)
    async with Worker() as worker:
        await decoded(worker, Kind.HEAP, heap, DEFAULT_LIMITS)
        assert worker.pid is not None


@pytest.mark.parametrize("sites", [1, 2])
async def test_of_a_large_profile_as_many_sites_are_told_as_are_asked_for(
    heap: bytes, monkeypatch: pytest.MonkeyPatch, sites: int
) -> None:
    """The total stays that of all."""
    monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    async with Worker() as worker:
        seen = tally(await decoded(worker, Kind.HEAP, heap, DEFAULT_LIMITS, sites=sites), "inuse_space")
    whole = tally(parse(heap), "inuse_space")
    assert len(seen.keys) == sites < len(whole.keys)
    assert seen.total == whole.total


@pytest.mark.parametrize("inline", [True, False])
async def test_a_profile_over_the_limit_is_refused_wherever_it_is_decoded(
    heap: bytes, monkeypatch: pytest.MonkeyPatch, inline: bool
) -> None:
    """The limit that is configured holds for both, and the error says what was read."""
    if not inline:
        monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    async with Worker() as worker:
        with pytest.raises(FetchError, match="reading the heap profile") as caught:
            await decoded(worker, Kind.HEAP, heap, replace(DEFAULT_LIMITS, decompressed_bytes=1000))
    assert caught.value.reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("inline", [True, False])
async def test_what_is_stored_is_the_profile_and_not_its_gist(
    heap: bytes, monkeypatch: pytest.MonkeyPatch, inline: bool
) -> None:
    """Of a gist the store is not told how it was written, so that it reads what came."""
    if not inline:
        monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    async with Worker() as worker:
        profile = await decoded(worker, Kind.HEAP, heap, DEFAULT_LIMITS)
    assert (profile.written is not None) is inline


def test_limits_are_those_of_the_job(config, watched) -> None:
    """A profile may be as large as a body, and four times that once unpacked."""
    own = limits(config, replace(watched.job, body_size_limit=1000))
    assert (own.compressed_bytes, own.decompressed_bytes) == (1000, 4000)
    assert limits(config, watched.job).compressed_bytes == config.global_.body_size_limit


async def test_profiles_that_cannot_be_compared_are_told_in_the_log(
    heap: bytes, config, watched, caplog: pytest.LogCaptureFixture
) -> None:
    """One is a bomb over the limit of its job: the worker refuses it, and there is no difference."""
    small = replace(config, scrape_configs=(replace(watched.job, body_size_limit=500),))
    async with Worker() as worker:
        assert await compared(worker, config, watched.key, Kind.HEAP, heap, heap) is not None
        assert await compared(worker, small, watched.key, Kind.HEAP, heap, heap) is None
    assert f"comparing two heap profiles of {watched.key}: body_too_large" in caplog.text


async def test_of_a_job_that_is_gone_the_limits_of_all_hold(heap: bytes, config, watched) -> None:
    """A leak that has ended may be older than the configuration."""
    other = replace(config, scrape_configs=(), global_=replace(config.global_, body_size_limit=500))
    async with Worker() as worker:
        assert await compared(worker, other, watched.key, Kind.HEAP, heap, heap) is None
