"""Goroutine dumps: a real one, what others print, and hostile ones."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakdog.attribute import dump
from leakdog.attribute.dump import DUMP_FRAMES, GoroutineGroup, parse_dump
from leakdog.attribute.site import stack_id
from leakdog.errors import MalformedProfile, ProfileError, ProfileTooLarge, WrongProfile
from leakdog.model import Frame
from leakdog.pprof import Profile

ONE = b"""goroutine 18 [chan send, 3 minutes]:
main.(*Bus).publish(0xc000012345, {0x1, 0x2}, ...)
\t/src/app/bus.go:21 +0x1d
created by main.start in goroutine 1
\t/src/app/main.go:12 +0x4a
"""
GROUP = GoroutineGroup(
    stack=(Frame("main.(*Bus).publish", "/src/app/bus.go", 21),),
    reason="chan send",
    created_by=Frame("main.start", "/src/app/main.go", 12),
    count=1,
    longest_wait_minutes=3,
)


def test_one_goroutine() -> None:
    """A goroutine is read with its stack, what it waits for, for how long, and who started it."""
    assert parse_dump(ONE) == (GROUP,)


def test_groups() -> None:
    """Goroutines that differ in number, arguments and wait alone are one group, with the longest wait."""
    other = ONE.replace(b"goroutine 18", b"goroutine 19").replace(b"0xc000012345", b"0xc000abcdef")
    young = other.replace(b"chan send, 3 minutes", b"chan send")
    (group,) = parse_dump(b"\n".join([young, ONE, other]))
    assert (group.count, group.longest_wait_minutes) == (3, 3)


@pytest.mark.parametrize(
    ("header", "reason", "minutes"),
    [
        (b"goroutine 1 [running]:", "running", 0),
        (b"goroutine 1 [select (no cases), 1440 minutes]:", "select (no cases)", 1440),
        (b"goroutine 1 [chan receive (leaked)]:", "chan receive", 0),
        (b"goroutine 1 [syscall, 12 minutes, locked to thread]:", "syscall", 12),
        (b"goroutine 1 gp=0xc0000061c0 m=nil [IO wait]:", "IO wait", 0),
        (b"goroutine 1 [chan receive (synctest), synctest bubble 7]:", "chan receive", 0),
        (b"goroutine 1 [sleep] {path: /x}:", "sleep", 0),
    ],
)
def test_headers(header: bytes, reason: str, minutes: int) -> None:
    """All forms of a header that Go versions print are understood."""
    (group,) = parse_dump(header + b"\nmain.main()\n\t/src/main.go:3 +0x1\n")
    assert (group.reason, group.longest_wait_minutes, group.created_by) == (reason, minutes, None)


def test_other_forms_of_frames() -> None:
    """Inlined calls, elided frames, old starters and Windows paths are read."""
    text = (
        b"goroutine 7 [select]:\nmain.inlined(...)\n\tC:/src/a.go:5\n"
        b"main.F[...](0x1)\n\t/src/b.go:6 +0x2 fp=0x1 sp=0x2\n"
        b"...additional frames elided...\ncreated by main.Start\n\t/src/c.go:7 +0x3\n"
    )
    (group,) = parse_dump(text)
    assert group.stack == (Frame("main.inlined", "C:/src/a.go", 5), Frame("main.F[...]", "/src/b.go", 6))
    assert group.created_by == Frame("main.Start", "/src/c.go", 7)


def test_stack_on_another_thread() -> None:
    """A goroutine that runs elsewhere has no stack in the dump, but a starter."""
    text = (
        b"goroutine 7 [running]:\n\tgoroutine running on other thread; stack unavailable\n"
        b"created by main.Start in goroutine 1\n\t/src/c.go:7 +0x3\n"
    )
    (group,) = parse_dump(text)
    assert (group.stack, group.created_by) == ((), Frame("main.Start", "/src/c.go", 7))


def test_windows_line_ends() -> None:
    """Line ends of either kind will do."""
    assert parse_dump(ONE.replace(b"\n", b"\r\n")) == (GROUP,)


@pytest.mark.parametrize(
    "data", [b"", b"<html>sign in</html>", b"goroutine profile: total 3\n1 @ 0x1\n", b"\x1f\x8b\x08\x00"]
)
def test_wrong(data: bytes) -> None:
    """A page, a profile in binary or in its other text form is not a dump; the error says what to fetch."""
    with pytest.raises(WrongProfile, match=r"debug=2"):
        parse_dump(data)


@pytest.mark.parametrize(
    "data",
    [
        b"goroutine 18 [chan send",
        b"goroutine eighteen [chan send]:\n",
        ONE.replace(b"\t/src/app/bus.go:21 +0x1d\n", b""),
        ONE.replace(b":21", b""),
        ONE.replace(b":21", b":99999999999999999999"),
        ONE[:-20],
        ONE + b"\nnot a goroutine\n",
    ],
)
def test_malformed(data: bytes) -> None:
    """A dump that is cut off or broken is an error with its place, never a wrong group."""
    with pytest.raises(MalformedProfile, match="goroutine dump"):
        parse_dump(data)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dump over the limit is refused before it is read."""
    monkeypatch.setattr(dump, "DUMP_BYTES", len(ONE) - 1)
    with pytest.raises(ProfileTooLarge, match="over the limit"):
        parse_dump(ONE)


def test_too_deep() -> None:
    """A stack deeper than Go prints is refused."""
    deep = b"goroutine 1 [running]:\n" + b"main.f()\n\t/src/a.go:1 +0x1\n" * (DUMP_FRAMES + 1)
    with pytest.raises(ProfileTooLarge, match="frames"):
        parse_dump(deep)


@given(st.binary(max_size=300))
@example(ONE)
@example(ONE[:50])
def test_any_bytes(data: bytes) -> None:
    """Any bytes are read or refused with an error of the tree, nothing else."""
    for attempt in (data, b"goroutine 1 [running]:\n" + data):
        with contextlib.suppress(ProfileError):
            assert all(group.count > 0 for group in parse_dump(attempt))


def test_real_dump(shop_dump: bytes) -> None:
    """A real dump tells who started the goroutines that are stuck."""
    groups = {group.stack[0].function: group for group in parse_dump(shop_dump)}
    publish = groups["shop/leaks.Publish.func1"]
    assert (publish.reason, publish.count) == ("chan send", 7)
    assert publish.created_by == Frame("shop/leaks.Publish", "shop/leaks/leaks.go", 34)
    assert groups["time.Sleep"].created_by is None


def test_real_dump_fits_profile(shop_dump: bytes, shop: object) -> None:
    """A goroutine has the same site in a dump, which hides the runtime's frames, as in a profile."""
    (last,) = shop("goroutine-6")  # type: ignore[operator]
    assert isinstance(last, Profile)
    in_profile = {stack_id(stack) for stack in last.stacks()}
    stuck = [group for group in parse_dump(shop_dump) if group.reason in ("chan send", "select", "IO wait", "sleep")]
    assert {stack_id(group.stack) for group in stuck} <= in_profile
