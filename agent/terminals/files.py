"""The files of a namespace's home: listed, read and written in pieces, for upload and download in the browser.

Pid 1 does it itself, and may read more than a shell may (its own memory map in /proc, say). So it must not follow what a student may have
put there: the home, and a path below it, are opened without following a link (openat2(2), RESOLVE_BENEATH), only regular files are opened,
and only those on a tmpfs, as the homes are: not what was mounted over them.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from itertools import islice

from agent.linux.files import on_tmpfs, open_beneath
from agent.terminals.shell import home
from agent.terminals.terminals import Terminals
from protocol import private as p
from protocol.limits import MAX_UPLOAD_BYTES
from protocol.terminals import File
from topology.model import ids
from topology.model.names import namespace_name
from topology.model.problems import Code, Problem, ProblemError, invalid

MOST_LISTED = 2000
PIECE = 1 << 20
"""Bytes of a file that are read at once, at most."""


def handle(request: p.AnyFileRequest, terminals: Terminals) -> p.AnyLabAnswer:
    """Do what is asked. Raises ProblemError."""
    try:
        match request:
            case p.ListFiles():
                return _listed(request)
            case p.ReadFile():
                return p.Piece(id=request.id, data=_read(request))
            case p.WriteFile():
                return p.Piece(id=request.id, path=_write(request, terminals))
    except OSError as e:
        subject = ids.namespace(request.namespace)
        raise ProblemError(
            Problem(code=Code.REFUSED, message=os.strerror(e.errno or errno.EIO), subject=subject, errno=e.errno, hint=e.filename)
        ) from None


def _listed(request: p.ListFiles) -> p.FileList:
    folder = home(request.namespace)
    with _home(request.namespace) as opened:
        found = list(islice(_walk(opened), MOST_LISTED + 1))
    files = tuple(sorted(found[:MOST_LISTED], key=lambda file: file.path))
    return p.FileList(id=request.id, home=folder, files=files, more=len(found) > MOST_LISTED)


@contextlib.contextmanager
def _folder(fd: int) -> Iterator[int]:
    """The descriptor of a directory, closed at the end. Raises OSError where it does not lie on a tmpfs."""
    try:
        if not on_tmpfs(fd):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _home(namespace: str) -> Iterator[int]:
    """A descriptor of the home. Raises ProblemError where that is no name of a namespace, OSError where it was replaced by a link."""
    path = home(namespace_name(namespace, host=True))
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = open_beneath(root, path[1:], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(root)
    with _folder(fd):
        yield fd


def _walk(folder: int) -> Iterator[File]:
    """Regular files whose names are printable text, without hidden ones (`.bash_history`) and what is in hidden folders."""
    for at, folders, names, opened in os.fwalk(".", dir_fd=folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.normpath(os.path.join(at, name))
            if name.startswith(".") or not _is_text(path):
                continue
            with contextlib.suppress(OSError):
                found = os.lstat(name, dir_fd=opened)
                if stat.S_ISREG(found.st_mode):
                    yield File(path=path, size=found.st_size, modified=found.st_mtime)


def _is_text(name: str) -> bool:
    """Whether it is printable UTF-8."""
    with contextlib.suppress(UnicodeEncodeError):
        name.encode()
        return name.isprintable()
    return False


def _regular(fd: int, path: str) -> int:
    """The descriptor, if it is of a regular file on a tmpfs; else it is closed, and OSError raised."""
    if not stat.S_ISREG(os.fstat(fd).st_mode) or not on_tmpfs(fd):
        os.close(fd)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    return fd


def _read(request: p.ReadFile) -> bytes:
    with _home(request.namespace) as folder:
        fd = _regular(open_beneath(folder, request.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), request.path)
    try:
        return os.pread(fd, min(request.length, PIECE), max(0, request.offset))
    finally:
        os.close(fd)


def _write(request: p.WriteFile, terminals: Terminals) -> str:
    """Write a piece; the path of the file, as a person in the lab would type it."""
    _check_write(request)
    name = request.path
    with _where(request, terminals) as (where, folder):
        if request.offset == 0:
            name, fd = _fresh(folder, name)
        else:
            fd = _regular(open_beneath(folder, name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC), name)
        try:
            _put(fd, request.data, request.offset)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)  # no half of a file stays
            raise
        finally:
            os.close(fd)
    return os.path.join(where, name)


def _put(fd: int, data: bytes, offset: int) -> None:
    """Write all of it: where there is little room, the kernel writes a part without an error."""
    while data:
        count = os.pwrite(fd, data, offset)
        data, offset = data[count:], offset + count


def _check_write(request: p.WriteFile) -> None:
    """Refuse a name with a folder in it, and a file that is too large."""
    name = request.path
    if "/" in name or name in ("", ".", "..") or not _is_text(name):
        raise invalid(f'"{name}" is no name of a file')
    if request.offset + len(request.data) > MAX_UPLOAD_BYTES:
        raise ProblemError(Problem(code=Code.LIMIT, message=os.strerror(errno.EFBIG), hint=f"at most {MAX_UPLOAD_BYTES >> 20} MB at once"))


@contextlib.contextmanager
def _where(request: p.WriteFile, terminals: Terminals) -> Iterator[tuple[str, int]]:
    """The current folder of the terminal's shell, if one is named and still runs; else the home. By its path, and open."""
    cwd = _cwd(terminals.terminal(request.terminal).popen.pid) if request.terminal is not None else None
    if cwd is not None:
        with _folder(cwd[1]):
            yield cwd
        return
    folder = home(namespace_name(request.namespace, host=True))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with _home(request.namespace) as fd:
        yield folder, fd


def _cwd(pid: int) -> tuple[str, int] | None:
    """The working directory of a process, by its path and open; None when the process has ended."""
    with contextlib.suppress(OSError):
        link = f"/proc/{pid}/cwd"
        return os.readlink(link), os.open(link, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return None


def _fresh(folder: int, name: str) -> tuple[str, int]:
    """A new file: `name`, or the first of `name (2)`, `name (3)`, … that is free."""
    stem, dot, end = name.rpartition(".") if "." in name[1:] else (name, "", "")
    for number in range(1, 100):
        tried = name if number == 1 else f"{stem} ({number}){dot}{end}"
        with contextlib.suppress(FileExistsError):
            return tried, os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), name)
