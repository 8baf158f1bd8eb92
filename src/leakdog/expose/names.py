"""Function names for the files and lines that tracemalloc gives."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

# Files whose functions are remembered. A large program allocates in a few hundred.
FILES = 1024
# Larger source files are data in disguise; compiling one would cost seconds and a hundred times its size.
SOURCE_BYTES = 2 << 20


class _Span(NamedTuple):
    """Lines of a function, its inner functions included. Named `module.Class.method`."""

    first: int
    last: int
    name: str


class FunctionNames:
    """Finds which function a line is in, from code that is not run. Remembers the last `FILES` files."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[_Span, ...]] = OrderedDict()
        self._modules: dict[str, ModuleType] = {}

    def __call__(self, file: str, line: int) -> str:
        """The innermost function that has this line, or `file.py:LINE` where the source cannot be read."""
        spans = self._files.get(file)
        if spans is None:
            spans = self._files[file] = tuple(self._spans(file))
            if len(self._files) > FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(file)
        found = [span for span in spans if span.first <= line <= span.last]
        return min(found, key=lambda span: span.last - span.first).name if found else f"{Path(file).name}:{line}"

    def _spans(self, file: str) -> Iterator[_Span]:
        module = self._module(file)
        code = _code(file, module)
        if code is not None:
            name = _module_name(file, module)
            yield _Span(0, sys.maxsize, f"{name}.<module>")
            yield from _inner_spans(code, name)

    def _module(self, file: str) -> ModuleType | None:
        """The module that was loaded from a file. Modules come and go, so a miss looks again."""
        if file not in self._modules:
            loaded = [module for module in sys.modules.copy().values() if isinstance(module, ModuleType)]
            self._modules = {path: module for module in loaded if (path := getattr(module, "__file__", None))}
        return self._modules.get(file)


def _module_name(file: str, module: ModuleType | None) -> str:
    """The name to import it by; of a script, its file's name."""
    if module is not None and module.__name__ != "__main__":
        return module.__name__
    spec = getattr(module, "__spec__", None)
    return spec.name if spec is not None else Path(file).stem


def _code(file: str, module: ModuleType | None) -> CodeType | None:
    """Compiled code of a file: from Python's own cache for what was imported, else from source."""
    try:
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if module is not None and isinstance(loader, SourceFileLoader) and module.__name__ != "__main__":
            return loader.get_code(module.__name__)
        path = Path(file)
        if path.stat().st_size > SOURCE_BYTES:
            return None
        return compile(path.read_bytes(), file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, ImportError, EOFError):
        return None  # no source, or none that compiles: the line has to do as a name


def _inner_spans(code: CodeType, module: str) -> Iterator[_Span]:
    """Spans of all functions in some code. Comprehensions and lambdas belong to the function around them."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            below = list(_inner_spans(inner, module))
            lines = [line for _, _, line in inner.co_lines() if line is not None]
            if not inner.co_name.startswith("<") and lines:
                last = max([*lines, *(span.last for span in below)])
                yield _Span(inner.co_firstlineno, last, f"{module}.{inner.co_qualname}")
            yield from below
