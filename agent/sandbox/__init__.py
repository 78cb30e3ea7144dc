"""A lab's sandbox: a process that is root only of itself, in namespaces of its own (user_namespaces(7), namespaces(7)).

It is forked, without an exec, from a process that is there for that (`starter`), so that a lab is there in some 50 ms. It outlives the
agent.
Two user namespaces, one in the other: the outer owns the mounts, the pids, the cgroup and the limits; the lab's root is root of the inner,
which owns the network. So it cannot unmount, remount or raise what the outer has set (mount_namespaces(7), "locked").

- `make`: starts the lab's first process; `starter`: the process that it is forked from; `become`: what it does;
- `root`: the files that the lab sees;
- `limits`: what it may use; `uids`: its user ids;
- `seccomp`: the system calls that it may not use.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.linux import namespaces as ns
from agent.linux import pids
from agent.sandbox import limits as enforced
from agent.sandbox import root, seccomp
from agent.sandbox.uids import UIDS
from logs import about, configure, failure, start_thread
from logs.setup import form_now
from topology.model.limits import Limits

START_SECONDS = 20.0
"""How long a sandbox may take. 45 ms are usual."""

Main = Callable[[socket.socket, tuple[str, ...], int], None]
"""What a lab's first process is for: is given its listener, which limits cannot be enforced, and why, and the descriptor on which system
calls that are handed over come (seccomp_unotify(2))."""
Begin = Callable[[socket.socket], None]
"""Has a process made that calls `become` with this socket as `parent`, on which its pid is told first, by another process: it may hang at
once. It is a child of the caller. May raise OSError."""
Keep = Callable[[int], None]
"""Is given the pid of a lab's first process before that runs. May raise OSError."""

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
}
"""Of the lab's first process, and of what people start in the lab."""


class Lab(NamedTuple):
    """What the processes that become the lab are given. `uid` is the id that the lab's root has outside, `parent` their end of a socket
    to the agent, on which each says `+` or what went wrong."""

    id: str
    limits: Limits
    uid: int
    listener: socket.socket
    parent: socket.socket
    main: Main


async def make(lab: str, limits: Limits, uid: int, begin: Begin, keep: Keep, *, all_limits: bool = False) -> None:
    """Start the lab's first process. `uid` is the id that its root has outside. `keep` writes the process down: should this one be killed
    before, the lab ends. `all_limits`: not where one of the limits cannot be enforced.

    Raises OSError, in the kernel's words, when a part of the sandbox cannot be had; then none of its processes is left. What may take long
    is waited for, so that other labs are served meanwhile.
    """
    ours, theirs = _pair()
    ours.setblocking(False)
    made: list[_Made] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            with theirs:
                begin(theirs)
            pid = int(await _expect(ours, "process"))
            made.append(_Made(pid, os.pidfd_open(pid)))
            keep(await _admit(ours, lab, made[0].pid, limits, uid, all_limits))
            ours.send(b"run")
            await _end_of(made[0].pidfd)
    except BaseException as e:
        if made:
            kill(made[0].pid)
        else:
            start_thread("late", partial(_kill_late, ours.dup()))
        if isinstance(e, TimeoutError):
            raise OSError(errno.ETIMEDOUT, f"the sandbox was not ready after {START_SECONDS:.0f} s") from None
        raise
    finally:
        ours.close()
        for child in made:
            os.close(child.pidfd)
    _reap([made[0].pid])


def _kill_late(child: socket.socket) -> None:
    """End a process whose pid was not told yet."""
    with child, contextlib.suppress(OSError, ValueError):
        child.settimeout(START_SECONDS)
        kill(int(child.recv(4096).removeprefix(b"+")))


class _Made(NamedTuple):
    """The process between this one and the lab's first."""

    pid: int
    pidfd: int


async def _admit(child: socket.socket, lab: str, pid: int, limits: Limits, first_uid: int, all_limits: bool) -> int:
    """The agent's side: give the child its ids and its limits when it has its user namespace; the pid of the lab's first process."""
    await _expect(child, "user namespace")
    ns.map_ids(pid, first_uid, UIDS)
    missing = await asyncio.to_thread(enforced.confine, lab, pid, limits)
    words = [f"{name}: {reason}" for name, reason in missing.items()]
    if missing and all_limits:
        raise OSError(errno.EOPNOTSUPP, f"limits that cannot be enforced here: {'; '.join(words)}")
    child.send("\n".join(("go", *words)).encode())
    answers = [await _expect(child, "namespaces"), await _expect(child, "root")]  # from two processes, so in either order
    return int(next(filter(None, answers)))


async def _end_of(pidfd: int) -> None:
    """Wait until the process has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pidfd)


def kill(process: int) -> None:
    """End a process of a sandbox, a child of this process, and what it has started; they are reaped on a thread of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    start_thread("reap", partial(_bury, process))


def _bury(process: int) -> None:
    """Wait for its end. What it had started is a child of this process then (PR_SET_CHILD_SUBREAPER), and still of its session."""
    _reap([process])
    while left := _of_session(process):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap(left)


def _of_session(session: int) -> list[int]:
    """The children of this process that are of a session (proc_pid_stat(5))."""
    found: list[int] = []
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [pid for pid in map(int, children.read_text().split()) if _session(pid) == session]
    return found


def _session(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])
    return 0


def _reap(pids: Iterable[int]) -> None:
    """Wait for children."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


async def _expect(child: socket.socket, what: str) -> bytes:
    """One message of the child: `+` and a value, or what went wrong, which is raised as OSError."""
    data = await asyncio.get_running_loop().sock_recv(child, 4096)
    if not data.startswith(b"+"):
        raise OSError(0, f"{what}: {data.decode('utf-8', 'replace') or 'the process died'}")
    return data[1:]


def become(lab: Lab) -> None:
    """Be the process in between: root of the outer user namespace, which owns what the lab may use and not change. Its child is pid 1.

    Never returns.
    """
    try:
        _close_all_but((lab.listener.fileno(), lab.parent.fileno()))
        os.setsid()
        _take_id(lab.uid)
        ns.unshare(ns.CLONE_NEWUSER)
        lab.parent.send(b"+")
        go, *missing = lab.parent.recv(4096).decode().splitlines() or [""]
        if go != "go":
            os._exit(1)
        _become_root()
        enforced.namespaces(lab.limits)
        enforced.rlimits(lab.limits, [line.partition(":")[0] for line in missing])
        ns.unshare(ns.CLONE_NEWNS | ns.CLONE_NEWPID | ns.CLONE_NEWCGROUP)
        lab.parent.send(b"+%d" % _start_first(lab, tuple(missing)))
        os._exit(0)
    except BaseException as e:
        _report(lab.parent, e)
        os._exit(1)


def _start_first(lab: Lab, missing: tuple[str, ...]) -> int:
    """Fork pid 1, and map its ids when it has the inner user namespace; its pid, as this process and the agent see it."""
    ours, theirs = _pair()
    first = os.fork()
    if first == 0:
        ours.close()
        _first(lab, theirs, missing)
    theirs.close()
    if ours.recv(16) == b"inner":
        ns.map_ids(first, 0, UIDS)
        ours.send(b"go")
    return first


def _take_id(id: int) -> None:
    """Whoever makes a user namespace pays for all in it (namespaces, inotify instances, pipes, …): let that be an id of the lab alone."""
    pids.prctl(pids.PR_SET_SECUREBITS, pids.SECBIT_NO_SETUID_FIXUP)  # the capabilities stay, until the user namespace takes them
    os.setresgid(id, id, id)
    os.setresuid(id, id, id)


def _become_root() -> None:
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _first(lab: Lab, outer: socket.socket, missing: tuple[str, ...]) -> None:
    """Pid 1: it builds the root as the outer root, and then leaves that for a user namespace in which those mounts are locked.

    Never returns.
    """
    try:
        pids.join_new_session_keyring()
        root.build(lab.limits)
        _enter_inner(outer)
        root.enter(lab.id)
        calls = _lock_down()
        lab.parent.send(b"+")
        if lab.parent.recv(16) != b"run":
            os._exit(1)
        lab.parent.close()
        configure("lab", form_now())
        with about(lab=lab.id, event=""):
            lab.main(lab.listener, missing, calls)
    except BaseException as e:
        _report(lab.parent, e)
        failure(e, f"the process of lab {lab.id} ends")
        os._exit(1)
    os._exit(0)


def _enter_inner(outer: socket.socket) -> None:
    """Go into the inner user namespace, whose ids the process at the other end of `outer` maps, and become its root."""
    ns.unshare(ns.CLONE_NEWUSER | ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC)
    pids.prctl(pids.PR_SET_DUMPABLE, 1)  # else its uid_map would be the machine's root's
    outer.send(b"inner")
    if outer.recv(16) != b"go":
        os._exit(1)
    outer.close()
    _become_root()
    # Not before uid_map is written: files of /proc/net belong to whom the map names then (xt_proto_init), and iptables-save reads them.
    ns.unshare(ns.CLONE_NEWNET)


def _lock_down() -> int:
    """What holds from now on for this process, and for all that it starts; the descriptor of `seccomp.install`."""
    pids.prctl(pids.PR_SET_DUMPABLE, 0)  # nobody may read its memory and /proc files, not even the lab's root
    calls = seccomp.install(seccomp.program())
    os.umask(0o022)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    return calls


def _report(parent: socket.socket, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        parent.send(f"{error}".encode())


def _close_all_but(keep: tuple[int, ...]) -> None:
    """Close everything of the agent's but its standard error, and forget its signal handlers."""
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, min(os.sysconf("SC_OPEN_MAX"), 1 << 20))
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.close(null)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
