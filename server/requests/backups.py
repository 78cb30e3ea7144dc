"""Backups made and restored while the server runs."""

import tempfile
from typing import IO

from logs import problem_of, start_thread
from protocol import public as q
from server.hub import Hub
from server.sessions import RunningRequest, Session
from server.storage import read_backup
from topology.model.problems import Code, Problem, ProblemError

PIECE = 256 << 10
IN_MEMORY = 8 << 20
"""A backup up to this size does not go through a file."""
LARGEST = 1 << 30
"""Bytes of a backup that is restored."""


def _file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


def _no_room(error: OSError) -> Problem:
    message = error.strerror or str(error)
    return Problem(code=Code.STORAGE, message=message, hint="the backup needs room in /tmp, and a free file descriptor", errno=error.errno)


def backup(hub: Hub, session: Session, request: q.Backup) -> None:
    """Make it, send it. On a thread of its own: it may take a while, and the session goes on."""

    def run() -> None:
        try:
            with _file() as file:
                hub.storage.backup(file)  # type: ignore[arg-type]  # typeshed: a SpooledTemporaryFile is no BinaryIO
                file.seek(0)
                while data := file.read(PIECE):
                    session.item(request.id, q.Output(stream=1, data=data))
            session.answer(request.id, q.Done())
        except OSError as e:
            session.refuse(request.id, _no_room(e))
        except Exception as e:
            session.refuse(request.id, problem_of(e))

    start_thread("backup", run)


def restore(hub: Hub, session: Session, request: q.Restore) -> None:
    """Take the pieces; restore at their end."""
    file = _file()

    def end() -> None:
        session.running.pop(request.id, None)
        try:
            with file:
                file.seek(0)
                archive = read_backup(file)  # type: ignore[arg-type]  # as above
            hub.restore(archive, request.replace)
            session.answer(request.id, q.Restored(labs=tuple(sorted(archive.labs))))
        except Exception as e:
            session.refuse(request.id, problem_of(e))

    def feed(data: bytes, eof: bool) -> None:
        try:
            _take(file, data)
            if eof:
                start_thread("restore", end)
        except Exception as e:
            session.running.pop(request.id, None)
            file.close()
            session.refuse(request.id, _no_room(e) if isinstance(e, OSError) else problem_of(e))

    def cancel(_signal: int | None) -> None:
        session.running.pop(request.id, None)
        file.close()
        session.refuse(request.id, Problem(code=Code.INVALID, message="it was cancelled before the whole file had come"))

    session.running[request.id] = RunningRequest(feed, cancel)


def _take(file: IO[bytes], data: bytes) -> None:
    if file.tell() + len(data) > LARGEST:
        raise ProblemError(Problem(code=Code.LIMIT, message="File too large", hint=f"a backup of at most {LARGEST >> 20} MB"))
    file.write(data)
