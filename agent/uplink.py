"""The outside for a lab's host, in user mode: slirp4netns(1) speaks TCP and UDP for it, as an id that owns nothing on the machine.

It opens a tap device in the lab's `host`, and ordinary sockets outside; the machine's own network stack gets no interface, route or rule.
The machine's loopback is not reachable through it. It runs in a cage of its own: no files but its program and the DNS servers' names, no
privileges, within the lab's cgroups, and it ends with the lab.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

import msgspec

from agent import sandbox
from agent.linux import mounts as m
from agent.linux import namespaces as ns
from agent.linux import pids
from agent.sandbox import limits, root
from topology.model.problems import Code, Problem, ProblemError

PROGRAM, PACKAGE = "slirp4netns", "slirp4netns"
INTERFACE, ADDRESS, GATEWAY, DNS = "uplink0", "10.0.2.100/24", "10.0.2.2", "10.0.2.3"
"""What the lab's host sees: slirp4netns' own numbers."""
READY_SECONDS = 5.0
_PLACE = "/tmp"


class Mark(msgspec.Struct, frozen=True):
    """What is remembered of it beside the lab's note. `started` tells the process from a later one."""

    pid: int
    started: int


def program() -> str | None:
    """Where it is installed."""
    return shutil.which(PROGRAM, path="/usr/local/bin:/usr/bin:/bin")


class Uplinks:
    """Those of all labs; their marks lie in `folder`, so that an agent that comes later finds them."""

    def __init__(self, folder: Path, allowed: bool) -> None:
        self._folder, self._allowed = folder, allowed

    async def set(self, lab: str, on: bool, first: int, number: int) -> None:
        """Raises ProblemError: DENIED where uplinks are not allowed."""
        if not self._allowed:
            problem = Problem(code=Code.DENIED, message="uplinks are not allowed on this server", hint="vethboard up --allow-uplink")
            raise ProblemError(problem)
        if not on:
            self.end(lab)
        elif self._running(lab) is None:
            pid = await _start(lab, first, number)
            self._mark(lab).write_bytes(msgspec.json.encode(Mark(pid, pids.started(pid) or 0)))

    def end(self, lab: str) -> None:
        """If it has one."""
        pid = self._running(lab)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._mark(lab).unlink(missing_ok=True)

    def _mark(self, lab: str) -> Path:
        return self._folder / f"{lab}.uplink"

    def _running(self, lab: str) -> int | None:
        try:
            mark = msgspec.json.decode(self._mark(lab).read_bytes(), type=Mark)
        except (OSError, msgspec.MsgspecError):
            return None
        with contextlib.suppress(ChildProcessError):
            os.waitpid(mark.pid, os.WNOHANG)
        return mark.pid if pids.started(mark.pid) == mark.started else None


async def _start(lab: str, first: int, number: int) -> int:
    """For the lab whose first process is `first`; the pid. Raises ProblemError in the program's own words."""
    path = program()
    if path is None:
        message = f"{PROGRAM} is not installed"
        raise ProblemError(Problem(code=Code.UNSUPPORTED, message=message, hint=f"apt-get install {PACKAGE}"))
    ready, tell = os.pipe()
    said = os.memfd_create("uplink")
    pid = os.fork()
    if pid == 0:
        _child(path, first, sandbox.base(number), tell, said)
    os.close(tell)
    try:
        limits.join(lab, pid)
        if not await _is_ready(ready):
            os.kill(pid, signal.SIGKILL)
            words = os.pread(said, 1000, 0).decode("utf-8", "replace").strip() or "it did not say that it is ready"
            raise ProblemError(Problem(code=Code.REFUSED, message=f"{PROGRAM}: {words.splitlines()[-1]}", hint="vethboard doctor"))
    finally:
        os.close(ready)
        os.close(said)
    return pid


async def _is_ready(fd: int) -> bool:
    """It writes a byte; its end closes the pipe."""
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


def _child(path: str, first: int, id: int, ready: int, said: int) -> None:
    """Never returns."""
    try:
        os.dup2(said, 2)
        os.dup2(ready, 3)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1):
            os.dup2(null, fd)
        os.closerange(4, 1 << 16)
        os.setsid()
        _cage(first)
        os.setgroups([])
        os.setresgid(id, id, id)
        os.setresuid(id, id, id)
        pids.prctl(pids.PR_SET_NO_NEW_PRIVS, 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        options = ["--configure", "--mtu=1500", "--disable-host-loopback", "--enable-seccomp", "--ready-fd=3", "--netns-type=path"]
        os.execve(path, [PROGRAM, *options, "--userns-path=/ns/user", "/ns/net", INTERFACE], {"PATH": "/usr/bin:/bin"})
    except BaseException as e:
        os.write(2, f"{e}\n".encode())
    finally:
        os._exit(1)


def _cage(first: int) -> None:
    """A root with the system's programs, the names of DNS servers, the tap's device and the lab's two namespaces."""
    ns.unshare(ns.CLONE_NEWNS | ns.CLONE_NEWIPC | ns.CLONE_NEWUTS)
    m.make_private()
    names = "".join(line + "\n" for line in _lines(Path("/etc/resolv.conf")) if line.startswith("nameserver"))
    with contextlib.ExitStack() as held:
        namespaces = {kind: os.open(f"/proc/{first}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")}
        for fd in namespaces.values():
            held.callback(os.close, fd)
        m.mount("tmpfs", _PLACE, "tmpfs", m.MS_NOSUID, "mode=755,size=64k")
        for folder in ("dev/net", "etc", "ns", "tmp", "run", "proc"):
            Path(_PLACE, folder).mkdir(parents=True)
        root.programs(Path(_PLACE))
        Path(_PLACE, "etc/resolv.conf").write_text(names)
        os.mknod(f"{_PLACE}/dev/net/tun", 0o020666, os.makedev(10, 200))
        Path(_PLACE, "dev/net/tun").chmod(0o666)
        Path(_PLACE, "dev/null").touch()
        m.bind("/dev/null", f"{_PLACE}/dev/null")
        for kind, fd in namespaces.items():
            Path(_PLACE, "ns", kind).touch()
            m.bind(f"/proc/self/fd/{fd}", f"{_PLACE}/ns/{kind}")
        m.pivot_root(_PLACE)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
