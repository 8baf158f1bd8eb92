"""`leakdog run`: its options, and what it reads without a file."""

import argparse
from pathlib import Path

import pytest

from leakdog import cli, daemon
from leakdog.cli.run import config_loader, listen_address
from leakdog.detect import kernel as judging
from leakdog.errors import ConfigError
from leakdog.pprof import kernel as reading


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (("127.0.0.1", 5325), "127.0.0.1:5325"),
        (("localhost", 0), "localhost:0"),
        (("::1", 5325), "[::1]:5325"),
        (("0.0.0.0", 80), ":80"),
    ],
)
def test_an_address_is_host_and_port(expected: tuple[str, int], text: str) -> None:
    """Names, IPv4, IPv6 in brackets; no host means all addresses."""
    assert listen_address(text) == expected


@pytest.mark.parametrize("text", ["5325", "host", "host:", "host:port", "host:99999", "host:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """The message says what is wanted."""
    with pytest.raises(argparse.ArgumentTypeError, match="HOST:PORT"):
        listen_address(text)


def test_the_options_reach_the_daemon(monkeypatch, tmp_path: Path) -> None:
    """Address, heap option and configuration file are handed on; a good end is 0."""
    file = tmp_path / "leakdog.yml"
    file.write_text("scrape_configs: []\n")
    made: list[object] = []

    class Fake:
        def __init__(self, load: object, options: object) -> None:
            made.extend([load(), options])

        async def run(self) -> None:
            """Do nothing."""

    monkeypatch.setattr(daemon, "Daemon", Fake)
    arguments = ["--config", str(file), "--web.listen-address", "127.0.0.1:0", "--web.enable-pprof"]
    assert cli.main(["run", *arguments]) == 0
    config, options = made
    assert config.scrape_configs == ()
    assert options == daemon.Options("127.0.0.1", 0, expose_heap=True)


@pytest.mark.parametrize("part", [judging, reading])
def test_without_what_is_compiled_it_does_not_start(part, monkeypatch, capsys, tmp_path: Path) -> None:
    """A tree that was updated and not compiled again: it says what to do, and watches nothing that it cannot judge."""
    monkeypatch.setattr(daemon, "Daemon", lambda *_: pytest.fail("a daemon was made"))
    monkeypatch.setattr(part, "LIBRARY", tmp_path / "_kernel.so")
    reading.library.cache_clear()
    assert cli.main(["run"]) == cli.FAILED
    assert "install leakdog again" in capsys.readouterr().err
    monkeypatch.undo()
    reading.library.cache_clear()


def test_without_a_file_own_processes_are_watched(monkeypatch, tmp_path: Path) -> None:
    """The default configuration has one job: this user's local processes; data lie in the user's state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config = config_loader(None)()
    (job,) = config.scrape_configs
    assert job.process is not None
    assert job.process.user
    assert config.storage.path.startswith(str(tmp_path / "leakdog"))


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(ConfigError, match=r"nowhere\.yml"):
        config_loader(str(tmp_path / "nowhere.yml"))()
