"""Files of the state directory that are no database: how the command line finds the server, and which database it had."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
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


LOCK = "lock"
LOCK_SECONDS = 10.0
"""How long a server that is ending is waited for."""


@contextlib.contextmanager
def locked(folder: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Be the one server that writes in this directory. Raises ProblemError: (EXISTS) another one is, (STORAGE) the lock cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise _unusable(e) from None
    try:
        _take(fd, folder, time.monotonic() + seconds)
        yield
    finally:
        os.close(fd)


def _take(fd: int, folder: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.1)
                continue
            pid = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
            message = f"{folder}: another server writes here (pid {pid})"
            raise ProblemError(
                Problem(code=Code.EXISTS, message=message, hint=f"stop that one: kill {pid}; or give another --state")
            ) from None
        break
    with contextlib.suppress(OSError):  # the disk may be full: the lock holds all the same
        os.pwrite(fd, f"{os.getpid():<20}".encode(), 0)


def _unusable(error: OSError) -> ProblemError:
    hint = "give another --state, or make it a directory that the server's user may write"
    return ProblemError(Problem(code=Code.STORAGE, message=f"{error.filename}: {error.strerror}", hint=hint, errno=error.errno))


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
            raise _unusable(e) from None

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
