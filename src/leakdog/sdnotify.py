"""What systemd wants to know of a `Type=notify` service: a datagram to the socket it names. See sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send `state` (such as `READY=1`) to systemd; nothing where systemd did not start this process.

    A socket that cannot be written to is not a reason to stop watching, so that is passed over: systemd notices the
    missing message by itself.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket: its name starts with NUL
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.connect(address)
            sender.send(state.encode())
        except OSError:
            return


def watchdog_interval_seconds() -> float | None:
    """Seconds within which systemd wants a sign of life from this process; None if it wants none."""
    usec, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6
