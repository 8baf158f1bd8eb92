"""The documentation says what there is, all of it and nothing else."""

import argparse
import re
from pathlib import Path

import pytest

from leakdog import cli
from leakdog.config.schema import Backend, StorageConfig
from leakdog.pipeline.state import Fleet
from leakdog.store import open_store
from leakdog.web.server import Server

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted((DOCS / "decisions").glob("*.md")),
]


def options(parser: argparse.ArgumentParser, name: str) -> dict[str, set[str]]:
    """Long options by verb, sub-verbs included."""
    found = {name: set()}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner, sub in action.choices.items():
                found |= options(sub, f"{name} {inner}".strip())
        else:
            found[name] |= {
                option for option in action.option_strings if option.startswith("--") and option != "--help"
            }
    return found


def test_every_verb_and_option_is_documented_and_no_other() -> None:
    """docs/cli.md has a section for each verb with exactly its options."""
    sections = re.split(r"^#+ `leakdog (.*)`$", (DOCS / "cli.md").read_text(), flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    documented = {verb: set(re.findall(r"^\| `(--[\w.-]+)`", body, re.MULTILINE)) for verb, body in pairs}
    there_are = {verb: found for verb, found in options(cli.parser(), "").items() if verb}
    assert documented == there_are


async def test_every_path_is_documented_and_no_other() -> None:
    """docs/api.md lists exactly the paths that the server answers."""
    store = open_store(StorageConfig(backend=Backend.MEMORY))
    server = Server(Fleet(), store, heap_profile=lambda gc: b"")
    await server._runner.setup()
    routes = server._runner.app.router.routes()
    there_are = {(route.method, route.resource.canonical) for route in routes if route.method != "HEAD"}
    await server.stop()
    await store.close()
    documented = re.findall(r"^\| `([A-Z]+) (\S+)`", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert set(documented) == there_are


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link to a file of the project leads to one."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_decisions_are_numbered_one_by_one() -> None:
    """Each decision has a number of its own, without gaps, and begins with it."""
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(path.read_text().startswith(f"# {number}. ") for number, path in zip(numbers, decisions, strict=True))


@pytest.mark.parametrize("name", ["rooms", "files"])
def test_the_tour_names_every_room(name: str) -> None:
    """docs/architecture.md names each room of the house, and no room that does not exist."""
    source = ROOT / "src" / "leakdog"
    tour = (DOCS / "architecture.md").read_text()
    if name == "rooms":
        rooms = {path.name for path in source.iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert {room for room in rooms if f"`{room}/`" not in tour} == set()
    else:
        named = set(re.findall(r"`(\w+\.py)`", tour))
        assert {file for file in named if not (list(source.rglob(file)) or (ROOT / file).exists())} == set()
