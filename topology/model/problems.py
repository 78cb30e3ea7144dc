"""The one shape of every failure that a person or a program gets."""

import errno
import os
from enum import StrEnum

import msgspec


class Code(StrEnum):
    """The closed set of reasons. A client may switch on it; the words for people are in `Problem.message`."""

    INVALID = "invalid"  # a value that no kernel would take: a name too long, a prefix out of range
    UNKNOWN = "unknown"  # what the request points at is not there
    EXISTS = "exists"  # the name is taken
    CONFLICT = "conflict"  # somebody else changed the same thing since the base revision
    REFUSED = "refused"  # the kernel said no; `errno` and its words are in the problem
    UNSUPPORTED = "unsupported"  # this kernel cannot do it
    LIMIT = "limit"  # a limit of the lab was reached
    UNAVAILABLE = "unavailable"  # the agent, or the lab, is not running
    STORAGE = "storage"  # the database cannot keep it or read it
    DENIED = "denied"  # wrong token, wrong origin
    VERSION = "version"  # a document or a peer that is newer than this program
    INTERNAL = "internal"  # our own mistake


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, where, and what to do next.

    `subject` is a record id (`interface:ns0/veth0`) or, for a document, the JSON path (`$.namespaces.ns0.foo`).
    `message` is in the kernel's own words where there are any. `errno` is the positive number of errno(3). Of a chain, `rule` is the
    number of the rule (from 1), `span` where in its text the fault is: from, to, in characters. `at`: line and column in the text of a
    document, both from 1.
    """

    code: Code
    message: str
    subject: str | None = None
    hint: str | None = None
    errno: int | None = None
    rule: int | None = None
    span: tuple[int, int] | None = None
    at: tuple[int, int] | None = None
    causes: tuple["Problem", ...] = ()

    def __str__(self) -> str:
        where = f"{self.subject}: " if self.subject else ""
        return f"{where}{self.message}" + (f" ({self.hint})" if self.hint else "")


class ProblemError(Exception):
    """Carries a `Problem` through Python code. Turned back into the problem at one place of each process."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def invalid(message: str, subject: str | None = None, hint: str | None = None) -> ProblemError:
    """A `ProblemError` for a value that cannot be."""
    return ProblemError(Problem(code=Code.INVALID, message=message, subject=subject, hint=hint))


def unknown(message: str, subject: str | None = None, hint: str | None = None) -> ProblemError:
    """A `ProblemError` for something that is not there."""
    return ProblemError(Problem(code=Code.UNKNOWN, message=message, subject=subject, hint=hint))


def refused(number: int, subject: str, hint: str, message: str | None = None) -> ProblemError:
    """A `ProblemError` for what the kernel refuses with this errno(3), by default in the words of strerror(3)."""
    code = Code.EXISTS if number == errno.EEXIST else Code.REFUSED
    return ProblemError(Problem(code=code, message=message or os.strerror(number), subject=subject, hint=hint, errno=number))
