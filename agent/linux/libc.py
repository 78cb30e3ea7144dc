"""The C library by ctypes. A call that fails raises OSError with the kernel's errno and the name of what was called."""

import ctypes
import os
from typing import NamedTuple

libc = ctypes.CDLL(None, use_errno=True)


class _Numbers(NamedTuple):
    """System calls that have no wrapper in every C library, by their numbers (syscalls(2))."""

    pivot_root: int
    keyctl: int
    sendmsg: int
    seccomp: int
    setsockopt: int
    openat2: int = 437
    pidfd_getfd: int = 438


_MACHINES = {
    "x86_64": _Numbers(pivot_root=155, keyctl=250, sendmsg=46, seccomp=317, setsockopt=54),
    "aarch64": _Numbers(pivot_root=41, keyctl=219, sendmsg=211, seccomp=277, setsockopt=208),
}


def numbers() -> _Numbers:
    """Those of this machine. KeyError on one that Vethboard was never tried on."""
    return _MACHINES[os.uname().machine]


def check(result: int, what: str) -> int:
    """The result of a call, as it is. Raises OSError where it is negative, with `what` as the file name."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result
