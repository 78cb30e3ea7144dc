"""Connections to the database, and transactions that are durable when they have returned."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from server.storage.errors import is_lost, name_of, problem_error, storage_problem
from server.storage.tables import as_text
from topology.model.problems import Code, ProblemError

T = TypeVar("T")

OnCommit = Callable[[float, bool], None]
"""Called when a transaction that writes has ended: the seconds that it took, and whether it is on disk."""

FILE = "vethboard.db"
BUSY_SECONDS = 5.0
"""How long another program that writes the SQLite file is waited for."""
WAIT_SECONDS = 20.0
"""How long a thread waits for a connection that others use."""
RECONNECT_SECONDS = 5.0
"""How long PostgreSQL is waited for when it was lost, before the request is refused."""
CONNECTIONS = 8
"""To PostgreSQL at once."""
_REOPEN = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY")
"""After these a connection to SQLite is opened anew: it may have kept what it read."""

_PRAGMAS = {
    "busy_timeout": int(BUSY_SECONDS * 1000),
    "journal_mode": "WAL",  # readers and the writer do not wait for each other
    "synchronous": "FULL",  # fsync(2) of the log before COMMIT returns
    "foreign_keys": "ON",
    "temp_store": "MEMORY",  # no file needs to be opened for it
    "journal_size_limit": 16 << 20,
}
"""https://sqlite.org/pragma.html"""

_POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}
"""libpq: a peer that is gone is found out within 30 s."""
_POSTGRESQL_SESSION = "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s'"


def parse_url(given: str | None, state: Path) -> URL:
    """The address of the database; without one, SQLite in the state directory. Raises ProblemError."""
    if not given:
        return URL.create("sqlite", database=str(state / FILE))
    try:
        url = make_url(given)
    except ArgumentError as e:
        raise storage_problem(f"--database: {e}", _FORMS) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise storage_problem(f"--database: {url.render_as_string()} is no address of a database", _FORMS)
    return url


_FORMS = "postgresql+psycopg://USER:PASSWORD@HOST/NAME, or sqlite:////PATH"


class Database:
    """One database. `file` is that of SQLite, else None.

    SQLite has one connection, which stays open and serves one thread after the other: so there is one writer, and none needs a file
    descriptor later. PostgreSQL has up to `CONNECTIONS`.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.file = Path(url.database or "") if url.drivername == "sqlite" else None
        self._identity: tuple[int, int] | None = None
        self.on_commit: OnCommit = lambda _seconds, _done: None
        self._engine = self._make_engine(CONNECTIONS if self.file is None else 1)

    def _make_engine(self, connections: int | None) -> Engine:
        """`connections` None: a new one each time."""
        # SQLAlchemy's echo and parameters stay out of its messages: they may be whole documents
        if connections is None:
            options: dict[str, object] = {"poolclass": NullPool, "hide_parameters": True}
        else:
            options = {
                "poolclass": QueuePool,
                "pool_size": connections,
                "max_overflow": 0,
                "pool_timeout": WAIT_SECONDS,
                "hide_parameters": True,
            }
        if self.file is None:
            engine = create_engine(self.url, connect_args=_POSTGRESQL_OPTIONS, **options)
            event.listen(engine, "connect", _set_up_postgresql)
        else:
            engine = create_engine("sqlite://", creator=self._connect_sqlite, **options)
            event.listen(engine, "begin", _begin)
        return engine

    def _connect_sqlite(self) -> sqlite3.Connection:
        """Only a file that is there: a database that was deleted is not made anew, without all that was in it."""
        connection = sqlite3.connect(
            f"file:{str(self.file).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode=rw",
            uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        connection.text_factory = as_text  # of one lab's bytes that are no UTF-8 only that lab knows
        try:
            for name, value in _PRAGMAS.items():
                connection.execute(f"PRAGMA {name} = {value}")
        except BaseException:
            connection.close()
            raise
        self._identity = self._identity or _identity(self.file)
        return connection

    def write(self, job: Callable[[Connection], T]) -> T:
        """Do `job` in one transaction, which is on disk when this returns. Raises ProblemError, and then nothing of it was done.

        Where PostgreSQL is lost, it is tried again; whether a commit came through is then unknown, so `job` must come to the same
        when it is done twice.
        """
        began, is_counted, is_done = time.monotonic(), True, False
        try:
            result = self._run(job, write=True)
            is_done = True
        except ProblemError as e:
            is_counted = e.problem.code != Code.EXISTS  # else it is the job that refuses
            raise
        finally:
            if is_counted:
                self.on_commit(time.monotonic() - began, is_done)
        return result

    def read(self, job: Callable[[Connection], T]) -> T:
        """Do `job`, which only reads. Raises ProblemError."""
        return self._run(job, write=False)

    def _run(self, job: Callable[[Connection], T], write: bool) -> T:
        end = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                return self._once(job, write)
            except (SQLAlchemyError, sqlite3.Error, OSError) as e:
                if not is_lost(e) or time.monotonic() > end:
                    raise problem_error(e, self.file) from e
            time.sleep(0.1)

    def _once(self, job: Callable[[Connection], T], write: bool) -> T:
        if write:
            self._check_file()
        with self._engine.connect() as connection:
            try:
                with connection.execution_options(vethboard_write=write).begin():
                    return job(connection)
            except (SQLAlchemyError, sqlite3.Error) as e:
                if name_of(e) in _REOPEN:
                    connection.invalidate()
                raise

    def _check_file(self) -> None:
        """A file that was deleted or replaced would take every commit, and nobody would ever find it again. Raises ProblemError."""
        if self.file is None or self._identity is None:
            return
        with contextlib.suppress(OSError):
            if _identity(self.file) == self._identity:
                return
        raise storage_problem(
            f"{self.file}: the database was moved or deleted while the server ran",
            "put it back, or start the server again with a backup (docs/operations.md)",
        )

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection of its own that sees one state of everything, while others go on writing. Raises ProblemError."""
        engine = self._make_engine(None)
        level = {} if self.file else {"isolation_level": "REPEATABLE READ"}
        try:
            with engine.connect().execution_options(**level) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as e:
            raise problem_error(e, self.file) from e
        finally:
            engine.dispose()

    def close(self) -> None:
        """End all connections."""
        with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
            self._engine.dispose()


def _identity(file: Path | None) -> tuple[int, int]:
    assert file is not None
    found = os.stat(file)
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    """Of SQLite: a writer takes its lock first, so that it never fails half-way for another."""
    write = connection.get_execution_options().get("vethboard_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _set_up_postgresql(connection: object, _record: object) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]  # psycopg's; SQLAlchemy gives no type
        cursor.execute(_POSTGRESQL_SESSION)
    connection.commit()  # type: ignore[attr-defined]  # psycopg's, too
