"""A lab's sandbox: a process that is root only of itself, in namespaces of its own (user_namespaces(7), namespaces(7)).

It is forked from the warm agent, without an exec, so that a lab is there in some 50 ms. It outlives the agent.
Two user namespaces, one in the other: the outer owns the mounts, the pids, the cgroup and the limits; the lab's root is root of the inner,
which owns the network. So it cannot unmount, remount or raise what the outer has set (mount_namespaces(7), "locked").
"""

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable

from agent.linux import syscalls as sc
from agent.sandbox import limits as enforced
from agent.sandbox import root, seccomp
from topology.model.limits import Limits

FIRST_UID, UIDS = 0x4000_0000, 65536
"""Each lab has a range of its own, far above those of users and of /etc/subuid."""

Main = Callable[[socket.socket], None]


def make(lab: str, listener: socket.socket, number: int, limits: Limits, main: Main) -> int:
    """Start the lab's first process, which runs `main(listener)`; its pid. `number` chooses the uid range.

    Raises OSError, in the kernel's words, when a part of the sandbox cannot be had.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        ours.close()
        _child(lab, limits, listener, theirs, number, main)
    theirs.close()
    try:
        _expect(ours, "user namespace")
        first = base(number)
        for file in ("uid_map", "gid_map"):
            with open(f"/proc/{child}/{file}", "w") as f:
                f.write(f"0 {first} {UIDS}")
        missing = enforced.confine(lab, child, limits)
        ours.send("\n".join(("go", *missing)).encode())
        said = [_expect(ours, "namespaces"), _expect(ours, "root")]  # from two processes, so in either order
        return int(next(filter(None, said)))
    finally:
        ours.close()
        os.waitpid(child, 0)


def _expect(channel: socket.socket, what: str) -> bytes:
    """One message of the child: `+` and a value, or what went wrong."""
    data = channel.recv(4096)
    if not data.startswith(b"+"):
        raise OSError(0, f"{what}: {data.decode('utf-8', 'replace') or 'the process died'}")
    return data[1:]


def base(number: int) -> int:
    """The id outside of the lab's root."""
    return FIRST_UID + number * UIDS


def _child(lab: str, limits: Limits, listener: socket.socket, parent: socket.socket, number: int, main: Main) -> None:
    """The process in between: root of the outer user namespace, which owns what the lab may use and not change. Its child is pid 1."""
    try:
        _let_go((listener.fileno(), parent.fileno()))
        os.setsid()
        _take_id(base(number))
        sc.unshare(sc.CLONE_NEWUSER)
        parent.send(b"+")
        go, *missing = parent.recv(1024).decode().splitlines() or [""]
        if go != "go":
            os._exit(1)
        _become_root()
        enforced.namespaces(limits)
        enforced.rlimits(limits, missing)
        sc.unshare(sc.CLONE_NEWNS | sc.CLONE_NEWPID | sc.CLONE_NEWCGROUP)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        first = os.fork()
        if first == 0:
            ours.close()
            _first(lab, limits, listener, parent, theirs, main)
        theirs.close()
        if ours.recv(16) == b"inner":
            for file in ("uid_map", "gid_map"):
                with open(f"/proc/{first}/{file}", "w") as f:
                    f.write(f"0 0 {UIDS}")
            ours.send(b"go")
        parent.send(b"+%d" % first)
        os._exit(0)
    except BaseException as e:
        _tell(parent, e)
        os._exit(1)


def _take_id(id: int) -> None:
    """Whoever makes a user namespace pays for all in it (namespaces, inotify instances, pipes, …): let that be an id of the lab alone."""
    sc.prctl(sc.PR_SET_SECUREBITS, sc.SECBIT_NO_SETUID_FIXUP)  # the capabilities stay, until the user namespace takes them
    os.setresgid(id, id, id)
    os.setresuid(id, id, id)


def _become_root() -> None:
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _first(lab: str, limits: Limits, listener: socket.socket, parent: socket.socket, outer: socket.socket, main: Main) -> None:
    """Pid 1: it builds the root as the outer root, and then leaves that for a user namespace in which those mounts are locked."""
    try:
        sc.new_session_keyring()
        root.build(limits)
        sc.unshare(sc.CLONE_NEWUSER | sc.CLONE_NEWNS | sc.CLONE_NEWUTS | sc.CLONE_NEWIPC)
        sc.prctl(sc.PR_SET_DUMPABLE, 1)  # else its uid_map would be the machine's root's
        outer.send(b"inner")
        if outer.recv(16) != b"go":
            os._exit(1)
        outer.close()
        _become_root()
        # Not before uid_map is written: files of /proc/net belong to whom the map names then (xt_proto_init), and iptables-save reads them.
        sc.unshare(sc.CLONE_NEWNET)
        root.enter(lab)
        sc.prctl(sc.PR_SET_DUMPABLE, 0)  # its memory and files are nobody's, also not the lab's root's
        seccomp.install(seccomp.program())
        os.umask(0o022)
        os.environ.clear()
        os.environ.update(ENVIRONMENT)
        parent.send(b"+")
        parent.close()
        main(listener)
    except BaseException as e:
        _tell(parent, e)
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
}


def _tell(parent: socket.socket, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        parent.send(f"{error}".encode())


def _let_go(keep: tuple[int, ...]) -> None:
    """Close everything of the agent's but its standard error, and forget its signal handlers."""
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 1 << 20 else 1 << 20)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.close(null)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
