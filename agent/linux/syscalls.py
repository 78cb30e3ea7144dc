"""System calls that Python has no function for, failing in the kernel's words."""

import ctypes
import os
import platform
import struct

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 28, 36, 38
SECBIT_NO_SETUID_FIXUP = 4
_NUMBERS = {"x86_64": (155, 250), "aarch64": (41, 219)}
"""pivot_root(2) and keyctl(2), by machine."""
_OPENAT2 = 437
"""On every machine (syscalls(2))."""
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_BENEATH = 0x02, 0x04, 0x08

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), f"mount {target}")


def unmount(target: str, flags: int = 0) -> None:
    _check(_libc.umount2(target.encode(), flags), f"umount {target}")


def sethostname(name: str) -> None:
    _check(_libc.sethostname(name.encode(), len(name.encode())), "sethostname")


def prctl(option: int, value: int, third: int = 0) -> None:
    _check(_libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (value, third, 0, 0))), "prctl")


def pivot_root(path: str) -> None:
    """Make `path` the root, with all that is mounted below it, and let go of the old one.

    It is bound onto itself first: a mount that came from a more privileged namespace is locked and could not be moved.
    """
    mount(path, path, flags=MS_BIND | MS_REC)
    os.chdir(path)
    _check(_libc.syscall(_NUMBERS[platform.machine()][0], b".", b"."), "pivot_root")
    unmount(".", MNT_DETACH)
    os.chdir("/")


def new_session_keyring() -> None:
    """Away from the keys of whoever started us (keyctl(2), KEYCTL_JOIN_SESSION_KEYRING). A kernel without keyrings has none to hide."""
    _libc.syscall(_NUMBERS[platform.machine()][1], 1, 0)


def open_beneath(folder: int, path: str, flags: int) -> int:
    """Open a file below the folder, following no link on the way (openat2(2))."""
    how = struct.pack("=QQQ", flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    fd: int = _libc.syscall(_OPENAT2, folder, os.fsencode(path), how, len(how))
    _check(fd, path)
    return fd
