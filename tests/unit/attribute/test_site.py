"""Site identity: what must not change it, and what must."""

from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.site import (
    SITE_FRAMES,
    closure_name,
    function_id,
    function_name,
    normalise,
    site,
    stack_id,
    told_apart,
)
from leakdog.model import Frame

NAMES = st.sampled_from(
    [
        "main.main",
        "shop/leaks.(*Cache).Put",
        "net/http.(*conn).serve",
        "bytes.Repeat",
        "github.com/acme/orders/store.(*Table).Insert",
        "operator new(unsigned long)",
        "handle_request",
    ]
)
STACKS = st.lists(NAMES, min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("plain", "variant"),
    [
        ("main.(*List).Push", "main.(*List[go.shape.int]).Push"),
        ("main.Map", "main.Map[go.shape.[]uint8,main.Pair[int,string]]"),
        ("main.run.func", "main.run.func1"),
        ("main.run.func", "main.run.func2.3"),
        ("main.run.func", "main.run.gowrap1"),
        ("main.run.func", "main.run.func1.deferwrap2"),
        ("main.walk", "main.walk-range1"),
        ("main.init.func", "main.glob..func4"),
        ("main.init.func", "main.init.0.func1"),
        ("net/http.(*Server).Serve", "net/http.(*Server).Serve-fm"),
        ("runtime.memmove", "runtime.memmove.abi0"),
        ("github.com/x/y.F", "github.com/acme/app/vendor/github.com/x/y.F"),
        ("golang.org/x/net/idna.F", "vendor/golang.org/x/net/idna.F"),
        ("github.com/x/y.F", "github.com/x/y/v3.F"),
        ("github.com/x/y/sub.F", "github.com/x/y/v12/sub.F"),
        ("gopkg.in/yaml.Unmarshal", "gopkg.in/yaml%2ev3.Unmarshal"),
        ("gopkg.in/mgo/bson.Marshal", "gopkg.in/mgo.v2/bson.Marshal"),
        ("parse(int)", "parse(int) [clone .isra.0]"),
        ("parse", "parse.constprop.1.cold"),
        ("serde::de::read", "serde::de::read::h0123456789abcdef"),
        ("jobs.py", "jobs.py:214"),
        ("?", "0x45ab10"),
        ("?", ""),
        ("main.(*List", "main.(*List[go.shape.struct { Name string; Values []"),
        ("main.(*List).Push", "main.(*List[...]).Push"),
    ],
)
def test_normalise(plain: str, variant: str) -> None:
    """What compilers and package managers add to a name is taken off."""
    assert normalise(variant) == plain
    assert function_id(Frame(variant, "", 7)) == function_id(Frame(plain, "", 0))


@pytest.mark.parametrize(
    "name",
    ["main.v2", "k8s.io/api/core/v1.(*Pod).Marshal", "main.function1", "std::vector<int>::push_back", "<lambda>"],
)
def test_normalise_keeps(name: str) -> None:
    """What only looks like such an addition is kept."""
    assert normalise(name) == name


@given(st.text(max_size=200))
def test_normalise_ends(name: str) -> None:
    """Any text has a normal form, and the normal form of that is itself."""
    assert normalise(normalise(name)) == normalise(name) != ""


def test_normalise_nested_is_quick() -> None:
    """A name made to cost time, sixty thousand brackets deep, is cut before it is read."""
    assert len(normalise("[" * 60_000 + "]" * 60_000)) <= 1024


@given(
    STACKS,
    st.lists(st.integers(0, 9999), min_size=12, max_size=12),
    st.lists(st.integers(0, 9999), min_size=12, max_size=12),
)
def test_stack_id_ignores_lines(names: list[str], here: list[int], there: list[int]) -> None:
    """Lines and files may move without changing the site."""
    one = [Frame(name, "a/x.go", line) for name, line in zip(names, here, strict=False)]
    other = [Frame(name, "b/y.go", line) for name, line in zip(names, there, strict=False)]
    assert stack_id(one) == stack_id(other)


@given(STACKS, st.sampled_from(["[int]", "[go.shape.string]", "[go.shape.[]uint8,main.T[int]]"]))
def test_stack_id_ignores_type_arguments(names: list[str], arguments: str) -> None:
    """A generic function is one site for all its type arguments."""
    plain = [Frame(name, "", 0) for name in names]
    generic = [Frame(name + arguments, "", 0) for name in names]
    assert stack_id(plain) == stack_id(generic)


@given(STACKS, STACKS)
def test_stack_id_tells_apart(one: list[str], other: list[str]) -> None:
    """Two stacks have one id just when their sites are equal."""
    stacks = [[Frame(name, "", 0) for name in names] for names in (one, other)]
    assert (stack_id(stacks[0]) == stack_id(stacks[1])) == (site(stacks[0]) == site(stacks[1]))


def test_stack_id_is_stable() -> None:
    """The id of a stack is the same in every release: alerts and allow-lists are keyed by it."""
    stack = [Frame("shop/leaks.(*Cache).Put", "shop/leaks/leaks.go", 19), Frame("main.main", "shop/main.go", 34)]
    assert stack_id(stack) == "8476e5ec1b5f"


def test_site_drops_runtime_and_wrappers() -> None:
    """How the runtime blocks a goroutine and how the compiler starts it is not part of the site."""
    stack = [
        Frame("runtime.gopark", "runtime/proc.go", 435),
        Frame("runtime.chansend1", "runtime/chan.go", 161),
        Frame("main.publish", "shop/main.go", 9),
        Frame("main.start.gowrap1", "shop/main.go", 5),
        Frame("runtime.goexit", "runtime/asm_amd64.s", 1700),
    ]
    assert site(stack) == ("main.publish",)


def test_site_of_runtime_alone() -> None:
    """A stack that is all runtime is still a site."""
    assert site([Frame("runtime.gcBgMarkWorker", "runtime/mgc.go", 1)]) == ("runtime.gcBgMarkWorker",)


def test_site_of_recursion() -> None:
    """However deep a function calls itself, it is one site."""
    deep = [Frame("main.walk", "", 0)] * 50 + [Frame("main.main", "", 0)]
    assert site(deep) == site(deep[-2:]) == ("main.walk", "main.main")


def test_site_of_mutual_recursion() -> None:
    """Functions that call each other are one site at any depth."""
    pair = [Frame("main.visit", "", 0), Frame("main.walk", "", 0)]
    assert site(pair * 9 + [Frame("main.main", "", 0)]) == ("main.visit", "main.walk", "main.main")


def test_site_of_truncated_stack() -> None:
    """A stack cut off at Go's old limit is the same site as the whole one, some frames of the runtime included."""
    runtime = [Frame("runtime.mallocgc", "runtime/malloc.go", 1)] * 8
    whole = runtime + [Frame(f"main.f{i}", "", 0) for i in range(100)]
    assert stack_id(whole) == stack_id(whole[:32])
    assert len(site(whole)) == SITE_FRAMES


@pytest.mark.parametrize(
    ("function", "file"),
    [
        ("shop/http.Serve.func1", "/src/shop/http/serve.go"),
        ("shop/http.Serve.func1.2", "/src/shop/http/serve.go"),
        ("main.main.Serve.func2", "/src/shop/http/serve.go"),
        ("shop/jobs.(*Queue).Run.Serve.func1", "shop/http/serve.go"),
        ("github.com/acme/shop/v2/http.Serve.func1", "github.com/acme/shop/v2@v2.3.1/http/serve.go"),
        ("github.com/acme/http/v2.Serve.func1", "github.com/acme/http@v2.3.1+incompatible/serve.go"),
        ("github.com/acme/http/v2.Serve[...].func1", "github.com/acme/http/v2@v2.3.1/serve.go"),
        ("github.com/acme/http/v2.Serve.func1", "/src/acme/http/v2/serve.go"),
        ("shop/http.Serve.func1", "C:\\src\\shop\\http\\serve.go"),
    ],
)
def test_a_closure_goes_by_the_function_it_is_written_in(function: str, file: str) -> None:
    """Wherever that function was inlined, and from wherever its package was taken."""
    assert function_name(Frame(function, file, 3)) == "http.Serve.func"


def test_a_closure_of_a_method() -> None:
    """A pointer receiver tells methods of one name apart."""
    run = Frame("shop/jobs.(*Queue).Run.func1", "shop/jobs/queue.go", 3)
    assert function_name(run) == "jobs.(*Queue).Run.func"
    assert function_name(run._replace(function="main.main.(*Queue).Run.func3")) == "jobs.(*Queue).Run.func"


def test_a_closure_without_a_file() -> None:
    """Where the file is not known, the package is taken from the name."""
    assert function_name(Frame("shop/http.Serve.func1", "", 0)) == "shop/http.Serve.func"
    assert function_name(Frame("main.glob..func1", "main.go", 0)) == "main.init.func"


def test_a_leak_in_a_new_build_is_the_same_site() -> None:
    """Moved by ten lines, renumbered, inlined elsewhere, and from a newer module version: the id stays."""
    old = [
        Frame("github.com/x/lru.(*Cache[go.shape.string]).Add", "github.com/x/lru@v1.0.0/lru.go", 10),
        Frame("shop/jobs.Start.func1", "shop/jobs/jobs.go", 20),
        Frame("main.main", "shop/main.go", 30),
    ]
    new = [
        Frame("runtime.growslice", "runtime/slice.go", 5),
        Frame("github.com/x/lru/v2.(*Cache[...]).Add", "github.com/x/lru/v2@v2.1.0/lru.go", 20),
        Frame("main.main.Start.func4", "shop/jobs/jobs.go", 31),
        Frame("main.main", "shop/main.go", 42),
    ]
    assert stack_id(old) == stack_id(new)


@pytest.mark.parametrize(
    ("function", "file", "closure"),
    [
        ("main.publish", "shop/bus.go", "main.publish.func1"),
        ("shop/cart.(*Cart).Put", "/src/shop/cart/cart.go", "shop/cart.(*Cart).Put.func1.2"),
        ("shop/http.Serve", "/src/shop/http/server.go", "main.main.Serve.func2"),
        ("main.publish.func1", "shop/bus.go", "main.publish.func1.1"),
    ],
)
def test_closures_go_by_the_function_that_they_are_written_in(function: str, file: str, closure: str) -> None:
    """Also where that was inlined into another, and where it is a closure itself."""
    assert closure_name(Frame(function, file, 3)) == function_name(Frame(closure, file, 4))


def stack(*functions: str) -> list[Frame]:
    """A stack of these functions, leaf first; the lines differ with its depth."""
    return [Frame(function, "shop.go", len(functions) + number) for number, function in enumerate(functions)]


@pytest.mark.parametrize(
    ("one", "others", "caller"),
    [
        ("put load main", ["put save main"], "load"),
        ("put load main", ["put save main", "put load test"], "main"),
        ("put load main", ["put load"], "main"),
        ("put load", ["put load main"], None),
        ("put load", [], None),
    ],
)
def test_stacks_of_one_line_are_told_apart_by_a_caller(one: str, others: list[str], caller: str | None) -> None:
    """The innermost that none of the others has there, whatever the lines; none where the others go on."""
    found = told_apart(stack(*one.split()), [stack(*other.split()) for other in others], attrgetter("function"))
    assert (found and found.function) == caller
