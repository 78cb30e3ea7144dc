"""The guard's own process: what it looks at, how often, and what it does."""

import contextlib
import os
import signal
import time
from pathlib import Path

import msgspec

from agent.guard.buffers import MOST_UNDER_WAY, Buffers
from agent.guard.storm import BUSY, Busy, KernelThreads, busiest, most_threaded, set_down
from agent.linux import pids
from agent.sandbox.lab_file import LabFile, every
from topology.model import ids
from topology.model.limits import human, reached
from topology.model.problems import Code, Problem

LOOK_SECONDS = 0.25
WINDOWS = 2
"""So many looks in a row must find the kernel's threads busy."""
REMEMBER_SECONDS, MOST_ROUNDS = 60.0, 4
"""A lab that storms again and again is ended: when it has done so this often in this time."""
MOST_THREADS = 256
"""Of the kernel for interfaces, on the whole machine: above, the lab that has most of them is ended."""
_SHARE = 0.05
"""How much of a processor the looking may take."""
_NICE = -10


class Report(msgspec.Struct, frozen=True):
    """What the people in a lab are told. `end`: the lab is to be ended, and to stay so."""

    lab: str
    problem: Problem
    end: bool = False


class Guard:
    """Looks after the labs of `folder`, and writes reports, one a line, to `pipe`."""

    def __init__(self, folder: Path, pipe: int) -> None:
        self._folder, self._pipe = folder, pipe
        self._threads = KernelThreads()
        self._can_see_threads = self._threads.can_be_seen()
        self._busy = 0
        self._rounds: dict[tuple[str, int], list[float]] = {}
        """Of a lab, by its id and its first process: when it was calmed, in monotonic seconds."""
        self._buffers: dict[str, Buffers] = {}
        self._next_look = 0.0

    def run(self) -> None:
        """For ever."""
        with contextlib.suppress(OSError):
            os.nice(_NICE)
        while True:
            time.sleep(LOOK_SECONDS)
            if self._can_see_threads:
                self._look_at_threads()
                self._look_at_threads_of_interfaces()
            if time.monotonic() >= self._next_look:
                self._look_at_buffers()

    def _labs(self) -> list[tuple[str, LabFile]]:
        return [(lab, file) for lab, file in every(self._folder) if pids.started(file.pid) == file.started]

    def _report(self, report: Report) -> None:
        os.write(self._pipe, msgspec.json.encode(report) + b"\n")

    # ---- storms ------------------------------------------------------------------------------------------------------

    def _look_at_threads(self) -> None:
        self._busy = self._busy + 1 if self._threads.share() >= BUSY else 0
        if self._busy < WINDOWS:
            return
        labs = self._labs()
        links = busiest(labs)
        try:
            if links:
                self._calm(links, dict(labs)[links[0].lab].pid)
        finally:
            for channel in {id(link.channel): link.channel for link in links}.values():
                channel.close()
        self._threads.share()  # what they did until now is no sign of what they do from now on
        self._busy = 0

    def _calm(self, links: list[Busy], first: int) -> None:
        """Set the busiest interface down; where that was not enough a moment ago, twice as many as then."""
        lab, now = links[0].lab, time.monotonic()
        recent = {key: [at for at in times if now - at < REMEMBER_SECONDS] for key, times in self._rounds.items()}
        self._rounds = {key: times for key, times in recent.items() if times}
        rounds = self._rounds.setdefault((lab, first), [])
        rounds.append(now)
        if len(rounds) > MOST_ROUNDS:
            self._report(Report(lab, _ended(links[0]), end=True))
            return
        for link in links[: 2 ** (len(rounds) - 1)]:
            if link.rate >= links[0].rate / 4 and set_down(link):
                self._report(Report(lab, _set_down(link)))

    # ---- threads of the kernel ---------------------------------------------------------------------------------------

    def _look_at_threads_of_interfaces(self) -> None:
        """A thread of the kernel for each queue of an interface (`threaded`) is in no cgroup, and takes a pid of the machine."""
        threads = self._threads.of_interfaces()
        if threads.total() <= MOST_THREADS:
            return
        lab, count = most_threaded(self._labs(), threads)
        if count > MOST_THREADS // 2:
            message = f"the lab was stopped: its interfaces had {count} threads of the kernel"
            hint = "leave /sys/class/net/*/threaded at 0, or give interfaces fewer queues; then start the lab"
            self._report(Report(lab, Problem(code=Code.LIMIT, message=message, hint=hint), end=True))

    # ---- buffers of sockets ------------------------------------------------------------------------------------------

    def _look_at_buffers(self) -> None:
        since = time.monotonic()
        labs = self._labs()
        self._buffers = {lab: self._buffers.get(lab, Buffers()) for lab, _ in labs}
        for lab, file in labs:
            self._bound(lab, file)
        now = time.monotonic()
        self._next_look = now + (now - since) / _SHARE

    def _bound(self, lab: str, file: LabFile) -> None:
        """End the programs that hold most, until what is left is within the limit."""
        held, holders = self._buffers[lab].look(file)
        most = file.limits.sockets
        if held > most:
            self._report(Report(lab, reached("sockets", held, most)))
        for holder in holders:
            if held > most or holder.under_way > MOST_UNDER_WAY:
                with contextlib.suppress(ProcessLookupError):
                    name = pids.command_line(holder.pid)[:60]
                    os.kill(holder.pid, signal.SIGKILL)
                    self._report(Report(lab, _killed(name, holder.held, holder.under_way)))
                held -= holder.held


def _where(link: Busy) -> tuple[str, str | None]:
    if link.namespace is None:
        return f"{link.name} in a namespace without a name", None
    ref = ids.join(link.namespace, link.name)
    return ref, ids.interface(ref)


def _set_down(link: Busy) -> Problem:
    where, subject = _where(link)
    message = f"{where} was set down: {link.rate:,.0f} packets a second went round in a loop"
    hint = "turn STP on at its bridge, or take one link of the loop away; then set it up again"
    if not link.is_port:
        message, hint = f"{where} was set down: it received {link.rate:,.0f} packets a second", "find what sends them; then set it up again"
    return Problem(code=Code.LIMIT, message=message, subject=subject, hint=hint)


def _ended(link: Busy) -> Problem:
    where, _ = _where(link)
    message = f"the lab was stopped: {where} and others received {link.rate:,.0f} packets a second, again and again"
    return Problem(code=Code.LIMIT, message=message, hint="turn STP on at its bridges, or take a link of the loop away; then start the lab")


def _killed(name: str, held: int, under_way: int) -> Problem:
    what = f"{human(held)} in buffers of its sockets" if not under_way else f"{under_way} descriptors under way in its sockets"
    return Problem(code=Code.LIMIT, message=f'"{name}" was ended: it had {what}', hint="let it read what it is sent")
