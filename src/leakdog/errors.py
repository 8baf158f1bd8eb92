"""Everything that can go wrong, as one tree.

* LeakdogError
    * ConfigError            the configuration cannot be used; holds every problem found, each with its place
    * FetchError             a target did not give what was asked; `reason` is one of `Reason`
    * ProfileError           bytes that are not a profile we can use
        * MalformedProfile   broken: cut off, out of range, not decodable     (reason `decode`)
        * WrongProfile       something else: a page, a CPU profile, nothing   (reason `wrong_type`)
        * ProfileTooLarge    over a named limit                               (reason `body_too_large`)
    * StoreError             stored data cannot be read or written
        * StoreLocked        another daemon has this directory
        * StoreCorrupted     the file is damaged
        * StoreTooNew        written by a later version
    * NotCompiled            a part of leakdog that is compiled is missing, or of another version of it
    * UsageError             the command line was called with what means nothing
    * ApiError               the command line could not get an answer from a daemon
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LeakdogError(Exception):
    """Base of all errors that leakdog raises on purpose; its text is a sentence a person can act on."""


class Reason(StrEnum):
    """Why a scrape failed. The list is fixed: each is a label value of `leakdog_scrape_failures_total`."""

    TIMEOUT = "timeout"  # the whole scrape took longer than scrape_timeout
    DNS = "dns"  # the host name has no address
    CONNECT = "connect"  # refused, unreachable or reset before an answer
    TLS = "tls"  # certificate or handshake
    HTTP = "http"  # not HTTP, or headers too long
    HTTP_STATUS = "http_status"  # an answer other than 200
    REDIRECT_BLOCKED = "redirect_blocked"  # to another host, another scheme, or too often
    BODY_TOO_LARGE = "body_too_large"  # over a byte limit, before or after decompression, or over a count limit
    DECODE = "decode"  # an answer that breaks off; broken gzip, protobuf or text
    WRONG_TYPE = "wrong_type"  # well formed, but not what was asked for
    PROCESS_GONE = "process_gone"  # the local process has ended or may not be read


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration file. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """`file:line:column: message`, as compilers print it."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


class ConfigError(LeakdogError):
    """A configuration that cannot be used. `problems` lists all that was found, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


class FetchError(LeakdogError):
    """A target did not give what was asked of it.

    `reason` is from the fixed list, `detail` is for people, `status` is the HTTP status where one came, `ours`: leakdog
    itself lacked what it takes to ask, which tells nothing of the target.
    """

    def __init__(self, reason: Reason, detail: str, *, status: int | None = None, ours: bool = False) -> None:
        self.reason = reason
        self.detail = detail
        self.status = status
        self.ours = ours
        super().__init__(f"{reason.value}: {detail}")


class ProfileError(LeakdogError):
    """Bytes that are not a profile we can use."""

    reason = Reason.DECODE


class MalformedProfile(ProfileError):
    """The bytes break the format: cut off, index out of range, bad varint, bad line."""


class WrongProfile(ProfileError):
    """The bytes are well formed or at least recognisable, but are not the profile that was asked for."""

    reason = Reason.WRONG_TYPE


class ProfileTooLarge(ProfileError):
    """Decompressed bytes or message counts pass a named limit."""

    reason = Reason.BODY_TOO_LARGE


class StoreError(LeakdogError):
    """Stored data cannot be read or written."""


class StoreLocked(StoreError):
    """Another daemon holds this directory."""


class StoreCorrupted(StoreError):
    """The database file is damaged."""


class StoreTooNew(StoreError):
    """The database was written by a later version of leakdog."""


class NotCompiled(LeakdogError, ImportError):
    """A part of leakdog that is compiled is not there, or of another version of it."""


class UsageError(LeakdogError):
    """The command line was called with an argument that means nothing."""


class ApiError(LeakdogError):
    """The command line could not get an answer from a daemon."""
