"""What leads to a target: `host:port` and the paths below it."""

from __future__ import annotations

import ipaddress
import re

from leakdog.config.words import printable, quoted

_PORT = re.compile("[1-9][0-9]{0,4}")
_HOST = re.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
LARGEST_PORT = 65535
HOST_PORT_PATTERN = "^[^@/\\s]+:[1-9][0-9]{0,4}$"
PATH_PATTERN = "^(/[^?#\\s]*)?$"


def parse_host_port(text: str) -> str:
    """`name:port`, `1.2.3.4:port` or `[v6]:port`, as it stands.

    Raises:
        ValueError: it is something else; a scheme, a path or a user name in it is told where it belongs.

    """
    if "@" in text or "?" in text:  # not repeated in the message: a password may be in it
        raise ValueError("an address has no user name and no URL parameters; write host:port alone")
    scheme, has_scheme, rest = text.partition("://")
    if has_scheme:
        address = quoted(rest.partition("/")[0])
        raise ValueError(f"{quoted(text)} has a scheme; write {address} here and 'scheme: {scheme}' in the job")
    address, has_path, _ = text.partition("/")
    if has_path:
        hint = "the path goes to metrics_path or pprof_path of the job"
        raise ValueError(f"{quoted(text)} has a path; write {quoted(address)} here, {hint}")
    host, _, port = text.rpartition(":")
    if not host or (":" in host and not host.startswith("[")):
        raise ValueError(f"{quoted(text)} is not host:port; write it like shop-1:6060 or '[::1]:6060'")
    if not is_port(port):
        raise ValueError(f"{quoted(text)} has the port {quoted(port)}; ports go from 1 to {LARGEST_PORT}")
    if not _is_host(host):
        raise ValueError(f"{quoted(text)} has the host {quoted(host)}, which is no host name and no IP address")
    return text


def is_port(text: str) -> bool:
    """Whether it is a TCP port, written without leading zeros."""
    return bool(_PORT.fullmatch(text)) and int(text) <= LARGEST_PORT


def parse_path(text: str) -> str:
    """The path part of a URL, or an empty text.

    Raises:
        ValueError: it does not start with a slash, or holds what does not belong to a path.

    """
    if text and not text.startswith("/"):
        raise ValueError(f"{quoted(text)} does not start with '/'; write it like /metrics, or \"\" to read none")
    path, has_parameters, _ = text.partition("?")
    if has_parameters:  # not repeated in the message: a token may be among them
        raise ValueError(f"{quoted(path)} is followed by URL parameters; write them under params of the job")
    if re.search(r"[#\s]", text):
        raise ValueError(f"{quoted(text)} has a space or '#' in it; write them as %20 and %23")
    return printable(text)


def parse_base_path(text: str) -> str:
    """A path that others are put below: slashes at its end are dropped.

    Raises:
        ValueError: as `parse_path`.

    """
    path = parse_path(text)
    return path.rstrip("/") or path[:1]


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return host.endswith("]") and "%" not in host and bool(ipaddress.IPv6Address(host[1:-1]))
        if re.fullmatch("[0-9.]+", host):
            return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    return _HOST.fullmatch(host) is not None
