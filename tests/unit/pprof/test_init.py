"""The package itself."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import leakdog.pprof


@pytest.mark.parametrize(
    "name", ["DEFAULT_LIMITS", "Label", "Limits", "Profile", "ValueType", "encode", "expect", "memstats", "parse"]
)
def test_public_names_are_there(name: str) -> None:
    """Each public name can be imported from the package."""
    assert getattr(leakdog.pprof, name) is not None


@pytest.mark.parametrize("module", [module.name for module in pkgutil.iter_modules(leakdog.pprof.__path__)])
def test_no_module_is_called_like_a_public_name(module: str) -> None:
    """A submodule is set on its package when it is loaded, and would stand in the way of a function of that name."""
    assert module not in leakdog.pprof._HOMES


def test_other_names_are_not() -> None:
    """An unknown name is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'decode_all'"):
        leakdog.pprof.decode_all  # noqa: B018


def test_the_package_itself_is_light() -> None:
    """Importing it loads neither NumPy nor protobuf: `leakdog.expose` runs inside other people's programs."""
    code = "import sys, leakdog.pprof.wire; print([m for m in ('numpy', 'google.protobuf') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
