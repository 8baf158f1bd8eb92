"""What verbs share that compare a profile with another: both are read, and what may mislead about the two is told."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from leakdog.cli.origin import Read, url_of
from leakdog.cli.profile import load_read, tell_unmatched
from leakdog.errors import LeakdogError, ProfileError

if TYPE_CHECKING:
    from leakdog.pprof.profile import Profile


class Compared(NamedTuple):
    """A profile less its base, and why the two are of two processes: empty if they may be of one, None without base."""

    profile: Profile
    two_processes: str | None = None


def load_compared(args: argparse.Namespace) -> Profile:
    """The profile that was asked for, less its base if it has one, as `tidied`; raises as `compare` does."""
    return tidied(args, less_base(args).profile)


def less_base(args: argparse.Namespace) -> Compared:
    """The profile that was asked for, less its base if one is named; raises as `compare` does."""
    return compare(args, args.base or args.diff_base or "", of_base=bool(args.diff_base))


def tidied(args: argparse.Namespace, profile: Profile) -> Profile:
    """A profile without what its producer does not want to be shown; what is asked of it in vain is told."""
    from leakdog.report.prune import pruned

    profile = pruned(profile)
    tell_unmatched(args, [profile])
    return profile


def compare(args: argparse.Namespace, base: str, *, of_base: bool = False) -> Compared:
    """The profile, less a base where one is named; that these are of two processes is told on stderr.

    Args:
        of_base: shares are shares of the base.

    Raises:
        ApiError: the daemon gave no stored profile.
        FetchError: a URL gave no profile.
        LeakdogError: a file cannot be read or holds no profile, or the two cannot be compared.

    """
    if args.normalize and not base:
        raise LeakdogError("--normalize scales to the total of a base; name one with --base or --diff-base")
    after = load_read(args, args.profile)
    if not base:
        return Compared(after[0])
    before = load_read(args, base)
    profile = _difference(args, before[0], after[0], base, of_base=of_base)
    why = _two_processes(before, after) or _two_addresses(base, args.profile)
    if why:
        others = "what is shown is how they differ, and may be no growth"
        print(f"{base} and {args.profile} are of two processes: {why}; {others}", file=sys.stderr)
    return Compared(profile, why)


def _two_addresses(base: str, profile: str) -> str:
    """That both were asked for now, at different addresses; empty where not."""
    one, other = (urlsplit(url_of(where)).netloc.lower() for where in (base, profile))
    return f"{one} is another address than {other}" if one and other and one != other else ""


def _difference(args: argparse.Namespace, base: Profile, profile: Profile, name: str, *, of_base: bool) -> Profile:
    """A profile less a base of this name, of which shares are shares or not."""
    from leakdog.report.diff import difference, normalized

    try:
        return difference(base, normalized(profile, base) if args.normalize else profile, of_base=of_base)
    except ProfileError as error:
        raise LeakdogError(f"comparing {args.profile} with {name}: {error}") from None


def _two_processes(before: tuple[Profile, Read], after: tuple[Profile, Read]) -> str:
    """Why the two are of two processes: the store knows of restarts, other profiles tell of some."""
    from datetime import datetime

    from leakdog.report.diff import two_processes
    from leakdog.report.words import human_time

    (base, read_before), (latest, read) = before, after
    if not (read_before.life_start and read.life_start):
        return two_processes(base, latest)
    if read_before.target != read.target:
        return f"{read_before.target} is another target than {read.target}"
    if read_before.life_start == read.life_start:
        return ""
    later = max(datetime.fromisoformat(each.life_start) for each in (read_before, read))
    return f"{read.target} was started anew at {human_time(later.timestamp())}"
