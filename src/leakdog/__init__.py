"""leakdog: a memory-leak watchdog for running services."""

__version__ = "0.1.0"
