"""The pages in a real browser: they show the leak, break none of their own rules, and follow light and dark."""

from __future__ import annotations

import asyncio
import html
import json
import re
import struct
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from leakdog.attribute.case import Finding
from leakdog.config.schema import Backend, ScrapeConfig, StorageConfig
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Life,
    Scrape,
    Signal,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.sites import Site, Sites
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.store import open_store
from leakdog.web.server import Server

KEY = TargetKey("shop", "10.0.0.7:6060")
FRAME = Frame("shop/cart.(*Sessions[<script>alert(1)</script>]).Put", "/src/cart/sessions.go", 88)
BEGUN = time.time() - 300  # pages show the last day
LIFE = Life(BEGUN, BEGUN)
LEAK = Leak(
    id="9f1c0a7be2d4",
    key=KEY,
    signal=Signal.INUSE_SPACE,
    leak_class=LeakClass.HEAP,
    state=LeakState.FIRING,
    since=BEGUN + 30,
    updated=BEGUN + 120,
    growth_per_second=310.0,
    interval=(290.0, 330.0),
    time_to_limit_seconds=3600.0,
    reasons=("grew 36 KiB in 2 min",),
    culprits=(Culprit("5b0c9d2e11aa", FRAME, 0.9, 279.0, (FRAME,)),),
)
FILLS = TargetKey("shop", "10.0.0.8:6060")
LONG = TargetKey("shop", "checkout_worker_7d9f8b6c5d_x2x9q.checkout.svc.cluster.local:6060")
BROWSER = [
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
]


def filling() -> Watched:
    """A target whose cache still fills, with the objects of its sites and what it was asked."""
    said = Assessment(Signal.INUSE_SPACE, BEGUN, Verdict.SETTLING, growth_per_second=310.0)
    sites = Sites(Signal.INUSE_OBJECTS, other=7.0)
    sites.followed[1] = Site("5b0c", FRAME, 4500.0)
    return Watched(
        Target(FILLS),
        ScrapeConfig(job_name="shop"),
        up=True,
        life=LIFE,
        values={Signal.INUSE_SPACE: 8e7},
        verdicts={Signal.INUSE_SPACE: said.verdict},
        assessments={Signal.INUSE_SPACE: said},
        harmless=(Finding(LeakClass.CACHE, Signal.INUSE_SPACE, said, ("it will settle near 210 MiB in 14 h",)),),
        sites={Signal.INUSE_OBJECTS: sites},
        cost=defaultdict(Cost, {"heap": Cost(requests=1200, bytes=9000, collections=7, seconds=3.0)}),
    )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Pages over one leaking target with two minutes of numbers."""
    store = open_store(StorageConfig(backend=Backend.MEMORY))
    for second in range(120):
        now = BEGUN + second
        await store.append(Scrape(KEY, now, now, LIFE, {Signal.INUSE_SPACE: 8e7 + 310.0 * second, Signal.RSS: 1e8}))
    watched = Watched(
        Target(KEY),
        ScrapeConfig(job_name="shop"),
        up=True,
        life=LIFE,
        values={Signal.INUSE_SPACE: 8e7},
        leaks={LeakClass.HEAP: LEAK},
        cost=defaultdict(Cost, {"heap": Cost(requests=2400)}),
    )
    long = Watched(
        Target(LONG), ScrapeConfig(job_name="shop"), up=False, last_error=f"dns: {LONG.instance} has no address"
    )
    made = Server(Fleet(targets={KEY: watched, FILLS: filling(), LONG: long}), store)
    await made.start("127.0.0.1", 0)
    yield made
    await made.stop()
    await store.close()


# A page in a frame as wide as a screen, and where its pictures and their texts lie.
SCREEN = """<body><iframe width=WIDTH height=3000 style="border: 0"></iframe><pre></pre><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
  const page = frame.contentDocument, box = each => each.getBoundingClientRect();
  const told = each => ({text: each.textContent, left: box(each).left, right: box(each).right, high: box(each).height});
  document.querySelector("pre").textContent = JSON.stringify({
    page: page.documentElement.scrollWidth,
    charts: [...page.querySelectorAll(".chart")].map(each => [each.scrollWidth, each.clientWidth]),
    tables: [...page.querySelectorAll(".wide")].map(each => [each.scrollWidth, each.clientWidth]),
    texts: [...page.querySelectorAll("svg text")].filter(each => each.getClientRects().length).map(told)});
};
fetch("URL").then(got => got.text()).then(page => frame.srcdoc = page.replace("<head>", "<head><base href='URL'>"));
</script></body>"""


async def browse(server: Server, path: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """The document as the browser holds it after loading, and what the browser logged."""
    return await open_in_browser(f"http://127.0.0.1:{server.port}{path}", folder, *arguments)


async def open_in_browser(url: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """The same for any address."""
    command = [*BROWSER, f"--user-data-dir={folder / 'profile'}", *arguments, url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, log = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, log.decode(errors="replace")
    return out.decode(), log.decode(errors="replace")


@pytest.mark.parametrize(
    ("path", "shows"),
    [
        ("/", ["1 leaking", "shop/10.0.0.7:6060", "18.2 KiB/min", "firing"]),
        ("/targets/shop/10.0.0.7%3A6060", ["memory", "heap leak, firing", "<polyline", "<polygon", "inuse space"]),
        ("/", ["shop/10.0.0.8:6060", "cache still fills"]),
        ("/targets/shop/10.0.0.8%3A6060", ["it will settle near 210 MiB in 14 h", "Code, by inuse objects", "4,500"]),
        ("/targets/shop/10.0.0.8%3A6060", ["What watching it has cost", "1,200", "8.79 KiB"]),
        ("/leaks/9f1c0a7be2d4", ["What watching it has cost", "2,400", "Forced collections"]),
        ("/leaks/9f1c0a7be2d4", ["18.2 KiB/min", "grew 36 KiB in 2 min", "sessions.go:88", "<polyline"]),
    ],
)
async def test_a_page_shows_the_leak_and_nothing_is_refused(
    server: Server, tmp_path: Path, path: str, shows: list[str]
) -> None:
    """The browser shows what matters, runs no script from a name, and logs no breach of the page's own policy."""
    document, log = await browse(server, path, tmp_path, "--dump-dom")
    assert [text for text in shows if text not in document] == []
    assert "<script" not in document
    assert re.findall(r"Refused to [^\n]*|Content Security Policy[^\n]*", log) == []


async def test_months_are_shown_with_their_range(tmp_path: Path) -> None:
    """Numbers that have grown old are a band with the mean in it, and a table; the browser refuses none of it."""
    store = open_store(StorageConfig(path=str(tmp_path / "data")))
    for number in range(864):
        time = LIFE.start_time + 300.0 * number
        await store.append(Scrape(KEY, time, time, LIFE, {Signal.INUSE_SPACE: 8e7 + 1e6 * (number % 12)}))
    for _ in range(3):  # sealed, folded to five minutes, then to an hour
        await store.retain(LIFE.start_time + 20 * 86400.0)
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, life=LIFE, leaks={LeakClass.HEAP: LEAK})
    server = Server(Fleet(targets={KEY: watched}), store)
    await server.start("127.0.0.1", 0)
    document, log = await browse(server, "/leaks/9f1c0a7be2d4", tmp_path, "--dump-dom")
    await server.stop()
    await store.close()
    assert 'class="band"' in document
    assert "lowest 76.3 MiB, mean 81.5 MiB, highest 86.8 MiB, last " in document
    assert document.count("<td") == 24 * 6 + document.partition("<details>")[0].count("<td")
    assert re.findall(r"Refused to [^\n]*|Content Security Policy[^\n]*", log) == []


async def test_the_style_is_really_applied(server: Server, tmp_path: Path) -> None:
    """The picture of a page is not the same in light and in dark: the style sheet is loaded and follows the system."""
    pictures = []
    for scheme in ("light", "dark"):
        file = tmp_path / f"{scheme}.png"
        flag = [f"--blink-settings=preferredColorScheme={'1' if scheme == 'light' else '0'}"]
        await browse(server, "/", tmp_path, f"--screenshot={file}", "--window-size=400,800", *flag)
        pictures.append(file.read_bytes())
    assert struct.unpack(">II", pictures[0][16:24]) == (400, 800)
    assert pictures[0] != pictures[1]


async def on_a_screen(server: Server, path: str, folder: Path, width: int = 390) -> Any:
    """How wide a page is on a phone, or a screen of that width, and where its pictures and their texts lie."""
    page = SCREEN.replace("URL", f"http://127.0.0.1:{server.port}{path}").replace("WIDTH", str(width))
    (folder / "screen.html").write_text(page)
    address = (folder / "screen.html").as_uri()
    document, _ = await open_in_browser(address, folder, "--disable-web-security", "--dump-dom")
    (told,) = re.findall(r"<pre>(.+)</pre>", document)
    return json.loads(html.unescape(told))


@pytest.mark.parametrize("path", ["/?refresh=off", f"/targets/shop/{quote(LONG.instance, safe='')}"])
async def test_on_a_phone_long_names_are_seen_as_a_whole(server: Server, tmp_path: Path, path: str) -> None:
    """They are broken, where they would make the page wider than the phone is."""
    assert (await on_a_screen(server, path, tmp_path))["page"] == 390


async def test_on_a_desk_a_long_name_hides_no_column(server: Server, tmp_path: Path) -> None:
    """How the targets are is seen without scrolling, also where one of them has a name as long as in Kubernetes."""
    seen = await on_a_screen(server, "/?refresh=off", tmp_path, 1024)
    assert len(seen["tables"]) == 2
    assert all(whole <= shown for whole, shown in seen["tables"])


@pytest.mark.parametrize("path", ["/leaks/9f1c0a7be2d4", "/targets/shop/10.0.0.7%3A6060"])
async def test_on_a_phone_a_chart_is_seen_as_a_whole(server: Server, tmp_path: Path, path: str) -> None:
    """Nothing has to be scrolled to its side, and the scale is there, in a size that can be read."""
    seen = await on_a_screen(server, path, tmp_path)
    assert seen["page"] == 390
    assert seen["charts"]
    assert all(whole <= shown for whole, shown in seen["charts"])
    assert any(each["text"].endswith("MiB") for each in seen["texts"])
    assert [each for each in seen["texts"] if each["left"] < 0 or each["right"] > 390 or each["high"] < 9] == []
