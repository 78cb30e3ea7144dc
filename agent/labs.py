"""The labs of this machine: started, found again after a restart of the agent, ended, with nothing left of them."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent import filter, sandbox
from agent.guard import Watchdog
from agent.guard.process import Report
from agent.limit_events import LimitEvents
from agent.linux.pids import started
from agent.sandbox import limits as enforced
from agent.sandbox import uids
from agent.sandbox.lab_file import LabFile
from agent.sandbox.starter import Order, Starter
from agent.uplink import Uplinks
from agent.uplink.rules import Network
from logs import start_task
from topology.model import ids
from topology.model.limits import Limits, parse
from topology.model.limits import of as limits_of
from topology.model.netfilter import Driver
from topology.model.problems import Code, Problem, ProblemError

_log = logging.getLogger("vethboard.agent")


class Running(NamedTuple):
    """A lab that runs. `pidfd` becomes readable when its first process ends."""

    file: LabFile
    pidfd: int


class Labs:
    """`uplinks`: what `Uplinks` is given. `all_limits`: no lab is started of which a limit cannot be enforced. `running`: by lab id.
    `on_end` is called with the lab and the reason when one ends that was not asked to, `on_limit` when one runs into a limit; with `True`
    where it is ended for that, and is to stay so."""

    def __init__(
        self, run: Path, starter: Starter, limits: Path | None = None, uplinks: Iterable[Network] | None = None, all_limits: bool = False
    ) -> None:
        self._run, self._starter, self._limits, self._all_limits = run, starter, limits, all_limits
        run.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder = run / "labs"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        enforced.use_group_of(run)
        self._instance = enforced.instance(run)
        self._uplinks = Uplinks(self._folder, uplinks)
        self.running: dict[str, Running] = {}
        self.on_end: Callable[[str, str], None] = lambda _lab, _reason: None
        self.on_limit: Callable[[str, Problem, bool], None] = lambda _lab, _problem, _end: None
        self._limit_events = LimitEvents(lambda lab, problem: self.on_limit(lab, problem, False))
        self._guard = Watchdog(self._folder, self._reported)
        self._stopping: dict[str, asyncio.Event] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Task[None]] = {}
        """What cleans up after labs that have ended."""
        self._numbers: dict[str, int] = {}
        """Of the labs that start, run, or are cleaned up."""

    async def find(self) -> None:
        """Take over the labs that an agent before this one made, and that still run."""
        for path in self._folder.glob("*.json"):
            lab = path.stem
            try:
                file = msgspec.json.decode(path.read_bytes(), type=LabFile)
                pidfd = os.pidfd_open(file.pid)
            except (OSError, OverflowError, msgspec.MsgspecError):
                await self._clean(lab)
                continue
            if started(file.pid) == file.started:
                self._numbers[lab] = file.number
                self._watch(lab, Running(file, pidfd))
            else:
                os.close(pidfd)
                await self._clean(lab)

    def socket_of(self, lab: str) -> Path | None:
        """Where the lab's process listens; None where the lab does not run."""
        return self._folder / f"{lab}.sock" if lab in self.running else None

    async def start(self, lab: str, firewall: Driver | None = None) -> None:
        """Make the sandbox and the lab's process. Raises ProblemError."""
        if not ids.LAB_NAME.fullmatch(lab):
            raise ProblemError(Problem(code=Code.INVALID, message=f'"{lab}" is no lab id', hint=ids.LAB_NAME.pattern))
        await self._wait_for(lab)
        if lab in self.running:
            raise ProblemError(Problem(code=Code.EXISTS, message=os.strerror(errno.EEXIST), hint=f"lab {lab} runs already"))
        task = self._starting[lab] = asyncio.create_task(self._start(lab, firewall))
        task.add_done_callback(lambda _: self._start_ended(lab))
        await asyncio.wait([task])
        if task.cancelled():
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {lab} was stopped while it started"))
        task.result()

    async def _wait_for(self, lab: str) -> None:
        """Until nothing is under way with this lab: another start, or the cleaning up after its end."""
        while tasks := [task for task in (self._starting.get(lab), self._ends.get(lab)) if task is not None]:
            await asyncio.wait(tasks)

    async def _start(self, lab: str, firewall: Driver | None) -> None:
        number = await self.number(lab)
        try:
            limits = self._limits_of(lab)
            await self._clean(lab)
            driver: Driver = firewall if firewall is not None else await asyncio.to_thread(filter.default)
            await self._sandbox(lab, number, limits, driver)
        except OSError as e:
            raise ProblemError(Problem(code=Code.UNSUPPORTED, message=str(e), hint="vethboard doctor shows what is missing")) from None
        finally:
            if lab not in self.running:
                await self._clean(lab)

    async def number(self, lab: str) -> int:
        """Take a range of user ids that nobody has."""
        taken = await asyncio.to_thread(uids.taken)
        self._numbers[lab] = number = uids.free(self._instance, self._numbers.values(), taken)
        return number

    def _start_ended(self, lab: str) -> None:
        """However: a task that is cancelled before it began does not even come to its `finally`."""
        del self._starting[lab]
        if lab not in self.running and lab not in self._ends:
            self._numbers.pop(lab, None)

    def _keep(self, lab: str, number: int, limits: Limits, pid: int) -> None:
        """Write down that the lab runs, and watch it. Raises OSError."""
        file = LabFile(pid=pid, started=started(pid) or 0, number=number, limits=limits)
        new = self._folder / f"{lab}.new"
        new.write_bytes(msgspec.json.encode(file))
        new.replace(self._folder / f"{lab}.json")  # an agent that is killed leaves all of it or nothing
        self._watch(lab, Running(file, os.pidfd_open(file.pid)))

    async def _sandbox(self, lab: str, number: int, limits: Limits, driver: Driver) -> None:
        """Make the lab's first process, which has its listening socket, and write it down. Raises OSError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._folder / f"{lab}.sock"))
            listener.listen(8)
            order = Order(lab=lab, limits=limits, uid=uids.base(number), firewall=driver)
            begin, keep = partial(self._starter.begin, order, listener), partial(self._keep, lab, number, limits)
            await sandbox.make(lab, limits, order.uid, begin, keep, all_limits=self._all_limits)

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
        self._ends[lab] = start_task("end", partial(self._end, lab, running))

    async def _end(self, lab: str, running: Running) -> None:
        """Clean up after a lab, and say so."""
        reason = _reason(running.file.pid)
        os.close(running.pidfd)
        try:
            await self._clean(lab)
        except OSError as e:
            _log.error("something of lab %s is left: %s", lab, e, extra={"lab": lab})
        finally:
            del self._ends[lab], self._numbers[lab]
            stopping = self._stopping.pop(lab, None)
            if stopping is not None:
                stopping.set()
            else:
                self.on_end(lab, reason)

    async def _clean(self, lab: str) -> None:
        """Remove what is left of a lab that does not run."""
        self._limit_events.forget(lab)
        await asyncio.to_thread(self._uplinks.end, lab)
        await asyncio.to_thread(enforced.release, lab)
        for suffix in ("sock", "json", "new"):
            (self._folder / f"{lab}.{suffix}").unlink(missing_ok=True)

    def uplinks(self) -> tuple[str, ...]:
        """The labs that have an uplink now."""
        return tuple(sorted(lab for lab in self.running if self._uplinks.is_on(lab)))

    async def set_uplink(self, lab: str, on: bool) -> None:
        """Give the lab an uplink, or take it away. Raises ProblemError."""
        running = self.running.get(lab)
        if running is None:
            raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"lab {lab} does not run", hint="start it first"))
        await self._uplinks.set(lab, on, running.file.pid, running.file.number)

    async def stop(self, lab: str) -> None:
        """End a lab: with its first process all others end, and with them its namespaces. Returns when nothing of it is left."""
        starting = self._starting.get(lab)
        if starting is not None and not starting.cancelling():  # a second time would cut off its cleaning up
            starting.cancel()
        await self._wait_for(lab)
        running = self.running.get(lab)
        if running is None:
            return
        event = self._stopping.setdefault(lab, asyncio.Event())
        signal.pidfd_send_signal(running.pidfd, signal.SIGKILL)
        await event.wait()

    def _reported(self, report: Report) -> None:
        """By the guard."""
        self.on_limit(report.lab, report.problem, report.end)
        if report.end:
            start_task("stop", partial(self.stop, report.lab))

    async def stop_all(self) -> None:
        """End all labs."""
        await asyncio.gather(*(self.stop(lab) for lab in list(self._numbers)))

    def close(self) -> None:
        """Remove the folders, if they are empty."""
        self._limit_events.close()
        self._guard.close()
        self._uplinks.close()
        for folder in (self._folder, self._run):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _reason(pid: int) -> str:
    """Why a lab's first process has ended, as far as this process is told."""
    with contextlib.suppress(ChildProcessError):
        status = os.waitpid(pid, os.WNOHANG)[1]
        if os.WIFSIGNALED(status):
            return f"its process was ended by signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
    return "its process ended"
