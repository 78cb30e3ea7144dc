"""All that outlives the server but the audit log: opened once, and a `LabStore` for each lab."""

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from server.clock import now
from server.storage import archive, import_files, schema, tokens
from server.storage.archive import Archive
from server.storage.database import Database, OnCommit, parse_url
from server.storage.errors import problem_error
from server.storage.labs import LabStore
from server.storage.mended import lab_names
from server.storage.state_directory import StateDirectory
from server.storage.tables import labs
from server.storage.tokens import StoredToken
from topology.model.names import lab_id

_log = logging.getLogger("vethboard.storage")


class Storage:
    """May be used by several threads. Every method raises ProblemError (STORAGE) when the database cannot."""

    def __init__(self, database: Database, directory: StateDirectory) -> None:
        """Use `Storage.open`."""
        self._database, self._directory = database, directory
        self._stores: dict[str, LabStore] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, state: Path, url: str | None = None) -> "Storage":
        """Connect, make or change the tables, take over the files of an older version. Raises ProblemError, in words for who starts it."""
        directory = StateDirectory(state)
        directory.make()
        database = Database(parse_url(url, state))
        try:
            _prepare(database, directory)
        except BaseException:
            database.close()
            raise
        return cls(database, directory)

    def watch_commits(self, on_commit: OnCommit) -> None:
        """Have every transaction that writes reported from now on."""
        self._database.on_commit = on_commit

    def check_writable(self) -> None:
        """Write something that means nothing, durably. Raises ProblemError where the database cannot keep anything now."""
        self.set_setting("checked", now())

    def close(self) -> None:
        """End all connections."""
        self._database.close()

    # ---- labs --------------------------------------------------------------------------------------------------------

    def labs(self) -> list[str]:
        """The names of all."""
        return lab_names(self._database.read(lambda c: list(c.execute(select(labs.c.lab).order_by(labs.c.lab)).scalars())))

    def lab(self, lab: str) -> LabStore:
        """The one object for this lab, which is in the database."""
        with self._lock:
            return self._stores.setdefault(lab, LabStore(self._database, lab_id(lab)))

    def create(self, lab: str) -> LabStore:
        """A new lab with nothing but `host`. Raises ProblemError: (EXISTS) there is one, (INVALID) it cannot be a name."""
        store = LabStore(self._database, lab_id(lab))
        store.create()
        with self._lock:
            self._stores[lab] = store
        return store

    def forget(self, lab: str) -> None:
        """It was deleted."""
        with self._lock:
            self._stores.pop(lab, None)

    # ---- tokens and settings -----------------------------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """Its value, or None."""
        return self._database.read(lambda c: tokens.read_setting(c, name))

    def set_setting(self, name: str, value: str) -> None:
        """Write it, in the place of the one before."""
        self._database.write(lambda c: tokens.put_setting(c, name, value))

    def token(self) -> str:
        """The administrator's, the same at each start, so that an open browser comes back by itself."""
        made = secrets.token_urlsafe(24)

        def job(connection: Connection) -> str:
            found = tokens.read_setting(connection, "token")
            if not found:
                tokens.put_setting(connection, "token", made)
            return found or made

        return self._database.write(job)

    def tokens(self) -> list[StoredToken]:
        """Those of all labs, in the order in which they were made."""
        return self._database.read(tokens.read_tokens)

    def add_token(self, token: StoredToken) -> None:
        """In the place of one of the same lab and name."""
        self._database.write(lambda c: tokens.put_token(c, token))

    def delete_tokens(self, lab: str, name: str | None) -> None:
        """One, or with None all of a lab."""
        self._database.write(lambda c: tokens.delete_tokens(c, lab, name))

    # ---- backup ------------------------------------------------------------------------------------------------------

    def backup(self, file: BinaryIO) -> None:
        """Write a backup (`archive.py`) of one moment, while others go on. Raises OSError where `file` cannot take it."""
        with self._database.snapshot() as connection:
            archive.write(connection, file)

    def restore(self, backup: Archive, replace: bool) -> None:
        """Its labs, all or none. `LabStore` objects of labs that are replaced refuse every commit from then on."""
        self._database.write(lambda c: archive.restore(c, backup, replace))
        with self._lock:
            for lab in backup.labs:
                self._stores.pop(lab, None)

    # ---- the state directory -----------------------------------------------------------------------------------------

    def announce(self, url: str, token: str) -> None:
        """How the command line finds this server."""
        _in_words(lambda: self._directory.announce(url, token))

    def retract(self) -> None:
        """The server ends."""
        _in_words(self._directory.retract)


def _in_words(job: Callable[[], None]) -> None:
    try:
        job()
    except OSError as e:
        raise problem_error(e, None) from e


def _prepare(database: Database, directory: StateDirectory) -> None:
    name = database.url.render_as_string(hide_password=True)
    try:
        expected = directory.last_database == name
        schema.prepare_file(database, expected)
        schema.check_whole(database)
        new = database.write(lambda c: _first_start(c, directory, expected, name))
        if import_files.needed(directory.path):
            import_files.put_aside(directory.path)
            if new:
                _log.warning("the files of %s were taken over into %s; they are kept beside", directory.path, name)
        directory.remember_database(name)
    except (OSError, SQLAlchemyError) as e:
        raise problem_error(e, database.file) from e


def _first_start(connection: Connection, directory: StateDirectory, expected: bool, name: str) -> bool:
    """Tables, and in the same transaction the files of an older version: a start that is cut off begins again."""
    new = schema.upgrade(connection, expected, name)
    if new and import_files.needed(directory.path):
        import_files.take_over(connection, directory.path)
    return new
