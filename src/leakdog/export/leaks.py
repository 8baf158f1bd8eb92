"""What is told of each leak, and of each growth that is none, as lines of the metrics page."""

from __future__ import annotations

from collections.abc import Sequence

from leakdog.export.gauges import Gauges, labelled, labelled_target, paced
from leakdog.model import Leak, LeakState, Unit
from leakdog.pipeline.state import Watched

# Series per leak that name code. More would not be read in an alert, and each is a new series per leak.
CULPRITS_PER_LEAK = 5
# A function name can be as long as its type parameters; a label should not be.
FUNCTION_LABEL_CHARACTERS = 200
STATES = (LeakState.PENDING, LeakState.FIRING, LeakState.RESOLVED)


async def growth_gauges(targets: Sequence[Watched]) -> bytes:
    """What grows and is no leak: whoever looks at a growing process sees that it was judged."""
    size = Gauges("leakdog_growth_bytes_per_second", "Growth in bytes of a signal that grows and is no leak.")
    count = Gauges("leakdog_growth_quantity_per_second", "Growth of a signal that counts things, and is no leak.")
    async for watched in paced(targets):
        target = labelled_target(watched.key)
        for each in watched.harmless:
            labels = f'{target},class="{each.leak_class.value}",signal="{each.signal.value}"'
            growth = size if each.signal.unit is Unit.BYTES else count
            growth.add(labels, each.assessment.growth_per_second)
    return b"".join((size.text, count.text))


async def leak_gauges(leaks: Sequence[Leak]) -> bytes:
    """The lines of all leaks."""
    state = Gauges("leakdog_leak_state", "1 for the state that the leak is in, 0 for the others.")
    size = Gauges("leakdog_leak_growth_bytes_per_second", "Growth of a leaking signal in bytes.")
    count = Gauges("leakdog_leak_growth_quantity_per_second", "Growth of a leaking signal that counts things.")
    left = Gauges(
        "leakdog_leak_time_to_limit_seconds",
        "Time until the memory limit at the present growth, of the signal or of memory that leaks with it.",
    )
    since = Gauges("leakdog_leak_since_timestamp_seconds", "When the growth began.")
    known = Gauges("leakdog_leak_acknowledged", "Whether somebody knows of the leak, so that it need not be announced.")
    share = Gauges("leakdog_leak_culprit_share_ratio", "Share of the growth that a call site explains.")
    async for leak in paced(leaks):
        of = f'{labelled_target(leak.key)},class="{leak.leak_class.value}"'
        labels = f'{of},signal="{leak.signal.value}"'
        for each in STATES:
            state.add(f'{labels},state="{each.value}"', leak.told_state is each)
        (size if leak.signal.unit is Unit.BYTES else count).add(labels, leak.growth_per_second)
        left.add(labels, leak.time_to_limit_seconds)
        since.add(labels, leak.since)
        known.add(labels, leak.acknowledged is not None)
        for culprit in leak.culprits[:CULPRITS_PER_LEAK]:
            function = culprit.frame.function[:FUNCTION_LABEL_CHARACTERS]
            share.add(f"{of},{labelled(stack_id=culprit.stack_id, function=function)}", culprit.share)
    return b"".join(each.text for each in (state, size, count, left, since, known, share))
