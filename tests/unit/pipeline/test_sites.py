"""The sites of a target as series of their own."""

import base64
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leakdog.attribute.tally import Tally
from leakdog.config.schema import DetectionConfig, Preset
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION, for_sites, settings_for
from leakdog.detect.stored import to_bytes
from leakdog.errors import LeakdogError
from leakdog.model import Frame, Signal, Verdict
from leakdog.pipeline.sites import FOLLOWED, Sites, judge_sites

SETTINGS = settings_for(DetectionConfig(preset=Preset.SOAK))
START = 10_000.0
MIB = 1 << 20


class Named:
    """Stands in for a profile: sample `n` is the function `shop.f<n>`."""

    def stack(self, sample: int) -> tuple[Frame, ...]:
        """The stack of a sample."""
        return (Frame(f"shop.f{sample}", "/src/shop/shop.go", sample),)


def seen(**values: float) -> Tally:
    """A profile: `s7` is what the site with key and sample 7 holds."""
    told = sorted((int(name[1:]), value) for name, value in values.items())
    keys = np.array([key for key, _ in told], np.uint64)
    held = np.array([value for _, value in told], float)
    return Tally(keys, held, float(held.sum()), 1.0, keys.astype(np.intp), Named())  # type: ignore[arg-type]


def feed(sites: Sites, values: Callable[[int], Tally], seconds: range, life_start: float = START) -> None:
    """A profile a second, judged at each."""
    for second in seconds:
        now = START + second
        sites.observe(values(second), now, SETTINGS, life_start=life_start, load=None)
        judge_sites([sites], now, SETTINGS)


def breathing(second: int) -> dict[str, float]:
    """Three sites that swing by hundreds of megabytes."""
    return {f"s{key}": (500 + 200 * np.sin(second / (5 + key))) * MIB for key in (1, 2, 3)}


def test_a_small_leak_is_found_among_large_sites_that_breathe() -> None:
    """The leaking site is called so, and no other is."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda second: seen(**breathing(second), s9=0.1 * MIB * second), range(240))
    assert [site.frame.function for site in sites if site.leaks] == ["shop.f9"]
    assert {site.assessment.verdict for site in sites if site.assessment and not site.leaks} <= {
        Verdict.STEADY,
        Verdict.TOO_EARLY,
        Verdict.SETTLING,
    }


def test_all_add_up() -> None:
    """The followed sites and the others together are the total, however many there are."""
    sites = Sites(Signal.INUSE_SPACE)
    many = seen(**{f"s{key}": 1000.0 + key for key in range(1, 100)})
    sites.observe(many, START, SETTINGS, life_start=START, load=None)
    followed = list(sites)
    assert len(followed) == FOLLOWED
    assert [site.value for site in followed] == sorted((site.value for site in followed), reverse=True)
    assert sum(site.value for site in followed) + sites.other == many.total


def test_sites_are_of_the_last_profile() -> None:
    """They know when that was, also after they were stored; before the first there is no such time."""
    sites = Sites(Signal.INUSE_SPACE)
    assert sites.last_time() is None
    feed(sites, lambda _: seen(s1=1e8), range(3))
    assert sites.last_time() == START + 2
    assert Sites.from_bytes(Signal.INUSE_SPACE, sites.to_bytes(), SETTINGS).last_time() == START + 2
    assert Sites(Signal.INUSE_SPACE, group=Group(for_sites(SETTINGS), 0)).last_time() is None


def test_a_site_that_is_gone_holds_nothing() -> None:
    """What a profile does not name is at 0, and stays followed."""
    sites = Sites(Signal.INUSE_SPACE)
    for second, held in enumerate((seen(s1=5.0, s2=7.0), seen(s2=7.0))):
        sites.observe(held, START + second, SETTINGS, life_start=START, load=None)
    assert {site.frame.function: site.value for site in sites} == {"shop.f1": 0.0, "shop.f2": 7.0}


def test_a_site_is_named_by_the_own_code() -> None:
    """What the program's own code is called tells which frame names a site; it is told anew where that changes."""
    sites = Sites(Signal.INUSE_SPACE)
    caller = Frame("github.com/acme/shop.Load", "github.com/acme/shop/load.go", 7)

    class Called(Named):
        def stack(self, sample: int) -> tuple[Frame, ...]:
            return (*super().stack(sample), caller)

    told = replace(seen(s1=1e8), profile=Called())  # type: ignore[arg-type]
    names = []
    for second, own in ((0, ()), (60, ("github.com/acme/shop",))):
        sites.observe(told, START + second, SETTINGS, life_start=START, load=None, own=own)
        names += [site.frame.function for site in sites]
    assert names == ["shop.f1", "github.com/acme/shop.Load"]


class Branching(Named):
    """All samples are at one line, called by another function each, and all by the same."""

    def stack(self, sample: int) -> tuple[Frame, ...]:
        """The stack of a sample; that of 3 ends at that line."""
        line, middle = Frame("shop.Put", "/src/shop/put.go", 7), Frame(f"shop.f{sample}", "/src/shop/f.go", sample)
        return (line,) if sample == 3 else (line, middle, Frame("main.main", "/src/main.go", 9))


def test_sites_at_one_line_are_told_apart_by_their_callers() -> None:
    """The innermost caller that another does not share; it is stored, and objects have it too."""
    space, objects = Sites(Signal.INUSE_SPACE), Sites(Signal.INUSE_OBJECTS)
    told = replace(seen(s1=3e8, s2=2e8, s3=1e8), profile=Branching())  # type: ignore[arg-type]
    space.observe(told, START, SETTINGS, life_start=START, load=None)
    counted = replace(seen(s1=3e3, s2=2e3, s3=1e3), profile=Branching())  # type: ignore[arg-type]
    objects.observe(counted, START, SETTINGS, life_start=START, load=None, beside=space)
    again = Sites.from_bytes(Signal.INUSE_SPACE, space.to_bytes(), SETTINGS)
    for sites in (space, objects, again):
        assert {site.frame.function for site in sites} == {"shop.Put"}
        assert {each.caller for each in sites} == {
            Frame("shop.f1", "/src/shop/f.go", 1),
            Frame("shop.f2", "/src/shop/f.go", 2),
            None,
        }


class Calling(Named):
    """All samples are in another function of the library each, which one line of the program calls."""

    def stack(self, sample: int) -> tuple[Frame, ...]:
        """The stack of a sample."""
        called = Frame(f"github.com/lib/pq.f{sample}", "/mod/github.com/lib/pq/f.go", sample)
        return called, Frame("main.put", "/src/main.go", 7), Frame("main.main", "/src/main.go", 9)


def test_what_a_line_calls_is_not_its_caller() -> None:
    """Sites that differ in that alone are not told apart."""
    sites = Sites(Signal.INUSE_SPACE)
    told = replace(seen(s1=3e8, s2=2e8), profile=Calling())  # type: ignore[arg-type]
    sites.observe(told, START, SETTINGS, life_start=START, load=None, own=("main",))
    assert [(site.frame.function, site.caller) for site in sites] == [("main.put", None)] * 2


def test_a_site_alone_at_its_line_has_no_caller() -> None:
    """What stands beside it at other lines, and what is gone from its own, does not count."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda _: seen(s1=3e8, s2=2e8), range(3))
    assert [site.caller for site in sites] == [None, None]
    feed(sites, lambda _: replace(seen(s1=3e8), profile=Branching()), range(60, 70))  # type: ignore[arg-type]
    assert [site.caller for site in sites] == [None, None]


def test_state_survives_a_restart_of_the_daemon() -> None:
    """Sites read back are the same sites with the same history, and go on where they were."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda second: seen(s1=1e8, s9=0.1 * MIB * second), range(120))
    again = Sites.from_bytes(Signal.INUSE_SPACE, sites.to_bytes(), SETTINGS)
    assert {key: (site.stack_id, site.frame) for key, site in again.followed.items()} == {
        key: (site.stack_id, site.frame) for key, site in sites.followed.items()
    }
    assert again.to_bytes() == sites.to_bytes()
    feed(again, lambda second: seen(s1=1e8, s9=0.1 * MIB * second), range(120, 200))
    assert [site.frame.function for site in again if site.leaks] == ["shop.f9"]


def test_sites_of_the_version_before_go_on() -> None:
    """Where each site's series was stored by itself, they are read as one group, each under its own name."""
    file = Path(__file__).parents[1] / "detect" / "testdata" / "before.json"
    parts = [base64.b64decode(each) for each in json.loads(file.read_text())["sites"]["states"]]
    head = [[key, f"{key}", "shop.Put", "/src/shop.go", key, len(part)] for key, part in enumerate(parts)]
    sites = Sites.from_bytes(Signal.INUSE_SPACE, json.dumps(head).encode() + b"\n" + b"".join(parts), PRODUCTION)
    assert [(key, site.stack_id, site.frame.line) for key, site in sites.followed.items()] == [
        (key, f"{key}", key) for key in range(3)
    ]
    assert sites.group is not None
    assert sites.group.highest(1053, 1053).tolist() == pytest.approx([1500006, 2500006, math.nan], nan_ok=True)
    again = Sites.from_bytes(Signal.INUSE_SPACE, sites.to_bytes(), PRODUCTION)
    assert again.to_bytes() == sites.to_bytes()


def test_objects_of_one_size_are_read_and_stored_though_they_have_no_series() -> None:
    """As the version before stored them, and as this one does, they are no sites of their own, and can become some."""
    for data in (b"[]\n", Sites.from_bytes(Signal.INUSE_OBJECTS, b"[]\n", SETTINGS).to_bytes()):
        again = Sites.from_bytes(Signal.INUSE_OBJECTS, data, SETTINGS)
        assert again.followed == {}
        _, count = both(range(30), space_of_buffers, buffers, again)
        assert len(count.followed) == 1
        assert count.group is not None
        assert len(count.group) == 1


GROUP = to_bytes(Group(for_sites(SETTINGS), 2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json\n",
        b'[[1, "a", "f", "", 0, 5]]\nshort',
        b'[["x"]]\n',
        b'[[1, "a", "f", "", 0]]\n' + GROUP,
        b'[["x"], ["y"]]\n' + GROUP,
    ],
)
def test_damaged_state_is_refused(data: bytes) -> None:
    """Bytes that are no state of sites are an error that says so."""
    with pytest.raises(LeakdogError, match="afresh"):
        Sites.from_bytes(Signal.INUSE_SPACE, data, SETTINGS)


def test_a_new_life_keeps_the_sites_and_chooses_later() -> None:
    """After a restart of the process its sites are small; those that were followed stay until it has warmed up."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda _: seen(**{f"s{key}": 1e8 + key for key in range(1, 30)}), range(30))
    before = set(sites.followed)
    sites.begin_life()
    feed(sites, lambda _: seen(**{f"s{key}": 1e6 for key in range(60, 90)}), range(30, 33), START + 30)
    assert set(sites.followed) == before
    feed(sites, lambda _: seen(**{f"s{key}": 1e6 for key in range(60, 90)}), range(33, 90), START + 30)
    assert set(sites.followed).isdisjoint(before)


def test_a_leak_is_followed_on_after_a_restart_of_leakdog() -> None:
    """Who grows is not known then: by their size alone, those that leak would make room for others."""

    def among_large_ones(second: int) -> Tally:
        large = {f"s{key}": (500 + key + 50 * math.sin(second / 7 + key)) * MIB for key in range(100, 130)}
        return seen(**large, s9=1.0 * MIB * second)

    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, among_large_ones, range(240))
    again = Sites.from_bytes(Signal.INUSE_SPACE, sites.to_bytes(), SETTINGS)
    feed(again, among_large_ones, range(240, 300))
    assert [site.frame.function for site in again if site.leaks] == ["shop.f9"]


def test_another_preset_begins_afresh() -> None:
    """Under another time scale sites are chosen anew, and nothing breaks."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda _: seen(s1=1e8), range(30))
    production = settings_for(DetectionConfig())
    sites.observe(seen(s1=1e8, s2=1e7), START + 31, production, life_start=START, load=None)
    judge_sites([sites], START + 31, production)
    assert {site.assessment.verdict for site in sites if site.assessment} == {Verdict.TOO_EARLY}
    assert len(sites.followed) == 2


def both(
    seconds: range,
    space: Callable[[int], dict[str, float]],
    objects: Callable[[int], dict[str, float]],
    known: Sites | None = None,
) -> tuple[Sites, Sites]:
    """Bytes and objects, a profile a second, judged at each; `known` of the objects before."""
    held, count = Sites(Signal.INUSE_SPACE), known or Sites(Signal.INUSE_OBJECTS)
    for second in seconds:
        now = START + second
        held.observe(seen(**space(second)), now, SETTINGS, life_start=START, load=None)
        count.observe(seen(**objects(second)), now, SETTINGS, life_start=START, load=None, beside=held)
        judge_sites([held, count], now, SETTINGS)
    return held, count


def sizes(second: int) -> float:
    """Bytes of a buffer on average, which swing by requests."""
    return MIB * float(np.random.default_rng(second).uniform(0.2, 1.8))


def buffers(second: int) -> dict[str, float]:
    """One site leaks two buffers a second, the other holds objects of 100 bytes."""
    return {"s1": 200.0 + 2 * second, "s2": 1e6}


def space_of_buffers(second: int) -> dict[str, float]:
    """Their bytes."""
    return {"s1": buffers(second)["s1"] * sizes(second), "s2": 1e8}


def test_a_leak_that_swings_in_bytes_is_found_by_its_objects() -> None:
    """Where buffers differ in size a site's bytes are too unsteady and its objects are not; they are told in bytes."""
    held, count = both(range(240), space_of_buffers, buffers)
    assert [site.frame.function for site in held if site.leaks] == []
    assert [site.frame.function for site in count if site.leaks] == ["shop.f1"]
    told = count.fastest()
    assert told is not None
    assert told.assessment is not None
    assert (told.signal, told.assessment.signal) == (Signal.INUSE_SPACE, Signal.INUSE_SPACE)
    assert told.assessment.growth_per_second == pytest.approx(2 * MIB, rel=0.3)
    assert told.value == pytest.approx(680 * MIB, rel=0.3)
    assert "differ in size" in told.assessment.reasons[-1]


def test_objects_of_one_size_need_no_series_of_their_own() -> None:
    """Their number is told, and judged by the bytes: it takes no memory and no share of the budget."""
    held, count = both(
        range(240),
        lambda second: {"s9": 1e6 + 1e5 * second, "s2": 1e8},
        lambda second: {"s9": 1e4 + 1e3 * second, "s2": 1e6},
    )
    assert count.followed == {}
    (leaking,) = (site for site in count if site.leaks)
    assert (leaking.frame.function, leaking.value) == ("shop.f9", 1e4 + 239e3)
    assert leaking.assessment is not None
    assert leaking.assessment.growth_per_second == pytest.approx(1e3, rel=0.05)
    assert count.fastest() is None
    assert held.fastest() is not None


def test_objects_add_up_and_follow_the_bytes() -> None:
    """Objects are counted at the sites of the bytes alone, and with all others they are the total."""
    many = {f"s{key}": 1e6 * key for key in range(1, 100)}
    held, count = both(
        range(30), lambda second: {name: value * (1 + second % 3) for name, value in many.items()}, lambda _: many
    )
    assert set(count.followed) == set(held.followed)
    assert sum(site.value for site in count) + count.other == sum(many.values())


def test_growth_in_number_must_hold_memory_to_count() -> None:
    """A few kilobytes of tiny objects, each seen once in thousands, are no leak."""
    _, count = both(
        range(240),
        lambda second: {"s1": (10 + 3 * (second % 2)) * (200.0 + second)},
        lambda second: {"s1": 200.0 + second},
    )
    (site,) = count
    assert site.assessment is not None
    assert (site.assessment.verdict, count.fastest()) == (Verdict.STEADY, None)
    assert "1,024 KiB" in site.assessment.reasons[0]


def test_growth_in_number_is_weighed_after_a_restart_too() -> None:
    """The daemon is started again and judges before it has read a profile: what was no leak is none now."""
    held, count = both(
        range(240),
        lambda second: {"s1": (10 + 3 * (second % 2)) * (200.0 + second)},
        lambda second: {"s1": 200.0 + second},
    )
    held = Sites.from_bytes(Signal.INUSE_SPACE, held.to_bytes(), SETTINGS)
    count = Sites.from_bytes(Signal.INUSE_OBJECTS, count.to_bytes(), SETTINGS, held)
    judge_sites([held, count], START + 240, SETTINGS)
    (site,) = count
    assert site.assessment is not None
    assert (site.assessment.verdict, count.fastest()) == (Verdict.STEADY, None)


def test_a_leak_in_number_is_told_in_bytes_after_a_restart_too() -> None:
    """As before it, also where no profile was read since."""
    held, count = both(range(240), space_of_buffers, buffers)
    before = count.fastest()
    held = Sites.from_bytes(Signal.INUSE_SPACE, held.to_bytes(), SETTINGS)
    count = Sites.from_bytes(Signal.INUSE_OBJECTS, count.to_bytes(), SETTINGS, held)
    judge_sites([held, count], START + 240, SETTINGS)
    told = count.fastest()
    assert told is not None
    assert before is not None
    assert (told.signal, told.stack_id) == (before.signal, before.stack_id)


def test_sites_that_an_earlier_version_has_saved_go_on() -> None:
    """It told no size of their objects."""
    sites = Sites(Signal.INUSE_SPACE)
    feed(sites, lambda _: seen(s1=1e8), range(30))
    head, _, body = sites.to_bytes().partition(b"\n")
    earlier = json.dumps([each[:6] for each in json.loads(head)]).encode() + b"\n" + body
    assert Sites.from_bytes(Signal.INUSE_SPACE, earlier, SETTINGS).to_bytes() == sites.to_bytes()


def test_the_budget_is_shared_over_all_sites_of_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sites that may grow, of two signals, share one part: each is asked for as much evidence."""
    asked: list[float] = []
    monkeypatch.setattr("leakdog.pipeline.sites.look_at", lambda *_, tested: asked.append(tested))
    monkeypatch.setattr("leakdog.detect.found.Found.may_leak", lambda found: np.ones(found.ends.shape[1], bool))
    every = [Sites(Signal.GOROUTINES), Sites(Signal.INUSE_SPACE), Sites(Signal.INUSE_SPACE)]
    for sites in every:
        sites.observe(seen(s1=5.0), START, SETTINGS, life_start=START, load=None)
    judge_sites(every, START, SETTINGS)
    assert asked == [3.0, 3.0, 3.0]
