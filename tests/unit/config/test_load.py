"""Files in testdata: `NAME.good.yml` load, `NAME.bad.yml` give exactly the problems listed in problems.txt."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakdog.config import load as module
from leakdog.config.keys import keys_of
from leakdog.config.load import default_config, load, loads
from leakdog.config.schema import (
    Backend,
    Config,
    DetectionConfig,
    GlobalConfig,
    IntervalsConfig,
    Preset,
    ProcessConfig,
    RetentionConfig,
    ScrapeConfig,
    StaticConfig,
    StorageConfig,
)
from leakdog.errors import ConfigError
from leakdog.model import Kind

TESTDATA = Path(__file__).parent / "testdata"
EXAMPLES = Path(__file__).parents[3] / "config"
MIB = 1 << 20


def expected_problems() -> dict[str, list[str]]:
    """The table of testdata/problems.txt: a name, and its problems indented below it."""
    blocks = (TESTDATA / "problems.txt").read_text().strip().split("\n\n")
    return {name: problems for name, *problems in (block.replace("\n    ", "\n").split("\n") for block in blocks)}


EXPECTED = expected_problems()


def test_every_bad_file_has_its_problems_listed() -> None:
    """The table and the directory name the same files, and there are many."""
    assert set(EXPECTED) == {path.name.removesuffix(".bad.yml") for path in TESTDATA.glob("*.bad.yml")}
    assert len(EXPECTED) >= 50


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bad_file_gives_exactly_its_problems(name: str) -> None:
    """All problems of a file come at once, in its order, each with its place, what is wrong and what is allowed."""
    path = str(TESTDATA / f"{name}.bad.yml")
    with pytest.raises(ConfigError) as error:
        load(path)
    assert EXPECTED[name] == [str(problem).removeprefix(f"{path}:") for problem in error.value.problems]


def test_no_secret_is_repeated_in_a_problem() -> None:
    """The password that bad files hold in addresses, paths and parameters is in no message."""
    holding = {path.name for path in TESTDATA.glob("*.bad.yml") if "hunter2" in path.read_text()}
    assert holding == {"params.bad.yml", "path.bad.yml", "target_credentials.bad.yml"}
    assert "hunter2" not in (TESTDATA / "problems.txt").read_text()


@pytest.mark.parametrize("name", ["empty_list", "empty_mapping", "empty_value"])
def test_a_configuration_may_watch_nothing(name: str) -> None:
    """An empty list of jobs, none at all, and an empty mapping are all defaults."""
    assert load(str(TESTDATA / f"{name}.good.yml")) == Config()


def test_every_key_is_read() -> None:
    """A file that holds every key gives every value, in seconds and bytes."""
    assert load(str(TESTDATA / "full.good.yml")) == Config(
        global_=GlobalConfig(
            scrape_interval=15.0, scrape_timeout=1.5, body_size_limit=64 * MIB, max_concurrent_scrapes=8
        ),
        storage=StorageConfig(
            backend=Backend.MEMORY,
            path="/var/lib/leakdog",
            retention=RetentionConfig(time=7 * 86400.0, size=1536 * MIB),
        ),
        detection=DetectionConfig(
            preset=Preset.PRODUCTION,
            hold_time=0.0,
            min_growth_ratio=0.1,
            min_growth_bytes=0,
            min_growth_count=50,
        ),
        scrape_configs=(
            ScrapeConfig(
                job_name="shop",
                scheme="https",
                scrape_interval=90.0,
                scrape_timeout=60.0,
                body_size_limit=MIB,
                metrics_path="",
                pprof_path="/internal/pprof",
                profiles=(Kind.HEAP, Kind.MUTEX),
                params={"tenant": ("main",), "shard": ("1", "2", "on", "1:30")},
                static_configs=(
                    StaticConfig(
                        targets=("shop-1:6060", "10.0.0.7:6060", "[::1]:6060"),
                        labels={"zone": "eu-1", "rack": "007", "canary": "true"},
                    ),
                    StaticConfig(targets=()),
                ),
                process=ProcessConfig(
                    pid=4711,
                    pidfile="/run/shop.pid",
                    name="shop",
                    cmdline=r"worker\.py --queue",
                    systemd_unit="shop.service",
                    port=6060,
                    user="on",
                ),
                memory_limit=512 * MIB,
                intervals=IntervalsConfig(
                    metrics=300.0,
                    process=300.0,
                    heap=300.0,
                    goroutine=300.0,
                    goroutineleak=3600.0,
                    allocs=3600.0,
                    threadcreate=3600.0,
                    block=3600.0,
                    mutex=3600.0,
                ),
            ),
        ),
    )


def test_merge_keys_fill_in_what_a_job_does_not_say() -> None:
    """A key of the job wins over a merged one, and of two merged mappings the first."""
    shop, cart, stock = load(str(TESTDATA / "merge.good.yml")).scrape_configs
    targets = (StaticConfig(targets=("shop-1:6060",)),)
    common = {"params": {"tenant": ("main",)}, "static_configs": targets}
    assert shop == ScrapeConfig(job_name="shop", scrape_interval=15.0, **common)
    assert cart == ScrapeConfig(job_name="cart", scrape_interval=30.0, **common)
    assert stock == ScrapeConfig(job_name="stock", scheme="https", scrape_interval=15.0, **common)


def test_json_is_read_too() -> None:
    """A JSON file, tabs and all, is a configuration."""
    config = load(str(TESTDATA / "json.good.yml"))
    assert config.global_.scrape_interval == 15.0
    assert config.scrape_configs[0].static_configs == (StaticConfig(targets=("shop-1:6060",)),)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yml")), ids=lambda path: path.name)
def test_the_examples_load(path: Path) -> None:
    """Every file in config/ is valid and watches something."""
    assert load(str(path)).scrape_configs


def test_the_commented_jobs_of_the_example_load_too() -> None:
    """With its job examples uncommented, config/leakdog.yml is still valid."""
    text = (EXAMPLES / "leakdog.yml").read_text()
    head, jobs = text.split("scrape_configs:")
    opened = "\n".join(
        line.replace("  # ", "  ", 1) if line.startswith(("  # - ", "  #   ")) else line for line in jobs.split("\n")
    )
    names = [job.job_name for job in loads(f"{head}scrape_configs:{opened}", "f").scrape_configs]
    assert names == ["leakdog", "shop", "billing", "search", "postgresql", "workers"]


def test_the_server_example_fits_the_systemd_unit() -> None:
    """The example for servers keeps its data where the unit lets it write."""
    assert load(str(EXAMPLES / "leakdog.yml")).storage.path == "/var/lib/leakdog"


def test_a_file_that_is_not_there_is_a_problem_of_the_whole_file(tmp_path: Path) -> None:
    """The system's reason is passed on, without a line."""
    path = tmp_path / "none.yml"
    with pytest.raises(ConfigError) as error:
        load(str(path))
    message = "the configuration cannot be read: No such file or directory; check the path and its permissions"
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize(("path", "reason"), [("/", "Is a directory"), ("a\0b", "embedded null byte")])
def test_what_cannot_be_read_is_a_problem(path: str, reason: str) -> None:
    """A directory, and a path that no system call takes, are told like any other problem."""
    with pytest.raises(ConfigError, match=reason):
        load(path)


def test_other_encodings_are_refused_with_the_place(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is told by value and place."""
    path = tmp_path / "latin1.yml"
    path.write_bytes(b"storage:\n  path: /srv/caf\xe9\n")
    with pytest.raises(ConfigError) as error:
        load(str(path))
    assert str(error.value) == f"{path}:2:17: the byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    """Files from editors that write one load, and columns do not count it."""
    path = tmp_path / "bom.yml"
    path.write_bytes(b"\xef\xbb\xbfscrape_configs: []\n")
    assert load(str(path)) == Config()


def test_an_endless_file_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit is read of a file."""
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1 << 20)
    with pytest.raises(ConfigError) as error:
        load("/dev/zero")
    assert str(error.value) == "/dev/zero: the file is larger than 1 MiB, which no configuration is"


@pytest.mark.parametrize(
    ("text", "interval", "timeout"),
    [
        ("{}", 60.0, 10.0),
        ("global: {scrape_interval: 5s}", 5.0, 5.0),
        ("global: {scrape_interval: 20s}", 20.0, 10.0),
        ("detection: {preset: soak}", 1.0, 1.0),
        ("{detection: {preset: soak}, global: {scrape_interval: 2s}}", 2.0, 2.0),
        ("{detection: {preset: soak}, global: {scrape_timeout: 500ms}}", 1.0, 0.5),
    ],
)
def test_interval_and_timeout_follow_what_is_given(text: str, interval: float, timeout: float) -> None:
    """Under soak the interval is a second unless given; a timeout left out never passes the interval."""
    config = loads(text, "f")
    assert (interval, timeout) == (config.global_.scrape_interval, config.global_.scrape_timeout)


def test_without_a_file_the_users_own_processes_are_watched() -> None:
    """The default has one job that reads local processes and nothing else, and can be written as a file."""
    config = default_config("ada", "/home/ada/.local/state/leakdog")
    (job,) = config.scrape_configs
    assert job.process == ProcessConfig(user="ada")
    assert (job.metrics_path, job.pprof_path, job.static_configs) == ("", "", ())
    assert config.storage == StorageConfig(path="/home/ada/.local/state/leakdog")


SECTIONS = (Config, GlobalConfig, StorageConfig, DetectionConfig, ScrapeConfig, StaticConfig, ProcessConfig)
KEYS = st.sampled_from([*(name for section in SECTIONS for name in keys_of(section)), "<<", "x"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["1m", "2GB", "shop:1", "http://shop:1", "heap", "(", "/x", "soak", ""])
    | st.text()
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)


@given(TREES)
def test_any_tree_loads_or_is_a_list_of_problems(tree: object) -> None:
    """Whatever the shape and the values under known keys, there is no third way."""
    _loads_or_tells(json.dumps(tree, ensure_ascii=False))


@given(st.text() | st.text(alphabet="&*a:<[]{}-,!|>#'\"%@ \n\t?"))
@example("\ud800")
@example('a: "\\ud800"')
@example("%YAML 9.9\n---\n")
@example("? \n:\n")
@example("&a *a")
def test_any_text_loads_or_is_a_list_of_problems(text: str) -> None:
    """Whatever the text, there is no third way."""
    _loads_or_tells(text)


def _loads_or_tells(text: str) -> None:
    try:
        loads(text, "f")
    except ConfigError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in problems)
    assert list(problems) == sorted(problems, key=lambda one: (one.line, one.column))
