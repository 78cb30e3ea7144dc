"""All terminals of a lab: opened, attached to, closed, reported."""

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Callable
from functools import partial

from agent.netlink.namespaces import Namespaces, unknown_namespace
from agent.terminals import session, shell
from agent.terminals.terminal import Terminal
from agent.terminals.viewer import Out, Viewer
from protocol import private as p
from protocol.frames import ACK, INPUT, unpack_count
from topology.model import ids
from topology.model.problems import Code, Problem, ProblemError, unknown
from topology.observe.facts import AnyFact, TerminalGone

MOST = 64
"""Terminals of one lab at most."""
_REPORT_SECONDS = 0.1
"""Changes within this time are reported together: a title may change with every line of output."""
_KILL_SECONDS = 1.0
"""After SIGHUP, until what still runs is killed."""

WhenEnded = Callable[[int, Callable[[int], None]], None]
"""Calls back with the wait status when the child with this pid has ended."""


class Terminals:
    """`sink` is given the facts that changed. `when_ended` is that of `agent.linux.reaper`."""

    def __init__(self, namespaces: Namespaces, when_ended: WhenEnded, sink: Callable[[list[AnyFact]], None]) -> None:
        self._namespaces, self._when_ended, self._sink = namespaces, when_ended, sink
        self._all: dict[str, Terminal] = {}
        self._by_channel: dict[int, Terminal] = {}
        self._numbers = itertools.count(1)
        self._changed: set[str] = set()
        self._loop = asyncio.get_running_loop()

    def facts(self) -> list[AnyFact]:
        """All of them, as they are now."""
        return [terminal.fact for terminal in self._all.values()]

    def terminal(self, name: str) -> Terminal:
        """The terminal of this name. Raises ProblemError where there is none."""
        found = self._all.get(name)
        if found is None:
            raise unknown("that terminal is gone", ids.terminal(name), "open another one")
        return found

    # ---- requests ----------------------------------------------------------------------------------------------------

    def handle(self, request: p.AnyTerminalRequest, outbox: Out) -> p.AnyLabAnswer:
        """Do what is asked. What was opened or closed is reported before the answer. Raises ProblemError."""
        match request:
            case p.OpenTerminal():
                opened = self._open(request)
                self._report()
                return p.TerminalOpened(id=request.id, terminal=opened.name)
            case p.AttachTerminal():
                terminal = self.terminal(request.terminal)
                self._by_channel[request.channel] = terminal
                terminal.attach(Viewer(request.channel, outbox, request.rows, request.columns, request.read_only))
                outbox.on_room = self._room
            case p.DetachTerminal():
                self._detach(request.channel)
            case p.CloseTerminal():
                kept = self._close(request)
                self._report()
                return p.TerminalClosed(id=request.id, kept=kept)
        return p.LabAnswer(id=request.id)

    def _open(self, request: p.OpenTerminal) -> Terminal:
        if request.namespace not in self._namespaces:
            raise unknown_namespace(request.namespace)
        if len(self._all) >= MOST:
            hint = "close one that is no longer needed"
            raise ProblemError(Problem(code=Code.LIMIT, message=f"a lab has at most {MOST} terminals", hint=hint))
        name = f"t{next(self._numbers)}"
        try:
            start = partial(shell.start, request.namespace)
            terminal = Terminal(name, request.namespace, request.rows, request.columns, start, partial(self._change, name))
        except OSError as e:
            subject = ids.namespace(request.namespace)
            raise ProblemError(Problem(code=Code.REFUSED, message=f"no shell: {e.strerror}", subject=subject, errno=e.errno)) from None
        self._all[name] = terminal
        self._when_ended(terminal.popen.pid, terminal.ended)
        self._change(name)
        return terminal

    def _detach(self, channel: int) -> None:
        terminal = self._by_channel.pop(channel, None)
        if terminal is not None and terminal.detach(channel) and not terminal.users:
            self._forget(terminal)

    def _close(self, request: p.CloseTerminal) -> tuple[str, ...]:
        """End its processes. Where some run beside the shell and `anyway` is not set, it stays open: their command lines are returned."""
        terminal = self.terminal(request.terminal)
        if terminal.code is not None:
            self._forget(terminal)
            return ()
        pid = terminal.popen.pid
        kept = session.commands(pid)
        if kept and not request.force:
            return kept
        session.hang_up(pid)
        self._loop.call_later(_KILL_SECONDS, session.kill, pid)
        self._forget(terminal)
        return ()

    def _forget(self, terminal: Terminal) -> None:
        """Take the terminal off the list. This may be called twice: when it is closed, and when its shell has ended after that."""
        self._all.pop(terminal.name, None)
        self._change(terminal.name)

    # ---- bytes -------------------------------------------------------------------------------------------------------

    def frame(self, channel: int, stream: int, data: bytes) -> bool:
        """A frame from a viewer; False where no viewer has this channel."""
        terminal = self._by_channel.get(channel)
        if terminal is None:
            return False
        if stream == INPUT:
            terminal.write(channel, data)
        elif stream == ACK:
            with contextlib.suppress(struct.error):
                terminal.taken(channel, unpack_count(data))
        return True

    def resize(self, channel: int, rows: int, columns: int) -> bool:
        """The size that a viewer has room for; False where no viewer has this channel."""
        terminal = self._by_channel.get(channel)
        if terminal is None:
            return False
        terminal.resize(channel, rows, columns)
        return True

    def _room(self) -> None:
        """The outbox of the viewers was full, and is no longer."""
        for terminal in set(self._by_channel.values()):
            terminal.room()

    def hang_up(self) -> None:
        """The connection of all viewers is gone. The terminals go on."""
        for channel, terminal in list(self._by_channel.items()):
            terminal.detach(channel)
        self._by_channel.clear()

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _change(self, name: str) -> None:
        if not self._changed:
            self._loop.call_later(_REPORT_SECONDS, self._report)
        self._changed.add(name)

    def _report(self) -> None:
        names, self._changed = self._changed, set()
        if names:
            self._sink([self._all[n].fact if n in self._all else TerminalGone(ns="", terminal=n) for n in sorted(names)])
