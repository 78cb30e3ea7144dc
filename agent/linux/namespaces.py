"""Namespaces of the calling thread (namespaces(7)). `unshare` and `enter_network` change that thread alone, except for user and mount
namespaces, which a process with several threads cannot change."""

import fcntl
import os

from agent.linux.libc import check, libc

# linux/sched.h
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_NS_GET_NSTYPE = 0xB703
"""ioctl_nsfs(2)."""

THREAD_NETWORK = "/proc/thread-self/ns/net"
"""The network namespace of the thread that opens it."""


def unshare(flags: int) -> None:
    """unshare(2): go into new namespaces, one for each CLONE_NEW* flag (a new CLONE_NEWPID one is for children only). Raises OSError."""
    check(libc.unshare(flags), "unshare")


def enter_network(fd: int) -> None:
    """setns(2): move the calling thread into the network namespace that the descriptor is open on. Raises OSError."""
    check(libc.setns(fd, CLONE_NEWNET), "setns")


def open_own_network() -> int:
    """A descriptor of the network namespace of the calling thread. It keeps the namespace alive."""
    return os.open(THREAD_NETWORK, os.O_RDONLY | os.O_CLOEXEC)


def is_network(fd: int) -> bool:
    """Whether a descriptor on a file of nsfs is a network namespace. OSError (ENOTTY) where the file is not of nsfs."""
    return fcntl.ioctl(fd, _NS_GET_NSTYPE) == CLONE_NEWNET


def map_ids(pid: int | str, first: int, count: int) -> None:
    """Write uid_map and gid_map of a process in a new user namespace: its ids from 0 on are the writer's from `first` on
    (user_namespaces(7)). `pid` may be `self`. Raises OSError."""
    for file in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{file}", "w") as f:
            f.write(f"0 {first} {count}")


def set_hostname(name: str) -> None:
    """sethostname(2), for the UTS namespace of the calling thread. Raises OSError."""
    encoded = name.encode()
    check(libc.sethostname(encoded, len(encoded)), "sethostname")
