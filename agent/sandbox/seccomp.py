"""System calls that no lesson needs, refused in the kernel (seccomp(2)). libseccomp compiles the filter, once, in the process that labs are
forked from.

A refused call fails with EPERM, so that programs print why; one for which programs have an older alternative fails with ENOSYS. Packet
rings are made by the lab's first process (`agent/lab/rings.py`).
"""

import ctypes
import errno
import os
import secrets
from functools import cache

from agent.linux import pids
from agent.linux.libc import check, libc, numbers
from agent.linux.mounts import MS_MOVE, MS_REMOUNT
from agent.linux.namespaces import CLONE_NEWUSER

_REFUSED = (
    # another kernel, other code in this one, its logs and counters
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms",
    "bpf", "perf_event_open", "lookup_dcookie", "syslog", "uselib", "nfsservctl",
    # what is not in any namespace: keys, clocks, swap, quotas, accounting, ports
    "keyctl", "add_key", "request_key", "settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
    "adjtimex", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "reboot", "iopl", "ioperm", "vhangup", "vm86", "vm86old",
    "modify_ldt", "sysfs", "_sysctl",
    # files by another way than their path, and what exploits are made of
    "open_by_handle_at", "fanotify_init", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_secret",
    # ip-netns(8) mounts with mount(2), and never moves a root
    "pivot_root",
)  # fmt: skip
_UNKNOWN = (
    # its flags are behind a pointer, where no filter sees them: the C library then uses clone(2)
    "clone3",
    # the newer ways to mount: mount(8) then uses mount(2)
    "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "open_tree_attr", "move_mount", "mount_setattr",
)  # fmt: skip
_FAMILIES = {1, 2, 10, 16, 17}
"""socket(2): AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET."""
_NETLINK, _NETLINK_CRYPTO = 16, 21
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_SOL_PACKET, _PACKET_RX_RING, _PACKET_TX_RING = 263, 5, 13
_SIXTH = 5
"""The register behind the last of setsockopt(2), which the kernel does not look at."""
PASSWORD = secrets.randbits(63)
"""What the lab's first process has in it: this filter is its own too, and it must not wait for itself. Nobody in a lab can read its
memory, or the filter (PTRACE_SECCOMP_GET_FILTER)."""

_ALLOW, _NOTIFY, _ERRNO = 0x7FFF0000, 0x7FC00000, 0x00050000
_NE, _GT, _MASKED_EQ = 1, 6, 7
_ATTRIBUTE_BAD_ARCH, _ATTRIBUTE_OPTIMIZE = 2, 8
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
"""seccomp(2)."""
_WORD = 0xFFFFFFFF


class _Compare(ctypes.Structure):
    """`struct scmp_arg_cmp`, passed by value."""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


class _Filter:
    """A libseccomp filter that allows everything but what is refused."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._lib.seccomp_init.argtypes = (ctypes.c_uint32,)
        self._lib.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
        self._lib.seccomp_export_bpf.argtypes = (ctypes.c_void_p, ctypes.c_int)
        self._lib.seccomp_release.argtypes = (ctypes.c_void_p,)
        self._context = self._lib.seccomp_init(_ALLOW)
        self._set(_ATTRIBUTE_BAD_ARCH, _ERRNO | errno.ENOSYS)  # the calls of 32-bit programs have other numbers
        self._set(_ATTRIBUTE_OPTIMIZE, 2)

    def _set(self, attribute: int, value: int) -> None:
        _check(self._lib.seccomp_attr_set(self._context, attribute, value), "seccomp_attr_set")

    def refuse(self, name: str, number: int, *compares: _Compare) -> None:
        """Let `name` fail with errno `number` where all of `compares` hold. Nothing to do for a call that this machine does not have."""
        self._add(name, _ERRNO | number, *compares)

    def hand_over(self, name: str, *compares: _Compare) -> None:
        """Hand `name` to who has the filter's listener where all of `compares` hold."""
        self._add(name, _NOTIFY, *compares)

    def _add(self, name: str, action: int, *compares: _Compare) -> None:
        call = self._lib.seccomp_syscall_resolve_name(name.encode())
        if call < 0:
            return
        self._lib.seccomp_rule_add.argtypes = (
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, *[_Compare] * len(compares),
        )  # fmt: skip
        _check(self._lib.seccomp_rule_add(self._context, action, call, len(compares), *compares), name)

    def program(self) -> bytes:
        """The BPF instructions, 8 bytes each (`struct sock_filter`)."""
        fd = os.memfd_create("seccomp")
        try:
            _check(self._lib.seccomp_export_bpf(self._context, fd), "seccomp_export_bpf")
            return os.pread(fd, os.fstat(fd).st_size, 0)
        finally:
            os.close(fd)
            self._lib.seccomp_release(self._context)


def _check(result: int, what: str) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result), what)


def _masked(argument: int, bits: int, mask: int | None = None) -> _Compare:
    return _Compare(argument, _MASKED_EQ, bits if mask is None else mask, bits)


@cache
def program() -> bytes:
    """The filter, compiled. Raises OSError where libseccomp is missing or refuses."""
    found = _Filter()
    for name in _REFUSED:
        found.refuse(name, errno.EPERM)
    for name in _UNKNOWN:
        found.refuse(name, errno.ENOSYS)
    for name in ("unshare", "clone"):
        found.refuse(name, errno.EPERM, _masked(0, CLONE_NEWUSER))
    for flag in (MS_MOVE, MS_REMOUNT):
        found.refuse("mount", errno.EPERM, _masked(3, flag))
    for command in (_TIOCSTI, _TIOCLINUX):  # typing into somebody's terminal
        found.refuse("ioctl", errno.EPERM, _masked(1, command, _WORD))
    found.refuse("socket", errno.EAFNOSUPPORT, _Compare(0, _GT, max(_FAMILIES), 0))
    for family in sorted(set(range(max(_FAMILIES))) - _FAMILIES):
        found.refuse("socket", errno.EAFNOSUPPORT, _masked(0, family, _WORD))
    found.refuse("socket", errno.EPROTONOSUPPORT, _masked(0, _NETLINK, _WORD), _masked(2, _NETLINK_CRYPTO, _WORD))
    for ring in (_PACKET_RX_RING, _PACKET_TX_RING):
        found.hand_over("setsockopt", _masked(1, _SOL_PACKET, _WORD), _masked(2, ring, _WORD), _Compare(_SIXTH, _NE, PASSWORD, 0))
    return found.program()


def install(instructions: bytes) -> int:
    """Put the filter on the calling process and all that it will start, for good; exec(2) gives them no privileges either. The descriptor
    on which calls that are handed over come (seccomp_unotify(2)). Raises OSError."""
    pids.prctl(pids.PR_SET_NO_NEW_PRIVS, 1)
    filter = _Program(len(instructions) // 8, instructions)
    return check(libc.syscall(numbers().seccomp, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(filter)), "seccomp")
