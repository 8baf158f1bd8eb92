"""A target of paper: answers by path, and says what it was asked."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from leakdog.config.schema import Backend, Config, DetectionConfig, GlobalConfig, Preset, ScrapeConfig, StorageConfig
from leakdog.errors import FetchError, Reason, StoreError
from leakdog.fetch.http import Response
from leakdog.model import Assessment, Signal, Target, TargetKey
from leakdog.pipeline.state import Watched

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
METRICS = b"process_resident_memory_bytes 5e6\nprocess_start_time_seconds 1000\ngo_memstats_heap_alloc_bytes 4e6\n"


class Paper:
    """Stands in for the HTTP client. `pages` maps a path (with its query, if any) to a body or an error."""

    def __init__(self, pages: dict[str, bytes | FetchError]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def get(
        self, url: str, *, params: Mapping[str, Sequence[str]], timeout_seconds: float, limit_bytes: int
    ) -> Response:
        """Answer as the page does."""
        query = "&".join(f"{name}={value}" for name, values in params.items() for value in values)
        path = url.partition("//")[2].partition("/")[2]
        asked = f"/{path}?{query}" if query else f"/{path}"
        self.asked.append(asked)
        missing = FetchError(Reason.HTTP_STATUS, f"{url} answered 404", status=404)
        found = self.pages.get(asked, self.pages.get(f"/{path}", missing))
        if isinstance(found, FetchError):
            raise found
        return Response(200, found, "", 0.0)


class Unreadable(Mapping[Signal, Assessment]):
    """Assessments of series that were put away on a disk that has broken since."""

    def __getitem__(self, signal: Signal) -> Assessment:
        """Fail."""
        raise StoreError("reading back what the detector knows: I/O error; it starts afresh")

    def __iter__(self) -> Iterator[Signal]:
        """Of the heap."""
        return iter([Signal.INUSE_SPACE])

    def __len__(self) -> int:
        """Of one signal."""
        return 1


@pytest.fixture
def unreadable() -> Unreadable:
    """What is said of a target whose series cannot be read back."""
    return Unreadable()


@pytest.fixture
def heap() -> bytes:
    """A heap profile of a real Go program."""
    return (SHOP / "heap-1.pb.gz").read_bytes()


@pytest.fixture
def goroutine() -> bytes:
    """A goroutine profile of a real Go program."""
    return (SHOP / "goroutine-1.pb.gz").read_bytes()


@pytest.fixture
def pages(heap: bytes, goroutine: bytes) -> dict[str, bytes | FetchError]:
    """A Go program with a metrics page."""
    return {"/debug/pprof/heap": heap, "/debug/pprof/goroutine": goroutine, "/metrics": METRICS}


@pytest.fixture
def config() -> Config:
    """One job, judged as a soak run, kept in memory."""
    return Config(
        global_=GlobalConfig(scrape_interval=1.0, scrape_timeout=1.0),
        storage=StorageConfig(backend=Backend.MEMORY),
        detection=DetectionConfig(preset=Preset.SOAK),
        scrape_configs=(ScrapeConfig(job_name="shop"),),
    )


@pytest.fixture
def watched(config: Config) -> Watched:
    """A target at an address that is not this machine's, so no local process is looked for."""
    return Watched(
        Target(TargetKey("shop", "10.0.0.7:6060"), base_url="http://10.0.0.7:6060"), config.scrape_configs[0]
    )


@pytest.fixture
def paper(pages: dict[str, bytes | FetchError]) -> Paper:
    """The target's answers."""
    return Paper(pages)
