"""Sysctls of the namespace of the calling thread, with what sysctl(8) says where one is refused."""

import errno
import os

from agent.netlink.wire import Refusal
from topology.plan import steps as s


def open_sysctl(key: str) -> int | Refusal:
    """A descriptor to write it, in the namespace of the calling thread; or why there is none, in the words of sysctl(8)."""
    path = "/proc/sys/" + key.replace(".", "\0").replace("/", ".").replace("\0", "/")
    try:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as e:
        return Refusal(e.errno or errno.EIO, f"cannot stat {path}: {e.strerror}")


def write_sysctl(step: s.SetSysctl) -> Refusal | None:
    """Write it; why it is refused."""
    fd = open_sysctl(step.key)
    if isinstance(fd, Refusal):
        return fd
    try:
        os.write(fd, step.value.encode())
    except OSError as e:
        return Refusal(e.errno or errno.EIO, f'setting key "{step.key}": {e.strerror}')
    finally:
        os.close(fd)
    return None
