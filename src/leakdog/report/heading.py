"""What profile a report is of, as `go tool pprof` tells it above each."""

from __future__ import annotations

from datetime import UTC, datetime

from leakdog.pprof.profile import Profile, ValueType
from leakdog.report.measure import label, percentage, scale


def heading(profile: Profile, kind: ValueType, total: int, unit: str) -> tuple[str, ...]:
    """The lines.

    Args:
        kind: the sample type that is shown.
        total: of its samples, told in `unit` where the profile was recorded over some time.

    """
    mappings, strings = profile.symbols.mappings, profile.symbols.strings
    lines = []
    if len(mappings.file) and mappings.file[0]:
        lines.append(f"File: {strings[int(mappings.file[0])].rpartition('/')[2]}")
    if len(mappings.file) and mappings.build_id[0]:
        lines.append(f"Build ID: {strings[int(mappings.build_id[0])]}")
    lines += [comment for comment in profile.comments if not comment.startswith("#")]
    lines.append(f"Type: {kind.type}")
    if profile.doc_url:
        lines.append(f"Doc: {profile.doc_url}")
    if profile.time_nanos:
        lines.append(f"Time: {datetime.fromtimestamp(profile.time_nanos // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC")
    if profile.duration_nanos:
        nanos, of_time = scale(total, kind.unit, "nanoseconds")
        share = f"({percentage(int(nanos), profile.duration_nanos)})" if of_time == "ns" and nanos else ""
        duration = label(profile.duration_nanos, "nanoseconds")
        lines.append(f"Duration: {duration}, Total samples = {label(total, kind.unit, unit)} {share}")
    return tuple(lines)
