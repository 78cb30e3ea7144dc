"""Programs whose messages are looked at before the kernel gets them (seccomp_unotify(2)): each sendmsg(2) waits until it is allowed."""

import contextlib
import ctypes
import errno
import fcntl
import os
import queue
import select
import struct
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from agent.linux.libc import check, libc, numbers
from agent.linux.pids import PR_SET_NO_NEW_PRIVS, prctl
from logs import start_thread

T = TypeVar("T")

# linux/seccomp.h
_SET_MODE_FILTER, _NEW_LISTENER, _CONTINUE = 1, 8, 1
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
"""`struct seccomp_notif`: id, pid, flags; and of the call its number, architecture, place and arguments."""
_ANSWER = struct.Struct("=QqiI")
"""`struct seccomp_notif_resp`: id, result, error, flags."""
_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ASK, _ALLOW = 0x7FC00000, 0x7FFF0000
_MESSAGE = struct.Struct("@PIPN")
"""`struct msghdr` as far as the number of its pieces."""
_PIECE = struct.Struct("@PN")
_HEAD = 64
"""Bytes of a message that are looked at."""
_LOOK_MILLISECONDS = 100
"""Until it is seen that all has ended, with a kernel that does not say so (before 5.9)."""


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


class UnsupportedError(Exception):
    """This kernel asks nobody (before 5.5)."""


def supervised(name: str, work: Callable[[], T], allow: Callable[[bytes], bool]) -> T:
    """What `work` returns or raises, called on a thread made for it. Each sendmsg(2) of that thread, and of the programs that it starts,
    waits for `allow`, which is given the message's first bytes; where that says no, the call fails with EBUSY. Raises UnsupportedError."""
    listeners: queue.SimpleQueue[int | OSError] = queue.SimpleQueue()
    result: Future[T] = Future()

    def run() -> None:
        try:
            listeners.put(_install())
        except OSError as e:
            listeners.put(e)
            return
        try:
            result.set_result(work())
        except BaseException as e:
            result.set_exception(e)

    start_thread(name, run)
    listener = listeners.get()
    if isinstance(listener, OSError):
        raise UnsupportedError from listener
    try:
        _answer_all(listener, result, allow)
    finally:
        os.close(listener)
    return result.result()


def _install() -> int:
    """Put the filter on the calling thread, for good; the descriptor at which it asks. Raises OSError."""
    code = [(_LOAD, 0, 0, 0), (_JUMP_IF_EQUAL, 0, 1, numbers().sendmsg), (_RETURN, 0, 0, _ASK), (_RETURN, 0, 0, _ALLOW)]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    program = _Program(len(code), b"".join(_INSTRUCTION.pack(*instruction) for instruction in code))
    return check(libc.syscall(numbers().seccomp, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program)), "seccomp")


def _answer_all(listener: int, result: "Future[T]", allow: Callable[[bytes], bool]) -> None:
    """Until nobody is left who could ask."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        events = [event for _, event in poll.poll(_LOOK_MILLISECONDS)]
        if any(event & select.POLLIN for event in events):
            with contextlib.suppress(FileNotFoundError):  # who asked has been killed
                _answer(listener, allow)
        elif events or result.done():
            return


def _answer(listener: int, allow: Callable[[bytes], bool]) -> None:
    asked = bytearray(_NOTIFICATION.size)
    fcntl.ioctl(listener, _RECEIVE, asked, True)
    id, pid, _, _, _, _, _, message, *_ = _NOTIFICATION.unpack(asked)
    is_allowed = allow(_first_bytes(pid, message))
    answer = _ANSWER.pack(id, 0, 0, _CONTINUE) if is_allowed else _ANSWER.pack(id, 0, -errno.EBUSY, 0)
    fcntl.ioctl(listener, _SEND, answer)


def _first_bytes(pid: int, message: int) -> bytes:
    """Of the first piece of a `struct msghdr` of that process; none where this machine lets nobody read them. FileNotFoundError where there
    is no such process any more."""
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        return b""
    try:
        _, _, pieces, count = _MESSAGE.unpack(os.pread(memory, _MESSAGE.size, message))
        if not count:
            return b""
        start, length = _PIECE.unpack(os.pread(memory, _PIECE.size, pieces))
        return os.pread(memory, min(length, _HEAD), start)
    finally:
        os.close(memory)
