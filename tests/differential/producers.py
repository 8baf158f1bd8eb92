"""Profiles in the manner of many producers, made up from a seed: small, and with all that a real one may hold.

Written field by field, without the product's own encoder. Functions are few, so that they recur in stacks, call
themselves, and are inlined here and not there. Numbers are small enough for sums to stay within 64 bits, as those of
`go tool pprof` wrap around.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

HEAP = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))


@dataclass(frozen=True)
class Producer:
    """How a kind of program writes its profiles.

    Attributes:
        types: sample types with their units.
        functions: name, name in the binary (`=`: the same), file.
        binaries: file and build id of each mapping.
        labels: texts by key, and units of numeric ones by key.
        drop: pattern of frames not to show, and those of them to keep.

    """

    types: tuple[tuple[str, str], ...]
    functions: tuple[tuple[str, str, str], ...]
    binaries: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, str] = ("", "")
    default: str = ""
    symbols: bool = True


def _same(*names: str, file: str) -> tuple[tuple[str, str, str], ...]:
    """Functions that have one name, some in files of their own."""
    return tuple((name, "=", file.replace("*", str(i // 2))) for i, name in enumerate(names))


GO = _same(
    *("main.main", "main.(*Cache[...]).Put", "main.handle.func1", "net/http.(*conn).serve", "runtime.mallocgc"),
    *("encoding/json.(*decodeState).object", "github.com/acme/shop/v2/cart.(*Store).Add", "runtime.goexit"),
    *("slices.SortFunc[go.shape.[]main.item,go.shape.struct { A int }]", "main.init.0", "main.Map[...].func2"),
    file="/build/src/shop/part*.go",
)
CPP = (
    ("malloc", "malloc", "malloc.cc"),
    ("operator new(unsigned long)", "_Znwm", ""),
    ("std::vector::push_back", "_ZNSt6vectorIiSaIiEE9push_backERKi", "/usr/include/c++/12/bits/stl_vector.h"),
    ("shop::Cart::add(shop::Item const&)", "=", "../src/./cart.cc"),
    ("void shop::run<int, std::less<int> >(int)", "=", "/src/shop/../shop/run.cc"),
    ("(anonymous namespace)::helper()", "=", "/src/helper.cc"),
    ("tcmalloc::allocate_full", "=", "tcmalloc.cc"),
    ("main", "=", "/src/main.cc"),
)
JAVA = _same(
    *("com.acme.shop.Cart.add", "com.acme.shop.Cart.<init>", "java.util.HashMap.put", "java.lang.Thread.run"),
    *("com.acme.shop.Cart$$Lambda$14.apply", "[unknown]", "jdk.internal.misc.Unsafe.park"),
    file="Cart*.java",
)
NODE = (
    ("(anonymous)", "=", "file:///app/server.js"),
    ("", "", "node:internal/timers"),
    ("processTicksAndRejections", "", "node:internal/process/task_queues"),
    ("Store.add", "=", "/app/node_modules/store/index.js"),
    ("(root)", "=", ""),
    ("(garbage collector)", "=", ""),
)
PYTHON = (
    ("<module>", "<module>", "/srv/app/main.py"),
    ("<lambda>", "<lambda>", "/srv/app/my file.py"),
    ("Cart.add", "add", "/srv/app/cart.py"),
    ("add", "=", "/srv/app/store.py"),
    ("run", "=", "/usr/lib/python3.12/threading.py"),
    ("Été.größe", "=", "/srv/app/größe.py"),
)
RUST = (
    ("alloc::vec::Vec<T,A>::push", "=", "/rustc/90b35a6239c3/library/alloc/src/vec/mod.rs"),
    ("<shop::Cart as core::ops::Drop>::drop", "=", "src/cart.rs"),
    ("shop::main::{{closure}}", "=", "src/main.rs"),
    ("__rust_alloc", "=", ""),
    ("std::rt::lang_start::h0123456789abcdef", "=", "src/main.rs"),
)
PRODUCERS = {
    "go-heap": Producer(
        HEAP, GO, (("/usr/bin/shop", "ab12cd34"), ("[vdso]", "")), numbers=(("bytes", "bytes"),), default="inuse_space"
    ),
    "go-goroutine": Producer((("goroutine", "count"),), GO, (("/usr/bin/shop", ""),), (("tenant", ("a", "b", "c d")),)),
    "go-cpu": Producer(
        (("samples", "count"), ("cpu", "nanoseconds")), GO, (("/usr/bin/shop", "ab12cd34"),), (("user", ("x", "y")),)
    ),
    "go-contention": Producer((("contentions", "count"), ("delay", "nanoseconds")), GO, (("/usr/bin/shop", ""),)),
    "cpp-heap": Producer(
        (("objects", "count"), ("space", "bytes")),
        CPP,
        (("/usr/bin/shopd", "77aa77aa"), ("/lib/libc.so.6", "88bb88bb"), ("//anon", "")),
        numbers=(("bytes", ""), ("request", "")),
        drop=("malloc|operator new.*|tcmalloc::.*", "tcmalloc::allocate_full"),
    ),
    "java": Producer(
        (("contentions", "count"), ("delay", "microseconds"), ("space", "bytes")),
        JAVA,
        (("", ""),),
        (("thread", ("main", "gc")),),
        (("bytes", "bytes"), ("ttl", "seconds")),
    ),
    "node": Producer((("sample", "count"), ("wall", "microseconds")), NODE, (), (("kind", ("gc", "js")),)),
    "python": Producer(
        (("objects", "count"), ("space", "kilobytes"), ("time", "milliseconds")),
        PYTHON,
        (),
        (("thread id", ("1", "2")), ("task", ("é", "<none>"))),
        default="space",
    ),
    "rust-jemalloc": Producer(
        (("inuse_objects", "count"), ("inuse_space", "bytes")), RUST, (("/usr/bin/cart", "9a9a9a9a"),)
    ),
    "bare": Producer(
        (("space", "bytes"),),
        (("", "", ""),),
        (("/usr/bin/strip", "1b1b1b1b"), ("[heap]", ""), ("", "")),
        symbols=False,
    ),
}


def made(name: str, seed: int) -> bytes:
    """A profile of this producer."""
    return _Writer(PRODUCERS[name], Random(f"{name} {seed}")).profile()


class _Writer:
    def __init__(self, producer: Producer, choices: Random) -> None:
        self.producer, self.choices = producer, choices
        self.strings = {"": 0}
        self.signed = choices.random() < 0.3  # a difference of two profiles
        self.scale = choices.choice((30, 3000, 1 << 20, 1 << 33))

    def text(self, value: str) -> int:
        return self.strings.setdefault(value, len(self.strings))

    def profile(self) -> bytes:
        choices, producer = self.choices, self.producer
        used = choices.sample(producer.functions, choices.randint(1, len(producer.functions)))
        functions = used if producer.symbols else []
        places = choices.randint(2, 14)
        parts = [_message(1, _numbers(self.text(kind), self.text(unit))) for kind, unit in producer.types]
        parts += [self._sample(places) for _ in range(choices.randint(1, 24))]
        for i, (file, build) in enumerate(producer.binaries, 1):
            has = int(producer.symbols)
            start = 0x400000 * i
            limits = (start, start + 0x100000, 0x1000 * (i - 1))
            parts.append(_message(3, _numbers(i, *limits, self.text(file), self.text(build), has, has, has, has)))
        parts += [self._location(i, len(functions)) for i in range(1, places + 1)]
        parts += [self._function(i, *each) for i, each in enumerate(functions, 1)]
        parts += self._header()
        return b"".join([*parts, *(_message(6, each.encode()) for each in self.strings)])

    def _sample(self, places: int) -> bytes:
        choices = self.choices
        depth = choices.choice((0, 1, 2, 3, 5, 8)) if choices.random() < 0.2 else choices.randint(1, 7)
        stack = [choices.randint(1, places) for _ in range(depth)]
        body = _packed(1, stack) + _packed(2, [self._value() for _ in self.producer.types])
        for key, texts in self.producer.labels:
            for _ in range(choices.choice((0, 1, 1, 2))):
                body += _message(3, _numbers(self.text(key), self.text(choices.choice(texts))))
        for key, unit in self.producer.numbers:
            for _ in range(choices.choice((0, 1, 1, 2))):
                number = choices.choice((8, 64, 1000, 4096, 1 << 20))
                body += _message(3, _numbers(self.text(key), 0, number, self.text(unit)))
        return _message(2, body)

    def _value(self) -> int:
        value = self.choices.choice((0, 1, self.choices.randrange(self.scale), self.choices.randrange(self.scale)))
        return -value if self.signed and self.choices.random() < 0.4 else value

    def _location(self, number: int, functions: int) -> bytes:
        choices = self.choices
        mapping = choices.randrange(len(self.producer.binaries) + 1)
        address = 0x400000 * mapping + 16 * choices.randrange(1, 400) if mapping or choices.random() < 0.5 else 0
        lines = choices.choice((0, 1, 1, 1, 2, 3)) if functions else 0
        body = _numbers(number, mapping, address)
        for _ in range(lines):
            body += _message(4, _numbers(choices.randint(1, functions), choices.choice((0, 7, 12, 12, 90))))
        return _message(4, body)

    def _function(self, number: int, name: str, system: str, file: str) -> bytes:
        other = name if system == "=" else system
        return _message(5, _numbers(number, self.text(name), self.text(other), self.text(file), 5 if name else 0))

    def _header(self) -> list[bytes]:
        choices, producer = self.choices, self.producer
        once = [(7, self.text(producer.drop[0])), (8, self.text(producer.drop[1])), (12, 512 << 10)]
        once.append((14, self.text(producer.default)))
        if choices.random() < 0.7:
            once.append((9, 1_767_000_000_000_000_000 + choices.randrange(10**15)))
        if choices.random() < 0.3:
            once.append((10, choices.randrange(1, 10**11)))
        parts = [_varint(field << 3) + _varint(value) for field, value in once]
        if choices.random() < 0.2:
            parts += [_packed(13, [self.text("a comment"), self.text("#quiet")])]
        kind, unit = producer.types[-1]
        return [*parts, _message(11, _numbers(self.text(kind), self.text(unit)))]


def _numbers(*values: int) -> bytes:
    """A message whose fields 1, 2, 3, … are these numbers."""
    return b"".join(_varint(i << 3) + _varint(n) for i, n in enumerate(values, 1) if n)


def _packed(number: int, values: list[int]) -> bytes:
    return _message(number, b"".join(map(_varint, values)))


def _message(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(n: int) -> bytes:
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])
