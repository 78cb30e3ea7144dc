"""The labs of this machine: started, found again after a restart of the agent, ended, with nothing left of them."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent import filter, sandbox
from agent.lab import main
from agent.limit_events import LimitEvents
from agent.linux.pids import started
from agent.sandbox import limits as enforced
from agent.uplink import Uplinks
from topology.model import ids
from topology.model.limits import Limits, parse
from topology.model.limits import of as limits_of
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError


class LabFile(msgspec.Struct, frozen=True):
    """What is kept of a lab in the run directory. `started` (clock ticks since boot) tells its process from a later one with the same pid;
    `number` chooses its uids."""

    pid: int
    started: int
    number: int
    limits: Limits = Limits()


class Running(NamedTuple):
    """A lab that runs. `pidfd` becomes readable when its first process ends."""

    file: LabFile
    pidfd: int


class Labs:
    """`running`: by lab id. `on_end` is called with the lab and the reason when one ends that was not asked to, `on_limit` when one runs
    into a limit that the kernel enforces."""

    def __init__(self, run: Path, limits: Path | None = None, uplinks: bool = False) -> None:
        self._run, self._limits = run, limits
        run.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder = run / "labs"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uplinks = Uplinks(self._folder, uplinks)
        self.running: dict[str, Running] = {}
        self.on_end: Callable[[str, str], None] = lambda _lab, _reason: None
        self.on_limit: Callable[[str, Problem], None] = lambda _lab, _problem: None
        self._limit_events = LimitEvents(lambda lab, problem: self.on_limit(lab, problem))
        self._stopping: dict[str, asyncio.Event] = {}

    def find(self) -> None:
        """Take over the labs that an agent before this one made, and that still run."""
        for path in self._folder.glob("*.json"):
            lab = path.stem
            try:
                file = msgspec.json.decode(path.read_bytes(), type=LabFile)
                pidfd = os.pidfd_open(file.pid)
            except (OSError, msgspec.MsgspecError):
                self._clean(lab)
                continue
            if started(file.pid) == file.started:
                self._watch(lab, Running(file, pidfd))
            else:
                os.close(pidfd)
                self._clean(lab)

    def socket_of(self, lab: str) -> Path | None:
        """Where the lab's process listens; None where the lab does not run."""
        return self._folder / f"{lab}.sock" if lab in self.running else None

    def start(self, lab: str, firewall: Driver | None = None) -> None:
        """Make the sandbox and the lab's process. Raises ProblemError."""
        if not ids.LAB_NAME.fullmatch(lab):
            raise ProblemError(Problem(code=Code.INVALID, message=f'"{lab}" is no lab id', hint=ids.LAB_NAME.pattern))
        if lab in self.running:
            raise ProblemError(Problem(code=Code.EXISTS, message=os.strerror(errno.EEXIST), hint=f"lab {lab} runs already"))
        limits = self._limits_of(lab)
        self._clean(lab)
        number = min(set(range(len(self.running) + 1)) - {r.file.number for r in self.running.values()})
        try:
            pid = self._sandbox(lab, number, limits, firewall or filter.default())
        except OSError as e:
            self._clean(lab)
            raise ProblemError(Problem(code=Code.UNSUPPORTED, message=str(e), hint="vethboard doctor shows what is missing")) from None
        file = LabFile(pid=pid, started=started(pid) or 0, number=number, limits=limits)
        (self._folder / f"{lab}.json").write_bytes(msgspec.json.encode(file))
        self._watch(lab, Running(file, os.pidfd_open(pid)))

    def _sandbox(self, lab: str, number: int, limits: Limits, driver: Driver) -> int:
        """The pid of the lab's first process, which has its listening socket. Raises OSError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._folder / f"{lab}.sock"))
            listener.listen(8)
            return sandbox.make(lab, listener, number, limits, partial(main, limits=limits, firewall=driver))

    def _limits_of(self, lab: str) -> Limits:
        """What the limits file says now: it is read at each start, so that a change needs no restart. Raises ProblemError."""
        if self._limits is None:
            return Limits()
        try:
            return limits_of(lab, parse(self._limits.read_bytes()))
        except OSError as e:
            problem = Problem(code=Code.UNAVAILABLE, message=f"{self._limits}: {e.strerror}", hint="the file that --limits names")
            raise ProblemError(problem) from None

    def _watch(self, lab: str, running: Running) -> None:
        self.running[lab] = running
        self._limit_events.watch(lab, running.file.limits)
        asyncio.get_running_loop().add_reader(running.pidfd, self._ended, lab)

    def _ended(self, lab: str) -> None:
        running = self.running.pop(lab)
        asyncio.get_running_loop().remove_reader(running.pidfd)
        reason = "its process ended"
        with contextlib.suppress(ChildProcessError):
            status = os.waitpid(running.file.pid, os.WNOHANG)[1]
            if os.WIFSIGNALED(status):
                reason = f"its process was ended by signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
        os.close(running.pidfd)
        self._clean(lab)
        stopping = self._stopping.pop(lab, None)
        if stopping is not None:
            stopping.set()
        else:
            self.on_end(lab, reason)

    def _clean(self, lab: str) -> None:
        """Remove what is left of a lab that does not run."""
        self._limit_events.forget(lab)
        self._uplinks.end(lab)
        enforced.release(lab)
        for suffix in ("sock", "json"):
            (self._folder / f"{lab}.{suffix}").unlink(missing_ok=True)

    async def set_uplink(self, lab: str, on: bool) -> None:
        """Give the lab an uplink, or take it away. Raises ProblemError."""
        running = self.running.get(lab)
        if running is None:
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {lab} does not run", hint="start it first"))
        await self._uplinks.set(lab, on, running.file.pid, running.file.number)

    async def stop(self, lab: str) -> None:
        """End a lab: with its first process all others end, and with them its namespaces. Returns when nothing of it is left."""
        running = self.running.get(lab)
        if running is None:
            return
        event = self._stopping.setdefault(lab, asyncio.Event())
        signal.pidfd_send_signal(running.pidfd, signal.SIGKILL)
        await event.wait()

    async def stop_all(self) -> None:
        """End all labs."""
        await asyncio.gather(*(self.stop(lab) for lab in list(self.running)))

    def close(self) -> None:
        """Remove the folders, if they are empty."""
        self._limit_events.close()
        for folder in (self._folder, self._run):
            with contextlib.suppress(OSError):
                folder.rmdir()
