"""The labs of this machine: made, found again after a restart, ended, with nothing left."""

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
from agent.linux.pids import started
from agent.reached import Reached
from agent.sandbox import limits as enforced
from agent.uplink import Uplinks
from topology.model import ids
from topology.model.limits import Limits, parse
from topology.model.limits import of as limits_of
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError


class Note(msgspec.Struct, frozen=True):
    """What is remembered of a lab in the run directory. `started` (clock ticks since boot) tells the process from a later one."""

    pid: int
    started: int
    number: int
    limits: Limits = Limits()


class Running(NamedTuple):
    note: Note
    pidfd: int


class Labs:
    """`running`: by lab id. `gone` is called when one ends that was not told to."""

    def __init__(self, run: Path, limits: Path | None = None, uplinks: bool = False) -> None:
        self._run, self._limits = run, limits
        run.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder = run / "labs"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uplinks = Uplinks(self._folder, uplinks)
        self.running: dict[str, Running] = {}
        self.gone: Callable[[str, str], None] = lambda _lab, _reason: None
        self.limit: Callable[[str, Problem], None] = lambda _lab, _problem: None
        self._reached = Reached(lambda lab, problem: self.limit(lab, problem))
        self._stopping: dict[str, asyncio.Event] = {}

    def find(self) -> None:
        """Labs that an agent before this one made, and that still run."""
        for file in self._folder.glob("*.json"):
            lab = file.stem
            try:
                note = msgspec.json.decode(file.read_bytes(), type=Note)
                pidfd = os.pidfd_open(note.pid)
            except (OSError, msgspec.MsgspecError):
                self._clean(lab)
                continue
            if started(note.pid) == note.started:
                self._watch(lab, Running(note, pidfd))
            else:
                os.close(pidfd)
                self._clean(lab)

    def socket_of(self, lab: str) -> Path | None:
        """Where its process listens."""
        return self._folder / f"{lab}.sock" if lab in self.running else None

    def start(self, lab: str, firewall: Driver | None = None) -> None:
        """Make the sandbox. Raises ProblemError."""
        if not ids.LAB_NAME.fullmatch(lab):
            raise ProblemError(Problem(code=Code.INVALID, message=f'"{lab}" is no lab id', hint=ids.LAB_NAME.pattern))
        if lab in self.running:
            raise ProblemError(Problem(code=Code.EXISTS, message=os.strerror(errno.EEXIST), hint=f"lab {lab} runs already"))
        limits = self._limits_of(lab)
        self._clean(lab)
        number = min(set(range(len(self.running) + 1)) - {r.note.number for r in self.running.values()})
        path = self._folder / f"{lab}.sock"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(path))
            listener.listen(8)
            driver = firewall or filter.default()
            pid = sandbox.make(lab, listener, number, limits, partial(main, limits=limits, firewall=driver))
        except OSError as e:
            self._clean(lab)
            raise ProblemError(Problem(code=Code.UNSUPPORTED, message=str(e), hint="vethboard doctor says what is missing")) from None
        finally:
            listener.close()
        note = Note(pid=pid, started=started(pid) or 0, number=number, limits=limits)
        (self._folder / f"{lab}.json").write_bytes(msgspec.json.encode(note))
        self._watch(lab, Running(note, os.pidfd_open(pid)))

    def _limits_of(self, lab: str) -> Limits:
        """What the file says now: read at each start, so that a change of it needs no restart."""
        if self._limits is None:
            return Limits()
        try:
            return limits_of(lab, parse(self._limits.read_bytes()))
        except OSError as e:
            problem = Problem(code=Code.UNAVAILABLE, message=f"{self._limits}: {e.strerror}", hint="the file that --limits names")
            raise ProblemError(problem) from None

    def _watch(self, lab: str, running: Running) -> None:
        self.running[lab] = running
        self._reached.watch(lab, running.note.limits)
        asyncio.get_running_loop().add_reader(running.pidfd, self._ended, lab)

    def _ended(self, lab: str) -> None:
        running = self.running.pop(lab)
        asyncio.get_running_loop().remove_reader(running.pidfd)
        reason = "its process ended"
        with contextlib.suppress(ChildProcessError):
            status = os.waitpid(running.note.pid, os.WNOHANG)[1]
            if os.WIFSIGNALED(status):
                reason = f"its process was ended by signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
        os.close(running.pidfd)
        self._clean(lab)
        stopping = self._stopping.pop(lab, None)
        if stopping is not None:
            stopping.set()
        else:
            self.gone(lab, reason)

    def _clean(self, lab: str) -> None:
        self._reached.forget(lab)
        self._uplinks.end(lab)
        enforced.release(lab)
        for suffix in ("sock", "json"):
            (self._folder / f"{lab}.{suffix}").unlink(missing_ok=True)

    async def set_uplink(self, lab: str, on: bool) -> None:
        """Raises ProblemError."""
        running = self.running.get(lab)
        if running is None:
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {lab} does not run", hint="start it first"))
        await self._uplinks.set(lab, on, running.note.pid, running.note.number)

    async def stop(self, lab: str) -> None:
        """End it: with its first process all others of the lab end, and with them its namespaces."""
        running = self.running.get(lab)
        if running is None:
            return
        event = self._stopping.setdefault(lab, asyncio.Event())
        signal.pidfd_send_signal(running.pidfd, signal.SIGKILL)
        await event.wait()

    async def stop_all(self) -> None:
        """End them all."""
        await asyncio.gather(*(self.stop(lab) for lab in list(self.running)))

    def close(self) -> None:
        """Remove the folders, where nothing is left in them."""
        self._reached.close()
        for folder in (self._folder, self._run):
            with contextlib.suppress(OSError):
                folder.rmdir()
