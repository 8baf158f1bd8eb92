"""The layout of `traces`."""

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.graph import View
from leakdog.report.select import Selection
from leakdog.report.traces import SEPARATOR, render, traces_of

SPACE = ValueType("inuse_space", "bytes")


def test_each_stack_has_its_value_and_its_inlined_calls() -> None:
    """In the order of the profile; samples without a stack, and frames that are hidden, are left out."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    leaf, caller, root = (Frame(name, "a.go", 1) for name in ("leaf", "caller", "root"))
    builder.sample([2048], [builder.location(1, (leaf, caller)), builder.location(2, (root,))])
    builder.sample([7], [])
    builder.sample([512], [builder.location(2, (root,))])
    profile = builder.build(SPACE, 1)
    assert render(profile, View()) == (
        f"Type: inuse_space\n{SEPARATOR}\n"
        "       2kB   leaf (inline)\n             caller\n             root\n"
        f"{SEPARATOR}\n      512B   root\n{SEPARATOR}\n"
    )
    hidden = View(selection=Selection(hide="^root$"))
    assert [(trace.value, len(trace.stack)) for trace in traces_of(profile, hidden)] == [(2048, 2)]
