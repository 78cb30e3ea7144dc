"""How the server gives up privileges: its own user, no_new_privs, and, where it is needed, a mount namespace.

It is needed where a directory that the server reads lies in one that only root may enter, such as a checkout in /root. In the mount
namespace an empty directory hides that one, and only what the server needs is bound into it: read-only, but for its state directory.
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
    """The topmost directory above `path` that other users may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _bind_needed(readable: list[Path], writable: Path) -> None:
    """Make the mount namespace, where it is needed. See the module's text."""
    closed = {p: _closed_ancestor(p) for p in [*readable, writable]}
    if not any(closed.values()):
        return
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    held = {p: os.open(p, os.O_PATH | os.O_DIRECTORY) for p, ancestor in closed.items() if ancestor}
    for folder in sorted({ancestor for ancestor in closed.values() if ancestor}, key=lambda f: len(f.parts)):
        _mount("tmpfs", str(folder), "tmpfs", 0, "mode=755,size=1m")
    for path, fd in sorted(held.items(), key=lambda item: len(item[0].parts)):
        if not path.exists():
            path.mkdir(parents=True)
        _mount(f"/proc/self/fd/{fd}", str(path), "", MS_BIND | MS_REC)
        if path != writable:
            _mount("none", str(path), "", MS_BIND | MS_REMOUNT | MS_RDONLY)
        os.close(fd)


def drop(readable: list[Path], writable: Path, uid: int, gid: int) -> None:
    """Become that user, with no way back; to be called in a child before exec. Raises OSError."""
    _bind_needed(readable, writable)
    os.chdir("/")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def die_with_parent(number: int, parent: int) -> None:
    """Get this signal from the kernel when the parent ends (prctl(2), PR_SET_PDEATHSIG); end at once where it has ended already.

    To be called after `drop`: the kernel forgets it when a process changes its ids.
    """
    _check(_libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def reap(but: set[int]) -> None:
    """Wait for all children that have ended, but for these: labs whose agent was killed have no other parent to do it."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None and found.si_pid not in but:
            os.waitpid(found.si_pid, os.WNOHANG)
