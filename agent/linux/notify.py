"""System calls that a seccomp filter hands to a supervisor (seccomp_unotify(2))."""

import errno
import fcntl
import os
import struct
from typing import NamedTuple

# linux/seccomp.h
_RECV, _SEND, _ID_VALID = 0xC0502100, 0xC0182101, 0x40082102
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")


class Call(NamedTuple):
    """A call that waits for an answer. `thread`: who called, in the pid namespace of the supervisor; `arguments`: the registers, of which
    a pointer is an address in the caller's memory."""

    id: int
    thread: int
    number: int
    arguments: tuple[int, ...]


def receive(listener: int) -> Call | None:
    """Wait for the next call; None: the caller was killed meanwhile. Raises OSError where nobody is left who could call."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECV, buffer)
    except OSError as e:
        if e.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    id, thread, _flags, number, _arch, _at, *arguments = _NOTIFICATION.unpack(buffer)
    return Call(id, thread, number, tuple(arguments))


def is_waiting(listener: int, call: Call) -> bool:
    """Whether the caller still waits, so that its number is not another's by now."""
    try:
        fcntl.ioctl(listener, _ID_VALID, struct.pack("=Q", call.id))
    except OSError:
        return False
    return True


def answer(listener: int, call: Call, refused: int = 0) -> None:
    """Let the call return 0, or fail with the errno `refused`. A caller that no longer waits is none to tell."""
    try:
        fcntl.ioctl(listener, _SEND, _RESPONSE.pack(call.id, 0, -refused, 0))
    except OSError as e:
        if e.errno != errno.ENOENT:
            raise


def memory(listener: int, call: Call, address: int, size: int) -> bytes:
    """Bytes of the caller's memory. Raises OSError, also where it has ended meanwhile."""
    fd = os.open(f"/proc/{call.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not is_waiting(listener, call):
            raise OSError(errno.ESRCH, os.strerror(errno.ESRCH))
        return os.pread(fd, size, address)
    finally:
        os.close(fd)
