"""Ways to look at profiles, drawn from a seed: a verb, and any of the options that it and `go tool pprof` share."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from leakdog.pprof import Profile, parse
from leakdog.report.frames import clean

HERE = Path(__file__).parent
GRANULARITIES = ("functions", "filefunctions", "files", "lines", "addresses")
GOROOT = Path(sysconfig.get_path("purelib")) / "go"
SOURCES = (
    ("", ""),
    (str(GOROOT / "src"), ""),
    (str(HERE / "program"), str(HERE)),
    (f"{HERE}:{GOROOT}", "/nowhere:/usr"),
)
UNITS = ("minimum", "minimum", "auto", "kB", "mb", "B", "ms", "s", "us")
VERBS = ("top", "top", "tree", "tree", "peek", "traces", "list", "tags", "raw", "dot", "dot", "diff")
ORDERED = ("top", "tree", "peek", "diff")
GRAPHS = (*ORDERED, "dot")
CUT = ("top", "tree", "diff", "dot")
FILTERS = ("focus", "ignore", "hide", "show", "show-from", "tagfocus", "tagignore")
RANGES = ("bytes=64b", "bytes=:512b", "1kb:", "64:4kb", ":1mb", "ttl=:1000s", "5", "request=8:")
PATTERNS = ("", ".", "^main", "a|e", "(?i)CART", r"\.", "x{3}", "[A-Z]", "store|add")


@dataclass(frozen=True)
class Draw:
    """One look at a profile.

    Attributes:
        options: of leakdog, in its words; flags have the value None.
        base: what it is compared with, and how: `base` or `diff-base`.

    """

    verb: str
    profile: Path
    argument: str
    options: dict[str, str | None]
    base: Path | None = None
    compared: str = "base"

    def ours(self) -> list[str]:
        """What is typed for leakdog."""
        words = [self.verb]
        if self.argument:
            words.append(self.argument)
        options = [f"--{name}" if value is None else f"--{name}={value}" for name, value in self.options.items()]
        options = [each.replace("--n=", "-n", 1) if each.startswith("--n=") else each for each in options]
        if self.base and self.verb == "diff":
            return [*words, str(self.base), str(self.profile), *options]
        if self.base:
            options.append(f"--{self.compared}={self.base}")
        return [*words, str(self.profile), *options]

    def theirs(self) -> list[str]:
        """What is typed after `go tool pprof`."""
        report = "top" if self.verb == "diff" else self.verb
        words = [f"-{report}={self.argument}" if self.argument else f"-{report}"]
        for name, value in self.options.items():
            match name:
                case "sort" | "granularity":
                    words.append(f"-{value}")
                case "n":
                    words.append(f"-nodecount={value}")
                case _:
                    words.append(f"-{name.replace('-', '_')}" + ("" if value is None else f"={value}"))
        if self.base:
            words.append(f"-{self.compared.replace('-', '_')}={self.base}")
        return [*words, str(self.profile)]

    def __str__(self) -> str:
        """As it can be typed again."""
        return (
            f"leakdog {' '.join(map(repr, self.ours()))}\n  pprof -symbolize=none {' '.join(map(repr, self.theirs()))}"
        )


def draw(choices: Random, groups: list[list[Path]]) -> Draw:
    """One look.

    Args:
        groups: profiles that can be compared with each other.

    """
    group = choices.choice(groups)
    path = choices.choice(group)
    verb = choices.choice(VERBS)
    profile = parse(path.read_bytes())
    if verb == "dot" and (profile.values < 0).any():
        verb = "tree"  # pprof draws such graphs by logarithms of numbers below zero
    pattern = _patterns(choices, profile)
    options: dict[str, str | None] = {}
    if verb != "raw":
        options["sample-index"] = _sample_index(choices, profile)
        options["unit"] = choices.choice(UNITS)
        if verb != "list" and choices.random() < 0.7:
            options["granularity"] = choices.choice(GRANULARITIES)
    for name in choices.sample(FILTERS, choices.choice((0, 0, 1, 1, 2, 3))):
        options[name] = _label_filter(choices, profile) if name.startswith("tag") else pattern()
    if verb in CUT:
        options["n"] = str(choices.choice((0, 0, 1, 4, 9, 80)))
        options["nodefraction"] = choices.choice(("0", "0", "0.005", "0.1", "0.4"))
        options["edgefraction"] = choices.choice(("0", "0", "0.001", "0.1"))
    if verb in ORDERED:
        options["sort"] = choices.choice(("flat", "cum"))
    if verb == "list":
        options["source-path"], options["trim-path"] = choices.choice(SOURCES)
    argument = (pattern() or ".") if verb in ("peek", "list") else ""
    base, compared = None, "base"
    if verb == "diff" or (verb != "dot" and choices.random() < 0.3):
        base = choices.choice(group)
        compared = choices.choice(("base", "diff-base")) if verb != "diff" else "base"
        if base != path and choices.random() < 0.3:
            options["normalize"] = None
    seen = [profile, *([parse(base.read_bytes())] if base else [])]
    if options.get("granularity") == "files" and verb in GRAPHS and not _files_are_rows(seen):
        options["granularity"] = "filefunctions"
    return Draw(verb, path, argument, {k: v for k, v in options.items() if v != ""}, base, compared)


def _files_are_rows(profiles: list[Profile]) -> bool:
    """Whether a file is one row in pprof, too, which has one for each binary and each line that functions begin in."""
    rows = set()
    for symbols in (each.symbols for each in profiles):
        table = symbols.locations
        for location, (first, last) in enumerate(pairwise(table.line_offsets.tolist())):
            binary = symbols.mapping_file(location).rpartition("/")[2]
            for function in table.line_function[first:last].tolist() or [None]:
                file = "" if function is None else clean(symbols.strings[int(symbols.functions.file[function])])
                begins = 0 if function is None else int(symbols.functions.start_line[function])
                rows.add((file or f"[{binary}]", binary, begins))
    return len({name for name, _, _ in rows}) == len(rows)


def _sample_index(choices: Random, profile: Profile) -> str:
    """A name, a number, an older name, or none."""
    kinds = [kind.type for kind in profile.sample_types]
    index = choices.randrange(len(kinds))
    return choices.choice((kinds[index], kinds[index], str(index), "", f"inuse_{kinds[index]}".replace("_inuse", "")))


def _patterns(choices: Random, profile: Profile) -> Callable[[], str]:
    """Regular expressions that match some names, files or binaries of the profile, and some that do not."""
    strings = [each for each in profile.symbols.strings if each and each.isprintable()]

    def pattern() -> str:
        if choices.random() < 0.3 or not strings:
            return choices.choice(PATTERNS)
        parts = []
        for _ in range(choices.choice((1, 1, 2))):
            text = choices.choice(strings)
            at = choices.randrange(len(text))
            parts.append(re.sub(r"[^\w/]", ".", text[at : at + choices.randint(1, 12)]))
        return "|".join(parts)

    return pattern


def _label_filter(choices: Random, profile: Profile) -> str:
    labels = [label for i in range(min(len(profile.values), 40)) for label in profile.labels(i)]
    texts = [each for each in labels if isinstance(each.value, str) and each.value]
    if not texts or choices.random() < 0.4:
        return choices.choice(RANGES)
    label = choices.choice(texts)
    text = re.sub(r"[^\w]", ".", str(label.value)[:5])
    return choices.choice((text, f"{label.key}={text}", f"{label.key}:{text}", f"{text},{label.key}"))
