"""Addresses and paths are what a URL can be made of, and nothing else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.config.addresses import is_port, parse_base_path, parse_host_port, parse_path


@pytest.mark.parametrize(
    "text",
    ["shop-1:6060", "shop:1", "a.b.example.net:65535", "db_1:80", "10.0.0.7:6060", "[::1]:6060", "[fe80::1]:1", "X:9"],
)
def test_an_address_stays_as_it_is(text: str) -> None:
    """Names, IPv4 and bracketed IPv6 with a port."""
    assert text == parse_host_port(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not host:port"),
        ("shop", "'shop' is not host:port"),
        (":6060", "':6060' is not host:port"),
        ("::1:6060", "'::1:6060' is not host:port"),
        ("shop:", "has the port ''; ports go from 1 to 65535"),
        ("shop:0", "has the port '0'"),
        ("shop:080", "has the port '080'"),
        ("shop:65536", "has the port '65536'"),
        ("shop:6060 ", "has the port '6060 '"),
        ("shop one:6060", "has the host 'shop one', which is no host name and no IP address"),
        ("1.2.3:6060", "has the host '1.2.3'"),
        ("[::1:6060", r"has the host '\[::1'"),
        ("[fe80::1%eth0]:6060", r"has the host '\[fe80::1%eth0\]'"),
        ("shop:6060/debug/pprof", "has a path; write 'shop:6060' here, the path goes to metrics_path or pprof_path"),
        ("http://shop:6060", "has a scheme; write 'shop:6060' here and 'scheme: http' in the job"),
        ("https://shop:6060/x", "has a scheme; write 'shop:6060' here and 'scheme: https' in the job"),
    ],
)
def test_what_is_no_address_is_told_where_it_belongs(text: str, message: str) -> None:
    """The message shows the part at fault, or the key to which it goes."""
    with pytest.raises(ValueError, match=message):
        parse_host_port(text)


@pytest.mark.parametrize("text", ["me:hunter2@shop:1", "http://hunter2@shop:1", "shop:1?token=hunter2"])
def test_secrets_in_an_address_are_not_repeated(text: str) -> None:
    """An address that holds a password is refused without showing it."""
    with pytest.raises(ValueError, match="write host:port alone") as error:
        parse_host_port(text)
    assert "hunter2" not in str(error.value)


def test_ports_are_bounded() -> None:
    """From 1 to 65535, without leading zeros."""
    assert [text for text in ("0", "1", "01", "65535", "65536", "-1", "", "x") if is_port(text)] == ["1", "65535"]


@pytest.mark.parametrize("text", ["", "/", "/metrics", "/metrics/", "/a/b-c_d.e~f", "/caf%C3%A9", "/café"])
def test_a_path_stays_as_it_is(text: str) -> None:
    """An empty text stands for no page at all; a slash at the end counts."""
    assert text == parse_path(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrics", "does not start with '/'"),
        ("http://shop/metrics", "does not start with '/'"),
        ("/a b", "has a space or '#' in it"),
        ("/a#b", "has a space or '#' in it"),
        ("/a\0", r"control character U\+0000"),
        ("/a?token=hunter2", "^'/a' is followed by URL parameters; write them under params of the job$"),
    ],
)
def test_what_is_no_path_is_refused(text: str, message: str) -> None:
    """Parameters go elsewhere, and their values are not repeated."""
    with pytest.raises(ValueError, match=message):
        parse_path(text)


@pytest.mark.parametrize(
    ("path", "text"), [("/debug/pprof", "/debug/pprof/"), ("/debug/pprof", "/debug/pprof"), ("/", "//"), ("", "")]
)
def test_a_base_path_ends_without_a_slash(path: str, text: str) -> None:
    """What is put below it brings its own; the root stays the root."""
    assert path == parse_base_path(text)


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    """No text raises anything else, and what is accepted has the form host:port."""
    with contextlib.suppress(ValueError):
        host, _, port = parse_host_port(text).rpartition(":")
        assert host
        assert is_port(port)
