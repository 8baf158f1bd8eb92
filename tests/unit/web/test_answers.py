"""JSON that is written in turns with whatever else there is to do."""

import json

import pytest

from leakdog.web import answers


async def test_what_is_written_in_turns_is_what_json_is() -> None:
    """In ASCII, with the long lists last."""
    value = {"more": iter([1.5, {"a": "ü"}]), "name": 'a"b', "none": iter([]), "many": None}
    text = await answers.written(value, "more", "none")
    assert text == '{"name": "a\\"b", "many": null, "more": [1.5, {"a": "\\u00fc"}], "none": []}'
    assert (await answers.listed("all", (number for number in range(3)))).text == '{"all": [0, 1, 2]}'
    assert answers.joined("all", ['{"a": 1}', "2"]).text == '{"all": [{"a": 1}, 2]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        await answers.written({"a": float("nan")})


async def test_others_get_their_turn_only_where_it_takes_long(turns, monkeypatch) -> None:
    """A member that took long is followed by a turn; a short list by none."""
    assert (await turns(answers.listed("all", range(20))))[0] == 0
    monkeypatch.setattr(answers, "TURN_SECONDS", 0.0)
    number, response = await turns(answers.listed("all", range(20)))
    assert (number, len(json.loads(response.text)["all"])) == (20, 20)
