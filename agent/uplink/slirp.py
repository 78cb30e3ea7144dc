"""slirp4netns(1): sockets of the machine for the packets of a tap device.

It runs in a root of its own, with no files but programs and the addresses of DNS servers, under an id that owns nothing, in the lab's
cgroups.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from agent.linux import mounts as m
from agent.linux import namespaces as ns
from agent.linux import pids
from agent.sandbox import root
from agent.uplink.rules import OUT_SIDE
from topology.model.problems import Code, Problem, ProblemError

PROGRAM, PACKAGE = "slirp4netns", "slirp4netns"
READY_SECONDS = 5.0
_PLACE = "/tmp"


def program() -> str:
    """The path of the program. Raises ProblemError where it is not installed."""
    path = shutil.which(PROGRAM, path="/usr/local/bin:/usr/bin:/bin")
    if path is None:
        message = f"{PROGRAM} is not installed"
        raise ProblemError(Problem(code=Code.UNSUPPORTED, message=message, hint=f"apt-get install {PACKAGE}"))
    return path


def network_of(pid: int) -> str:
    """The file that is the network namespace of its tap."""
    return f"/proc/{pid}/root/ns/net"


async def start(path: str, holder: int, id: int, join: Callable[[int], None]) -> int:
    """Start the program at `path` as the user `id`; its pid. Its tap is in the network namespace of the process `holder`; `join` is given
    the pid and counts it as the lab's. Raises ProblemError with the program's own message."""
    ready, child_ready = os.pipe()
    stderr = os.memfd_create("uplink")
    pid = os.fork()
    if pid == 0:
        _child(path, holder, id, child_ready, stderr)
    os.close(child_ready)
    try:
        await asyncio.to_thread(join, pid)
        if not await _is_ready(ready):
            os.kill(pid, signal.SIGKILL)
            text = os.pread(stderr, 1000, 0).decode("utf-8", "replace").strip() or "it did not become ready"
            raise ProblemError(Problem(code=Code.REFUSED, message=f"{PROGRAM}: {text.splitlines()[-1]}", hint="vethboard doctor"))
    finally:
        os.close(ready)
        os.close(stderr)
    return pid


async def _is_ready(fd: int) -> bool:
    """Whether the program writes a byte to this pipe in time. It closes the pipe when it ends."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(fd, readable.set)
    try:
        await asyncio.wait_for(readable.wait(), READY_SECONDS)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(fd)
    return os.read(fd, 1) != b""


def _child(path: str, holder: int, id: int, ready: int, stderr: int) -> None:
    """The forked child: becomes slirp4netns with the uid and gid `id`. Never returns."""
    try:
        _take_descriptors(ready, stderr)
        os.setsid()
        _enter_root(holder)
        os.setgroups([])
        os.setresgid(id, id, id)
        os.setresuid(id, id, id)
        pids.prctl(pids.PR_SET_NO_NEW_PRIVS, 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        options = ["--mtu=1500", "--disable-host-loopback", "--enable-seccomp", "--ready-fd=3", "--netns-type=path"]
        os.execve(path, [PROGRAM, *options, "--userns-path=/ns/user", "/ns/net", OUT_SIDE], {"PATH": "/usr/bin:/bin"})
    except BaseException as e:
        os.write(2, f"{e}\n".encode())
    finally:
        os._exit(1)


def _take_descriptors(ready: int, stderr: int) -> None:
    """Standard error is 2, the pipe that is written to when the program is ready is 3, and no others are open but /dev/null."""
    os.dup2(stderr, 2)
    os.dup2(ready, 3)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.closerange(4, 1 << 16)


def _enter_root(holder: int) -> None:
    """Go into a root that has the system's programs, the addresses of DNS servers, /dev/net/tun, and two namespaces of the
    process `holder`. Raises OSError."""
    ns.unshare(ns.CLONE_NEWNS | ns.CLONE_NEWIPC | ns.CLONE_NEWUTS)
    m.make_private()
    servers = "".join(line + "\n" for line in _lines(Path("/etc/resolv.conf")) if line.startswith("nameserver"))
    with contextlib.ExitStack() as held:
        namespaces = {kind: os.open(f"/proc/{holder}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")}
        for fd in namespaces.values():
            held.callback(os.close, fd)
        m.mount("tmpfs", _PLACE, "tmpfs", m.MS_NOSUID, "mode=755,size=64k")
        for folder in ("dev/net", "etc", "ns", "tmp", "run", "proc"):
            Path(_PLACE, folder).mkdir(parents=True)
        root.programs(Path(_PLACE))
        Path(_PLACE, "etc/resolv.conf").write_text(servers)
        _make_devices(Path(_PLACE, "dev"))
        for kind, fd in namespaces.items():
            Path(_PLACE, "ns", kind).touch()
            m.bind(f"/proc/self/fd/{fd}", f"{_PLACE}/ns/{kind}")
        m.pivot_root(_PLACE)


def _make_devices(dev: Path) -> None:
    os.mknod(dev / "net/tun", 0o020666, os.makedev(10, 200))
    (dev / "net/tun").chmod(0o666)
    (dev / "null").touch()
    m.bind("/dev/null", str(dev / "null"))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
