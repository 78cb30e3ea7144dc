"""Files opened more carefully than open(2) does."""

import ctypes
import os
import struct

from agent.linux.libc import check, libc, numbers

# linux/openat2.h
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_BENEATH = 0x02, 0x04, 0x08
_OPEN_HOW = struct.Struct("=QQQ")


def open_beneath(folder: int, path: str, flags: int) -> int:
    """Open a file below the directory `folder` (a descriptor), following no symbolic link on the way (openat2(2)). Raises OSError."""
    how = _OPEN_HOW.pack(flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    return check(libc.syscall(numbers().openat2, folder, os.fsencode(path), how, len(how)), path)


_TMPFS_MAGIC = 0x01021994
"""linux/magic.h"""


def on_tmpfs(fd: int) -> bool:
    """Whether what is open lies on a tmpfs (statfs(2), whose first word is the type). Raises OSError."""
    found = (ctypes.c_long * 32)()  # struct statfs has 120 bytes on 64-bit machines
    check(libc.fstatfs(fd, found), "fstatfs")
    return found[0] == _TMPFS_MAGIC
