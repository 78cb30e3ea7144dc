"""A lab's uplink: a way out for its `host`, by slirp4netns(1), which needs no privileges on the machine.

It opens a tap device in the lab's `host`, and ordinary sockets outside, for TCP and UDP; the machine's own network stack gets no interface,
route or rule. The machine's loopback addresses cannot be reached through it. The program runs in a root of its own, with no files but
programs and the addresses of DNS servers, under an id that owns nothing, in the lab's cgroups, and ends with the lab.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

import msgspec

from agent.linux import mounts as m
from agent.linux import namespaces as ns
from agent.linux import pids
from agent.sandbox import limits, root
from agent.sandbox.uids import base
from topology.model.problems import Code, Problem, ProblemError

PROGRAM, PACKAGE = "slirp4netns", "slirp4netns"
INTERFACE, ADDRESS, DNS = "uplink0", "10.0.2.100/24", "10.0.2.3"
"""What the lab's host sees: slirp4netns' own addresses."""
READY_SECONDS = 5.0
_PLACE = "/tmp"


class UplinkFile(msgspec.Struct, frozen=True):
    """What is kept of an uplink beside the lab's file. `started` (clock ticks since boot) tells the process from a later one with the same
    pid."""

    pid: int
    started: int


def program() -> str | None:
    """The path of the program; None where it is not installed."""
    return shutil.which(PROGRAM, path="/usr/local/bin:/usr/bin:/bin")


class Uplinks:
    """Those of all labs. Their files are in `folder`, so that an agent that is started later finds them."""

    def __init__(self, folder: Path, allowed: bool) -> None:
        self._folder, self._allowed = folder, allowed

    async def set(self, lab: str, on: bool, pid: int, number: int) -> None:
        """Start the uplink of a lab, whose first process is `pid`, or end it, which is always allowed. `number` chooses the lab's uids.
        Raises ProblemError: DENIED where uplinks are not allowed."""
        if not on:
            await asyncio.to_thread(self.end, lab)
        elif not self._allowed:
            problem = Problem(code=Code.DENIED, message="uplinks are not allowed on this server", hint="vethboard up --allow-uplink")
            raise ProblemError(problem)
        elif self._running(lab) is None:
            program = await _start(lab, pid, number)
            self._file(lab).write_bytes(msgspec.json.encode(UplinkFile(program, pids.started(program) or 0)))

    def is_on(self, lab: str) -> bool:
        """Whether the lab's uplink runs now."""
        return self._running(lab) is not None

    def end(self, lab: str) -> None:
        """End the uplink, if the lab has one."""
        pid = self._running(lab)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._file(lab).unlink(missing_ok=True)

    def _file(self, lab: str) -> Path:
        return self._folder / f"{lab}.uplink"

    def _running(self, lab: str) -> int | None:
        """The pid of the uplink's program; None where it does not run."""
        try:
            file = msgspec.json.decode(self._file(lab).read_bytes(), type=UplinkFile)
        except (OSError, msgspec.MsgspecError):
            return None
        with contextlib.suppress(ChildProcessError):
            os.waitpid(file.pid, os.WNOHANG)
        return file.pid if pids.started(file.pid) == file.started else None


async def _start(lab: str, first: int, number: int) -> int:
    """Start the program; its pid. Raises ProblemError with the program's own message."""
    path = program()
    if path is None:
        message = f"{PROGRAM} is not installed"
        raise ProblemError(Problem(code=Code.UNSUPPORTED, message=message, hint=f"apt-get install {PACKAGE}"))
    ready, child_ready = os.pipe()
    stderr = os.memfd_create("uplink")
    pid = os.fork()
    if pid == 0:
        _child(path, first, base(number), child_ready, stderr)
    os.close(child_ready)
    try:
        await asyncio.to_thread(limits.join, lab, pid)
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


def _child(path: str, first: int, id: int, ready: int, stderr: int) -> None:
    """The forked child: becomes slirp4netns with the uid and gid `id`. Never returns."""
    try:
        _take_descriptors(ready, stderr)
        os.setsid()
        _enter_root(first)
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


def _take_descriptors(ready: int, stderr: int) -> None:
    """Standard error is 2, the pipe that is written to when the program is ready is 3, and no others are open but /dev/null."""
    os.dup2(stderr, 2)
    os.dup2(ready, 3)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.closerange(4, 1 << 16)


def _enter_root(first: int) -> None:
    """Go into a root that has the system's programs, the addresses of DNS servers, /dev/net/tun, and two namespaces of the lab, whose
    first process is `first`. Raises OSError."""
    ns.unshare(ns.CLONE_NEWNS | ns.CLONE_NEWIPC | ns.CLONE_NEWUTS)
    m.make_private()
    servers = "".join(line + "\n" for line in _lines(Path("/etc/resolv.conf")) if line.startswith("nameserver"))
    with contextlib.ExitStack() as held:
        namespaces = {kind: os.open(f"/proc/{first}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")}
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
