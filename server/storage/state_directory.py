"""Files of the state directory that are no database: how the command line finds the server, and which database it had."""

import contextlib
import json
import os
from pathlib import Path

from topology.model.problems import Code, Problem, ProblemError


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """All of it or nothing, also when the power fails."""
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """fsync(2) of a directory: names in it are as durable as the files."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class StateDirectory:
    """Readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Raises ProblemError where it cannot be made or read."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.listdir(self.path)
        except OSError as e:
            hint = "give another --state, or make it a directory that the server's user may write"
            raise ProblemError(Problem(code=Code.STORAGE, message=f"{e.filename}: {e.strerror}", hint=hint, errno=e.errno)) from None

    @property
    def last_database(self) -> str | None:
        """The address of the database at the last start, without its password."""
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            return str(json.loads((self.path / "database.json").read_text())["url"])
        return None

    def remember_database(self, url: str) -> None:
        """So that the next start can tell a database that is gone from one that never was."""
        if self.last_database != url:
            write(self.path / "database.json", json.dumps({"url": url}) + "\n")

    def announce(self, url: str, token: str) -> None:
        """How the command line finds this server."""
        write(self.path / "server.json", json.dumps({"url": url, "token": token, "pid": os.getpid()}))

    def retract(self) -> None:
        """The server ends."""
        (self.path / "server.json").unlink(missing_ok=True)
