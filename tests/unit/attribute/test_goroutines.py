"""Culprits among goroutines."""

from collections.abc import Callable

import pytest

from leakdog.attribute.dump import GoroutineGroup, parse_dump
from leakdog.attribute.goroutines import PROOF, goroutine_culprits, wait_reason
from leakdog.model import Culprit, Frame
from leakdog.pprof import Profile

MakeProfile = Callable[..., Profile]
Shop = Callable[[str], list[Profile]]

PARK = Frame("runtime.gopark", "runtime/proc.go", 435)
SEND = (PARK, Frame("runtime.chansend1", "runtime/chan.go", 161), Frame("main.publish", "shop/bus.go", 21))
WAIT = (PARK, Frame("runtime.selectgo", "runtime/select.go", 351), Frame("main.watch", "shop/watch.go", 9))
READ = (
    PARK,
    Frame("runtime.selectgo", "runtime/select.go", 351),
    Frame("net/http.(*persistConn).readLoop", "net/http/transport.go", 2616),
)
STARTER = Frame("main.fetch", "shop/fetch.go", 4)
TIMES = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]


def growing(profile: MakeProfile, **steps: int) -> list[Profile]:
    """Goroutine profiles in which each named stack grows by its step per profile."""
    stacks = {"send": SEND, "wait": WAIT, "read": READ}
    types = (("goroutine", "count"),)
    return [profile({stacks[name]: 1 + step * i for name, step in steps.items()}, types) for i in range(6)]


def test_blocked_site(profile: MakeProfile) -> None:
    """The site where goroutines pile up is named with what they wait for."""
    (found,) = goroutine_culprits(growing(profile, send=5, wait=0), TIMES)
    expected = Culprit(found.stack_id, SEND[2], 1.0, 0.5, SEND, note="blocked in chan send", share_interval=(1.0, 1.0))
    assert found == expected


def test_unknown_wait(profile: MakeProfile) -> None:
    """Where the stack does not tell what they wait for, nothing is said of it."""
    busy = (Frame("main.spin", "shop/spin.go", 3),)
    (found,) = goroutine_culprits([profile({busy: 1 + 5 * i}, (("goroutine", "count"),)) for i in range(6)], TIMES)
    assert (found.frame, found.note) == (busy[0], "")


def test_created_by(profile: MakeProfile) -> None:
    """A dump adds who started them, what they wait for and the longest wait."""
    dump = [GoroutineGroup(SEND[2:], "chan send", STARTER, 9, 12)]
    (found,) = goroutine_culprits(growing(profile, send=5), TIMES, dump=dump)
    assert (found.created_by, found.note) == (STARTER, "blocked in chan send for up to 12 min")


def test_a_library_that_blocks_is_told(profile: MakeProfile) -> None:
    """The own function that waits within a library is named, and what it waits in is said."""
    library = Frame("github.com/x/queue.(*Queue).Pop", "github.com/x/queue@v1.2.0/queue.go", 40)
    stack = (PARK, library, Frame("main.work", "shop/work.go", 7))
    (found,) = goroutine_culprits([profile({stack: 1 + 5 * i}, (("goroutine", "count"),)) for i in range(6)], TIMES)
    assert found.frame == stack[2]
    assert found.note == "in github.com/x/queue.(*Queue).Pop, which it calls"


def test_the_largest_group_speaks(profile: MakeProfile) -> None:
    """Of several starters the one with the most goroutines is named."""
    other = Frame("main.once", "shop/once.go", 1)
    dump = [GoroutineGroup(SEND[2:], "chan send", who, n, 0) for who, n in ((STARTER, 9), (other, 2))]
    (found,) = goroutine_culprits(growing(profile, send=5), TIMES, dump=dump)
    assert found.created_by == STARTER


def test_proof_comes_first(profile: MakeProfile) -> None:
    """What the collector has proved comes before faster growth that it has not."""
    proof = profile({WAIT: 3}, (("goroutineleak", "count"),))
    first, second = goroutine_culprits(growing(profile, send=5, wait=2), TIMES, proof=proof)
    assert (first.frame, second.frame) == (WAIT[2], SEND[2])
    assert PROOF in first.note
    assert PROOF not in second.note


def test_proof_without_growth(profile: MakeProfile) -> None:
    """Goroutines that leaked once and do not grow are nobody's growth."""
    proof = profile({WAIT: 1}, (("goroutineleak", "count"),))
    (found,) = goroutine_culprits(growing(profile, send=5, wait=0), TIMES, proof=proof)
    assert found.frame == SEND[2]


def test_no_own_frame(profile: MakeProfile) -> None:
    """A stack of standard library alone names nobody: it could be anyone's connection."""
    assert goroutine_culprits(growing(profile, read=5), TIMES) == ()


def test_no_own_frame_but_an_own_starter(profile: MakeProfile) -> None:
    """Where own code started such a goroutine, that is where to look."""
    dump = [GoroutineGroup(READ[2:], "select", STARTER, 9, 0)]
    (found,) = goroutine_culprits(growing(profile, read=5), TIMES, dump=dump)
    assert found.frame == STARTER
    assert found.note == "started here, waits in net/http.(*persistConn).readLoop; blocked in select"


def test_no_own_frame_and_a_foreign_starter(profile: MakeProfile) -> None:
    """A starter in the standard library does not help."""
    dial = Frame("net/http.(*Transport).dialConn", "net/http/transport.go", 2123)
    assert (
        goroutine_culprits(growing(profile, read=5), TIMES, dump=[GoroutineGroup(READ[2:], "select", dial, 9, 0)]) == ()
    )


def test_shares_count_the_unnamed(profile: MakeProfile) -> None:
    """Goroutines that name nobody still count in the whole, so that shares do not promise too much."""
    (found,) = goroutine_culprits(growing(profile, send=3, read=1), TIMES)
    assert found.share == pytest.approx(0.75)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_profiles(profile: MakeProfile, count: int) -> None:
    """One profile cannot tell what grows."""
    assert goroutine_culprits(growing(profile, send=5)[:count], TIMES[:count]) == ()


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        (["runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f"], "chan receive"),
        (
            ["runtime.gopark", "runtime.goparkunlock", "runtime.semacquire1", "sync.(*WaitGroup).Wait"],
            "sync.WaitGroup.Wait",
        ),
        (["runtime.gopark", "time.Sleep", "main.f"], "sleep"),
        (["runtime.gopark", "runtime.netpollblock", "internal/poll.runtime_pollWait", "net.(*conn).Read"], "IO wait"),
        (["main.f", "time.Sleep"], ""),
        (["runtime.goexit"], ""),
    ],
)
def test_wait_reason(functions: list[str], reason: str) -> None:
    """What blocks a goroutine is read off the frames above its own code."""
    assert wait_reason(tuple(Frame(function, "", 0) for function in functions)) == reason


def test_real_goroutines(shop: Shop, shop_dump: bytes) -> None:
    """Of a real Go program the blocked send is named, proved, with its starter; then the select."""
    profiles = shop("goroutine-*")
    (proof,) = shop("goroutineleak")
    times = [each.time for each in profiles]
    send, wait = goroutine_culprits(profiles, times, proof=proof, dump=parse_dump(shop_dump))
    assert send.frame == Frame("shop/leaks.Publish.func1", "shop/leaks/leaks.go", 36)
    assert send.created_by == Frame("shop/leaks.Publish", "shop/leaks/leaks.go", 34)
    assert send.note == f"blocked in chan send; {PROOF}"
    assert wait.frame == Frame("shop/leaks.watch", "shop/leaks/leaks.go", 47)
    assert wait.created_by == Frame("shop/leaks.Watch", "shop/leaks/leaks.go", 42)
    assert wait.note == "blocked in select"
    assert send.share == pytest.approx(2 / 3, abs=0.01)
