"""The composition root: builds the rooms, starts them, answers signals, stops them in order."""

from leakdog.daemon.service import Daemon, Options

__all__ = ["Daemon", "Options"]
