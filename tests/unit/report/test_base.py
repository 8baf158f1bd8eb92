"""What is subtracted, kept apart."""

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.base import KEY, TEXT, labelled, of_base

SPACE = ValueType("inuse_space", "bytes")


def profile() -> Profile:
    """Two samples, of which the second has labels."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    where = [builder.location(1, (Frame("main", "", 0),))]
    builder.sample([1], where)
    builder.sample([2], where, [Label("user", "bob"), Label("bytes", 8)])
    return builder.build(SPACE, 1)


def test_every_sample_has_the_label() -> None:
    """Beside those that it had."""
    made = labelled(profile())
    assert made.labels(0) == (Label(KEY, TEXT),)
    assert made.labels(1) == (Label(KEY, TEXT), Label("user", "bob"), Label("bytes", 8))
    assert of_base(made).tolist() == [True, True]


def test_no_other_label_marks_a_base() -> None:
    """Neither another key nor another text."""
    assert of_base(profile()).tolist() == [False, False]
