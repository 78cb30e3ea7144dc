"""What a database says when it cannot, as a problem with the words of the operating system and what to do."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from topology.model.problems import Code, Problem, ProblemError


class _Words(NamedTuple):
    """`number`: errno(3) whose words say it; 0: the database's own words."""

    hint: str
    number: int = 0


_ROOM = "make room where the database is, and try again: nothing that was acknowledged is lost"
_DAMAGED = "stop the server, keep the file, and restore a backup: vethboard restore FILE (docs/operations.md)"

_SQLITE: dict[str, _Words] = {
    "SQLITE_FULL": _Words(_ROOM, errno.ENOSPC),
    "SQLITE_READONLY": _Words("the server's user must be able to write the state directory and all files in it"),
    "SQLITE_CANTOPEN": _Words("the state directory must be there, and the server's user must be able to write it"),
    "SQLITE_IOERR": _Words("the disk is full or fails: see dmesg, and df where the database is"),
    "SQLITE_CORRUPT": _Words(_DAMAGED),
    "SQLITE_NOTADB": _Words(_DAMAGED),
    "SQLITE_BUSY": _Words("another program holds the database: end it (fuser FILE names it)"),
    "SQLITE_LOCKED": _Words("another program holds the database: end it (fuser FILE names it)"),
}
"""By the first two parts of the error's name (https://sqlite.org/rescode.html)."""

_POSTGRESQL: dict[str, _Words] = {
    "53100": _Words(_ROOM),
    "53300": _Words("raise max_connections of PostgreSQL, or end other clients"),
    "25006": _Words("the database is a standby, or set to read only: give --database the primary"),
    "28": _Words("user and password are part of the address: --database postgresql+psycopg://USER:PASSWORD@HOST/NAME"),
    "3D": _Words("make it first: createdb NAME"),
    "42501": _Words("the user needs the right to make tables in this database: GRANT CREATE ON SCHEMA public TO USER"),
    "XX": _Words("PostgreSQL has found its data damaged: see its log, and restore a backup: vethboard restore FILE"),
}
"""By SQLSTATE or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

_FATAL = {"does not exist": "3D", "authentication failed": "28", "no pg_hba.conf entry": "28", "too many clients": "53300"}
"""What PostgreSQL says when it refuses a connection, where libpq passes on no SQLSTATE."""

_UNREACHABLE = _Words("is PostgreSQL running, and the address that --database gives the right one?")
_REPORT = _Words("see the server's log; if it stays so, please report it")


def storage_problem(message: str, hint: str, number: int | None = None) -> ProblemError:
    """A `ProblemError` for what cannot be kept or read."""
    return ProblemError(Problem(code=Code.STORAGE, message=message, hint=hint, errno=number))


def is_lost(error: BaseException) -> bool:
    """Whether the connection to PostgreSQL was lost, refused, or closed by its end (classes 08 and 57P)."""
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    state = _state_of(error)
    if not state:
        return error.connection_invalidated or type(error.orig).__name__ == "OperationalError"
    return state.startswith(("08", "57P0"))


def _state_of(error: DBAPIError) -> str:
    """SQLSTATE, or empty."""
    found = next((state for words, state in _FATAL.items() if words in str(error.orig)), "")
    return str(getattr(error.orig, "sqlstate", None) or found)


def name_of(error: BaseException) -> str:
    """`SQLITE_FULL` of an error of SQLite, without its extension (`SQLITE_IOERR_WRITE` is `SQLITE_IOERR`); else empty."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    return "_".join(str(getattr(orig, "sqlite_errorname", "")).split("_")[:2])


def problem_error(error: SQLAlchemyError | sqlite3.Error | OSError, file: Path | None) -> ProblemError:
    """What happened, for people; `file` is the database where that is SQLite."""
    if isinstance(error, OSError):
        return storage_problem(f"{error.filename or file}: {error.strerror}", _SQLITE["SQLITE_CANTOPEN"].hint, error.errno)
    if isinstance(error, PoolTimeoutError):
        return storage_problem("the database did not answer in time", "it is busy: try again")
    orig = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(orig, sqlite3.Error):
        return _of_sqlite(orig, file)
    lines = str(orig or error).strip().splitlines()
    if not isinstance(error, DBAPIError):
        return storage_problem(lines[0] if lines else type(error).__name__, _REPORT.hint)
    words = _of_state(_state_of(error), is_lost(error))
    return storage_problem(f"PostgreSQL: {lines[0] if lines else type(orig).__name__}", words.hint)


def _of_state(state: str, lost: bool) -> _Words:
    for prefix in (state, state[:2]):
        if prefix in _POSTGRESQL:
            return _POSTGRESQL[prefix]
    return _UNREACHABLE if lost else _REPORT


def _of_sqlite(error: sqlite3.Error, file: Path | None) -> ProblemError:
    words = _SQLITE.get(name_of(error), _REPORT)
    number = words.number or (_probe(file) if name_of(error) == "SQLITE_CANTOPEN" else 0)
    message = os.strerror(number) if number else str(error)
    return storage_problem(f"{file}: {message}" if file else message, words.hint, number or None)


def _probe(file: Path | None) -> int:
    """errno of opening it: SQLite itself only says that it could not."""
    if file is None:
        return 0
    try:
        os.close(os.open(file, os.O_RDWR))
    except OSError as e:
        return e.errno or 0
    return 0
