"""`leakdog tags`."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_text_and_json(run: Run, capsys: Capture) -> None:
    """A profile without labels is said to have none."""
    assert run("tags") == 0
    assert capsys.readouterr().out == "no sample of this profile has a label\n"
    assert run("tags", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"tags": {}}
