"""The tables brought up to date at each start, and a look whether the database is whole."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from server.storage.database import Database
from server.storage.errors import storage_problem
from topology.model.problems import Code, Problem, ProblemError

MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x76657468
"""Of PostgreSQL: servers that start at once do not migrate at once."""


def prepare_file(database: Database, expected: bool) -> None:
    """Make the file of SQLite, readable by its owner only, where there is none. `expected`: there was one. Raises ProblemError, OSError."""
    file = database.file
    if file is None or file.exists():
        return
    if expected:
        raise missing(str(file))
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def missing(name: str) -> ProblemError:
    """The database was there at the last start, and is not now."""
    return storage_problem(
        f"{name}: the database of this state directory is gone",
        "put it back; to begin with an empty one, delete database.json in the state directory, then vethboard restore FILE brings a backup",
    )


def upgrade(connection: Connection, expected: bool, name: str) -> bool:
    """Make or change the tables. True: there were none. Raises ProblemError."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and expected:
        raise missing(name)
    if current is None and inspect(connection).has_table("labs"):
        raise storage_problem(f"{name}: there are tables of another program", "give Vethboard a database of its own")
    _refuse_newer(config, current, name)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return current is None


def _refuse_newer(config: Config, current: str | None, name: str) -> None:
    try:
        if current is not None:
            ScriptDirectory.from_config(config).get_revision(current)
    except CommandError:
        message = f"{name}: the database was made by a newer Vethboard (version {current} of its tables)"
        raise ProblemError(Problem(code=Code.VERSION, message=message, hint="start the newer one, or restore a backup")) from None


def check_whole(database: Database) -> None:
    """Read all of a SQLite file, as far as its structure goes. Raises ProblemError where it is damaged."""
    if database.file is None:
        return
    found = database.read(lambda c: [str(row[0]) for row in c.exec_driver_sql("PRAGMA quick_check(3)")])
    if found != ["ok"]:
        raise storage_problem(
            f"{database.file}: the database is damaged: {'; '.join(found)}",
            "the file is left as it is: move it and database.json away, start again, and restore a backup: vethboard restore FILE",
        )
