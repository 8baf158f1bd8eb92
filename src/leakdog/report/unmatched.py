"""Which filters match nothing: one that is misspelt leaves all of a profile, or nothing, and looks like an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from leakdog.pprof.profile import Profile
from leakdog.report.select import Matcher, Selection
from leakdog.report.tag_filter import tag_filter


def unmatched(profiles: Sequence[Profile], wanted: Selection) -> Iterator[tuple[str, str]]:
    """Name and pattern of each filter that matches nothing in any of these profiles; none where these are empty.

    Raises:
        ProfileError: a text is no regular expression.

    """
    full = [each for each in profiles if len(each.values)]
    for field in fields(wanted):
        pattern = getattr(wanted, field.name)
        if pattern and full and not any(_matches(each, field.name, pattern) for each in full):
            yield field.name, pattern


def _matches(profile: Profile, name: str, pattern: str) -> bool:
    if not name.startswith("tag"):
        return bool(Matcher(profile).locations(pattern, name).any())
    chooses = tag_filter(pattern, name)
    return any(chooses(profile.labels(i)) for i in range(len(profile.values)))
