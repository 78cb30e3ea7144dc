"""How the server comes to have none: its own user, its own mount namespace, no way back.

Where a folder that it needs lies below one that only root may enter (a checkout in /root), the server gets a mount namespace in which an
empty folder stands in the place of that one, with just the needed folders bound into it, read-only but for its state.
"""

import contextlib
import ctypes
import os
import pwd
import stat
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
USER = "vethboard"

_libc = ctypes.CDLL(None, use_errno=True)


def server_ids() -> tuple[int, int]:
    """uid and gid of the user `vethboard`, else of `nobody`."""
    for name in (USER, "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            continue
    return 65534, 65534


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), f"mount {target}")


def _closed_ancestor(path: Path) -> Path | None:
    """The topmost folder on the way to `path` that others may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _open_way(readable: list[Path], writable: Path) -> None:
    closed = {p: _closed_ancestor(p) for p in [*readable, writable]}
    if not any(closed.values()):
        return
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    held = {p: os.open(p, os.O_PATH | os.O_DIRECTORY) for p, way in closed.items() if way}
    for folder in sorted({way for way in closed.values() if way}, key=lambda f: len(f.parts)):
        _mount("tmpfs", str(folder), "tmpfs", 0, "mode=755,size=1m")
    for path, fd in sorted(held.items(), key=lambda item: len(item[0].parts)):
        if not path.exists():
            path.mkdir(parents=True)
        _mount(f"/proc/self/fd/{fd}", str(path), "", MS_BIND | MS_REC)
        if path != writable:
            _mount("none", str(path), "", MS_BIND | MS_REMOUNT | MS_RDONLY)
        os.close(fd)


def drop(readable: list[Path], writable: Path, uid: int, gid: int) -> None:
    """Become that user for good (to be called in a child before exec). Raises OSError in the kernel's words."""
    _open_way(readable, writable)
    os.chdir("/")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def die_with_parent(number: int) -> None:
    """Ask the kernel for this signal when the parent ends (prctl(2), PR_SET_PDEATHSIG)."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Be the parent of descendants that lose theirs (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def reap(but: set[int]) -> None:
    """Take note of the end of every child but these: labs whose agent was killed have nobody else who does."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None and found.si_pid not in but:
            os.waitpid(found.si_pid, os.WNOHANG)
