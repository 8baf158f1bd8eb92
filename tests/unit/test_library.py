"""How what is compiled is loaded; more in the tests of both kernels."""

from pathlib import Path

import numpy as np
import pytest

from leakdog.library import address, load


def test_what_is_no_library_of_ours_is_told(tmp_path: Path) -> None:
    """Missing, broken, or somebody else's: where it is looked for, and what to do."""
    path = tmp_path / "_kernel.so"
    for content in (None, b"no library"):
        if content:
            path.write_bytes(content)
        with pytest.raises(ImportError, match=r"cannot be loaded .*install leakdog again") as told:
            load(path, 1)
        assert told.value.path == str(path)


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("count", [0, 3])
def test_numbers_lie_where_their_array_says(count: int, writable: bool) -> None:
    """Empty ones and such as cannot be written to as well."""
    numbers = np.arange(count)
    numbers.flags.writeable = writable
    assert address(numbers) == numbers.ctypes.data
