"""Trees as they are put to be read off fast; what they say is in test_score.py."""

import numpy as np

from leakdog.detect.kernel import grown
from leakdog.detect.trees import trees

TREE = {"feature": [1, 0, 0], "bound": [2.5, 0.0, 0.0], "left": [1, 1, 2], "right": [2, 1, 2], "value": [0.0, 3.0, 8.0]}
DATA = {
    "trees": [TREE, TREE | {"feature": [0, 0, 0], "bound": [7.0, 0.0, 0.0]}],
    "alarms": [[0, 1]],
    "spread": [[1, 0, 0]],
}


def test_only_features_that_are_asked_have_bounds() -> None:
    """Feature by feature, with an end after the last."""
    put = trees(DATA, ("a", "b", "c"))
    assert (put.owner.tolist(), put.begin.tolist(), put.bounds.tolist()) == ([0, 1], [0, 1, 2], [7.0, 2.5])


def test_a_bound_that_is_met_is_not_exceeded() -> None:
    """A row goes left up to the bound, and right beyond it; each tree adds its leaf."""
    rows = np.array([[7.0, 2.5, 0.0], [7.1, 2.5, 0.0], [7.1, 2.6, 0.0], [-np.inf, np.inf, 0.0]])
    assert grown(rows, trees(DATA, ("a", "b", "c"))).tolist() == [6.0, 11.0, 16.0, 11.0]
