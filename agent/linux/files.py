"""Files opened more carefully than open(2) does."""

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
