"""How much is in samples of each label, laid out as `go tool pprof -tags` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from leakdog.pprof.profile import Label, Profile
from leakdog.report.graph import View, total_of
from leakdog.report.measure import label, percentage
from leakdog.report.select import select
from leakdog.report.tag_filter import unit_of


def render(profile: Profile, view: View) -> str:
    """The report as text: keys in order, the values of each with the largest first.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    unit = profile.sample_types[profile.sample_index(view.sample_index)].unit
    total, sums = total_of(profile, view), sums_of(profile, view)
    return "".join(_block(key, sums[key], total, lambda value: label(value, unit, view.unit)) for key in sorted(sums))


def sums_of(profile: Profile, view: View) -> dict[str, dict[str, int]]:
    """What is in samples of each value of each label.

    Raises:
        ProfileError: as for `render`.

    """
    column = profile.sample_index(view.sample_index)
    profile = select(profile, view.selection)
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for i, value in enumerate(profile.values[:, column].tolist()):
        for each in profile.labels(i):
            found[each.key][_text(each, view.unit)] += value
    return found


def _text(each: Label, unit: str) -> str:
    return each.value if isinstance(each.value, str) else label(each.value, unit_of(each), unit)


def _block(key: str, values: dict[str, int], total: int, figure: Callable[[int], str]) -> str:
    """A key with its sum, then its values, their figures right-aligned."""

    def share(value: int) -> str:
        return f" ({percentage(value, total)})" if total else ""

    whole = sum(values.values())
    rows = sorted(values.items(), key=lambda item: (-abs(item[1]), item[0]))
    figures = [f"{figure(value)}{share(value)}:" for _, value in rows]
    width = max(map(len, figures), default=0) + 1
    lines = [f" {key}: Total {figure(whole)} of {figure(total)}{share(whole)}"]
    lines += [f"{' ' * (len(key) + 2)}{each:>{width}} {text}" for each, (text, _) in zip(figures, rows, strict=True)]
    return "\n".join(lines) + "\n\n"
