"""A lab's uplink: a way out for its `host`, by slirp4netns(1), which needs no privileges on the machine.

The machine's own network stack gets no interface, route or rule. Between the lab and slirp4netns stands a network namespace that forwards
only what may leave: nothing to the machine itself, its loopback, private networks and metadata addresses.

- `rules`: what may pass;
- `wall`: the namespace in between;
- `slirp`: the program.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

from agent.linux import pids
from agent.sandbox import limits
from agent.sandbox.uids import base
from agent.uplink import slirp, wall
from agent.uplink.addresses import Addresses
from agent.uplink.rules import Network
from logs import failure, start_task
from topology.model.base import UPLINK
from topology.model.problems import Code, Problem, ProblemError

INTERFACE = UPLINK
"""In the lab's `host`."""


class UplinkFile(msgspec.Struct, frozen=True):
    """What is kept of an uplink beside the lab's file. `started` (clock ticks since boot) tells the process from a later one with the same
    pid."""

    pid: int
    started: int


class Uplinks:
    """Those of all labs. Their files are in `folder`, so that an agent that is started later finds them. `listed`: None where no uplink is
    allowed; else what labs may reach although it is not public. Made on the running loop."""

    def __init__(self, folder: Path, listed: Iterable[Network] | None) -> None:
        self._folder = folder
        self._listed = tuple(listed) if listed is not None else None
        self._addresses = Addresses(self._shut_again) if self._listed is not None else None
        self._changing = asyncio.Lock()

    def close(self) -> None:
        """Look no longer for changes of the machine's addresses."""
        if self._addresses is not None:
            self._addresses.close()

    async def set(self, lab: str, on: bool, pid: int, number: int) -> None:
        """Start the uplink of a lab, whose first process is `pid`, or end it, which is always allowed. `number` chooses the lab's uids.
        Raises ProblemError: DENIED where uplinks are not allowed."""
        if on and (self._listed is None or self._addresses is None):
            problem = Problem(code=Code.DENIED, message="uplinks are not allowed on this server", hint="vethboard up --allow-uplink")
            raise ProblemError(problem)
        async with self._changing:
            if not on:
                await asyncio.to_thread(self.end, lab)
            elif self._running(lab) is None and self._addresses is not None:
                program = await _start(lab, pid, base(number), self._addresses.now(), self._listed or ())
                self._file(lab).write_bytes(msgspec.json.encode(UplinkFile(program, pids.started(program) or 0)))

    def is_on(self, lab: str) -> bool:
        """Whether the lab's uplink runs now."""
        return self._running(lab) is not None

    def end(self, lab: str) -> None:
        """End the uplink, if the lab has one."""
        pid = self._running(lab)
        if pid is not None:
            with contextlib.suppress(ProblemError):  # the lab has deleted it, or has ended
                wall.part(slirp.network_of(pid))
            _end(pid)
        self._file(lab).unlink(missing_ok=True)

    def _shut_again(self) -> None:
        """The machine has other addresses than before, or this agent is new: set the rules of all uplinks."""
        start_task("uplinks", self._set_rules)

    async def _set_rules(self) -> None:
        async with self._changing:
            for file in self._folder.glob("*.uplink"):
                await asyncio.to_thread(self._set_rules_of, file.stem)

    def _set_rules_of(self, lab: str) -> None:
        """An uplink whose rules can't be set is ended: it might let pass what it must not."""
        pid = self._running(lab)
        if pid is None or self._addresses is None:
            return
        try:
            wall.shut(slirp.network_of(pid), self._addresses.now(), self._listed or ())
        except ProblemError as e:
            if self._running(lab) == pid:
                failure(e, f"the uplink of lab {lab} is ended")
                self.end(lab)

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


async def _start(lab: str, first: int, id: int, own: Iterable[str], listed: Iterable[Network]) -> int:
    """Start an uplink for the lab with this first process, by the user `id`; the pid of its program. Raises ProblemError."""
    path = slirp.program()
    try:
        holder = wall.make(id)
    except OSError as e:
        raise ProblemError(Problem(code=Code.REFUSED, message=str(e), hint="vethboard doctor")) from None
    try:
        await asyncio.to_thread(wall.join, holder, first, INTERFACE)
        pid = await slirp.start(path, holder, id, partial(limits.join, lab))
        try:
            await asyncio.to_thread(wall.open_up, holder, own, listed)
        except BaseException:
            _end(pid)
            raise
    finally:
        wall.end(holder)
    return pid


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
