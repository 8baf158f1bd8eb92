"""What runs where no file is given: this user's own processes, watched by their memory."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from leakdog.config.schema import Config, ProcessConfig, ScrapeConfig, StorageConfig


def default_config(user: str, state_directory: str) -> Config:
    """One job that reads every local process of `user`; the database is kept in `state_directory`."""
    job = ScrapeConfig(
        job_name="processes",
        metrics_path="",
        pprof_path="",
        profiles=(),
        process=ProcessConfig(user=user),
    )
    return Config(storage=StorageConfig(path=state_directory), scrape_configs=(job,))


def default_config_here() -> Config:
    """`default_config` for whoever runs this, below `$XDG_STATE_HOME` or `~/.local/state`."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return default_config(user_name(), str(base / "leakdog"))


def user_name() -> str:
    """The name of the user that runs this; the id where it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
