"""The processes and network namespaces of labs, as root sees them from outside."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from agent.linux import namespaces as ns
from agent.linux import pids
from agent.linux.files import open_beneath
from agent.sandbox.lab_file import LabFile
from agent.sandbox.uids import UIDS, base
from topology.model.base import HOST

_NS_GET_USERNS, _NS_GET_OWNER_UID = 0xB701, 0xB704
"""ioctl_nsfs(2)."""


class Place(NamedTuple):
    """A network namespace of a lab. `name`: None where it has none. `fd` is to be closed."""

    name: str | None
    inode: int
    fd: int


def processes(first: int) -> list[int]:
    """Those of the lab whose first process is `first`: a lab can make no pid namespace of its own."""
    inode = _inode(f"/proc/{first}/ns/pid")
    return [pid for pid in pids.every() if inode is not None and _inode(f"/proc/{pid}/ns/pid") == inode]


def places(lab: LabFile) -> Iterator[Place]:
    """The lab's network namespaces: those with names, those that a thread is in, and those that a process has open. Each once."""
    seen: set[int] = set()
    for name, fd in (*_named(lab.pid), *_nameless(lab.pid)):
        inode = os.fstat(fd).st_ino
        if inode in seen or not _is_of(lab, fd):
            os.close(fd)
            continue
        seen.add(inode)
        yield Place(name, inode, fd)


def _inode(path: str) -> int | None:
    with suppress(OSError):
        return os.stat(path).st_ino
    return None


def _named(first: int) -> Iterator[tuple[str, int]]:
    """`host`, and what is in the lab's /run/netns; a link there is none of these, as it could lead anywhere."""
    with suppress(OSError):
        yield HOST, os.open(f"/proc/{first}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        root = os.open(f"/proc/{first}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        names = _list(root, "run/netns")
        for name in names:
            with suppress(OSError):
                yield name, open_beneath(root, f"run/netns/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(root)


def _list(root: int, path: str) -> list[str]:
    with suppress(OSError):
        folder = open_beneath(root, path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return sorted(os.listdir(folder))
        finally:
            os.close(folder)
    return []


def _nameless(first: int) -> Iterator[tuple[None, int]]:
    tried: set[int] = set()
    for pid in processes(first):
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                folder = f"/proc/{pid}/task/{thread}"
                for path in (f"{folder}/ns/net", *(f"{folder}/fd/{fd}" for fd in _open_namespaces(folder))):
                    inode = _inode(path)
                    if inode is not None and inode not in tried:
                        tried.add(inode)
                        with suppress(OSError):
                            yield None, os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _open_namespaces(folder: str) -> Iterator[str]:
    with suppress(OSError):
        for fd in os.listdir(f"{folder}/fd"):
            with suppress(OSError):
                if os.readlink(f"{folder}/fd/{fd}").startswith("net:["):
                    yield fd


def _is_of(lab: LabFile, fd: int) -> bool:
    """Whether it is a network namespace that belongs to a user of this lab."""
    try:
        if not ns.is_network(fd):
            return False
        owner = fcntl.ioctl(fd, _NS_GET_USERNS)
    except OSError:
        return False
    try:
        uid = struct.unpack("=I", fcntl.ioctl(owner, _NS_GET_OWNER_UID, bytes(4)))[0]
    finally:
        os.close(owner)
    return bool(0 <= uid - base(lab.number) < UIDS)
