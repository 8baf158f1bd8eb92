"""`leakdog show`: one leak or one target, with its trend drawn in the terminal."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.cli.tables import print_table
from leakdog.cli.targets import condition
from leakdog.errors import ApiError
from leakdog.model import LeakState, Signal, Unit, Verdict
from leakdog.report.down import down_lines
from leakdog.report.leak import CLASS_WORDS, drawn, ended_with_process, leak_text, summary_lines, target_name, unix_time
from leakdog.report.words import human_growth, human_time, human_value, inert, wrapped, wrapped_all

EPILOG = """examples:
  leakdog show 3f9c2a                            a leak: why, since when, which code, and its trend
  leakdog show orders/10.0.0.7:6060              a target: every signal and what is said of it
  leakdog show orders/10.0.0.7:6060 --signal goroutines
  leakdog show 3f9c2a --json                     for a script

A leak is named by its id or the beginning of it, a target by JOB/INSTANCE or its instance alone.
"""
# The signal that is drawn for a target, unless one is named: one that grows, else the first of these.
_DRAWN = (Signal.RSS_ANON, Signal.RSS, Signal.INUSE_SPACE, Signal.GOROUTINES)
WIDEST = 100

Json = Mapping[str, Any]
Span = tuple[float | None, float | None]


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "show",
        help="one leak or one target, with its trend drawn",
        description="Tell all that a running daemon knows of one leak or one target, and draw its trend.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("name", metavar="LEAK|JOB/INSTANCE", help="a leak's id, or a target")
    parser.add_argument(
        "--signal", choices=[signal.value for signal in Signal], metavar="NAME", help="draw this signal instead"
    )
    parser.add_argument("--stacks", type=int, default=1, metavar="N", help="stacks written out (default 1)")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the leak of this id, else the target of this name.

    Raises:
        ApiError: no daemon answers, or it knows neither a leak nor a target of this name.

    """
    client = Client(args.server)
    leaks = client.listing("/api/v1/leaks", "leaks")
    leak = _one(leaks, [str(each["id"]) for each in leaks], args.name, prefix=True)
    if leak is not None:
        _show_leak(client, leak, args)
        return 0
    targets = client.listing("/api/v1/targets", "targets")
    target = _one(targets, [f"{each['job']}/{each['instance']}" for each in targets], args.name)
    target = target or _one(targets, [str(each["instance"]) for each in targets], args.name)
    if target is None:
        raise ApiError(
            f"neither a leak nor a target is called {args.name!r}; `leakdog leaks --all` and `leakdog targets` "
            "list what there is"
        )
    _show_target(client, target, leaks, args)
    return 0


def _one(items: Sequence[Json], names: Sequence[str], wanted: str, *, prefix: bool = False) -> Json | None:
    """The item of this name; with `prefix` also the only one whose name begins like this."""
    exact = [item for item, name in zip(items, names, strict=True) if name == wanted]
    begins = [item for item, name in zip(items, names, strict=True) if prefix and name.startswith(wanted)]
    for found in (exact, begins):
        if len(found) == 1:
            return found[0]
    if len(exact) > 1 or len(begins) > 1:
        raise ApiError(f"{wanted!r} may be one of several; give more of the name")
    return None


def _show_leak(client: Client, leak: Json, args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps(leak, indent=2))
        return
    signal = args.signal or leak["signal"]
    if leak.get("down"):
        told = ("its target is down, what is told here is of before:", *down_lines(leak["down"], time.time()))
        print("\n".join(wrapped_all(told)), end="\n\n")
    print(leak_text(leak, now=time.time(), stacks=args.stacks))
    onset = unix_time(leak["since"]) if leak.get("since") else None
    over = leak.get("resolved_since") if not leak.get("pending_since") else None
    ended = unix_time(over) if over else None
    span = drawn(onset, ended, time.time()) if onset is not None else (None, None)
    _print_trend(client, target_name(leak), signal, onset if signal == leak["signal"] else None, span)


def _show_target(client: Client, target: Json, leaks: Sequence[Json], args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps(target, indent=2))
        return
    name = f"{target['job']}/{target['instance']}"
    own = [leak for leak in leaks if target_name(leak) == name]
    print(inert(f"{name}: {condition(target, own)}"))
    if target.get("up") is False:
        error, *more = down_lines(target, time.time())
        print("\n".join(wrapped_all((f"last error: {error}", *more))))
    if target.get("life_start"):
        what = "started" if target.get("up") is False else "running since"
        print(f"{what} {human_time(unix_time(target['life_start']))}")
    if target.get("own_code"):
        print(inert(f"own code: {', '.join(target['own_code'])}"))
    for leak in own:
        print("\n".join(summary_lines(f"leak {inert(str(leak['id']))}: ", leak)))
    for found in target.get("growth") or ():
        what = CLASS_WORDS.get(found["class"], found["class"])
        print(inert(f"no leak, but {what} ({found['signal']}):"))
        for reason in found["reasons"]:
            print("\n".join(wrapped(inert(f"- {reason}"), 2)))
    _print_signals(target)
    _print_ledger(target)
    signal = args.signal or _drawn(target, own)
    if signal is not None:
        _print_trend(client, name, signal, None)


def _drawn(target: Json, leaks: Sequence[Json]) -> str | None:
    """The signal to draw: of a leak, one that grows, of a leak that ended with its process, or the first usual one."""
    growing = [name for name, each in (target.get("verdicts") or {}).items() if each["verdict"] == Verdict.LEAK]
    known = [signal.value for signal in _DRAWN if signal in (target.get("signals") or {})]
    now = [str(leak["signal"]) for leak in leaks if leak["state"] != LeakState.RESOLVED]
    ended = [str(leak["signal"]) for leak in leaks if ended_with_process(leak)]
    return next(iter([*now, *growing, *ended, *known]), None)


def _print_signals(target: Json) -> None:
    """Every signal: its value, what is said of it, its growth; nothing where none was ever read."""
    if not target.get("signals"):
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("SIGNAL", "VALUE", "GROWTH", "VERDICT"):
        table.add_column(name, justify="right" if name in ("VALUE", "GROWTH") else "left", overflow="fold")
    verdicts = target.get("verdicts") or {}
    for name, value in (target.get("signals") or {}).items():
        unit = _unit(name)
        said = verdicts.get(name) or {}
        rate = human_growth(said.get("growth_per_second"), said["verdict"], unit) if said else ""
        row = (inert(name), human_value(value, unit), rate, inert(_verdict(said)))
        table.add_row(*map(Text, row))
    print()
    print_table(table)


def _print_ledger(target: Json) -> None:
    """What its memory is made of, as far as its signals tell."""
    from leakdog.report.ledger import ledger_of, ledger_text

    found = ledger_of(target.get("signals"))
    if found is not None:
        print(f"\n{ledger_text(found)}")


def _verdict(said: Json) -> str:
    """A verdict in words, with when one can be expected where it is too early."""
    words = str(said.get("verdict", "")).replace("_", " ")
    return f"{words}, ready {human_time(unix_time(said['ready_at']))}" if said.get("ready_at") else words


def _print_trend(client: Client, target: str, signal: str, onset: float | None, span: Span = (None, None)) -> None:
    """Draw what is stored of a signal between two times, unix seconds; None: all before or after."""
    from leakdog.report.chart import draw

    asked = {name: f"{at:.3f}" for name, at in zip(("from", "to"), span, strict=True) if at is not None}
    found = client.listing("/api/v1/series", "series", target=target, signal=signal, **asked)
    points = found[0]["points"] if found else []
    print(f"\n{signal} of {inert(target)}")
    if not points:
        print("nothing stored yet")
        return
    times, values = [unix_time(time) for time, _ in points], [float(value) for _, value in points]
    width = min(shutil.get_terminal_size().columns, WIDEST) - 2
    print(draw(times, values, _unit(signal), width=width, onset=onset, ascii_only=not _speaks_unicode()))


def _unit(signal: str) -> Unit:
    """Unit of a signal; of one that only a later daemon knows, a plain count."""
    return Signal(signal).unit if signal in list(Signal) else Unit.COUNT


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
