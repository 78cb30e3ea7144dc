"""One terminal: a PTY, the shell on it, what it said last, and those who look at it.

The PTY is read while somebody can be sent more; when none can, the shell waits (its write(2) blocks), so that a flood fills no memory and
takes no time from anybody. With nobody there, or only people who watch, it is read on into the ring, for a server in it must not stop; but
only so fast.
"""

import asyncio
import contextlib
import os
import subprocess
import termios
from collections.abc import Callable
from fcntl import ioctl
from struct import pack

import msgspec

from agent.terminals.ring import Ring
from agent.terminals.title import Titles
from agent.terminals.viewer import Viewer
from protocol.limits import MAX_TERMINAL_SIZE
from protocol.terminals import TerminalState
from topology.observe.facts import TerminalFact

_READ = 64 << 10
_ROUND = 128 << 10
"""Bytes in one turn of the loop; then others have theirs."""
_ALONE_SECONDS = 0.016
"""Rest after each round while nobody looks: 8 MB/s."""
_MOST_INPUT = 1 << 20
_REDRAW_SECONDS = 0.05

Start = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts the shell on the descriptor of a terminal."""


class Terminal:
    """`changed` is called when its fact is another."""

    def __init__(self, name: str, namespace: str, rows: int, columns: int, start: Start, changed: Callable[[], None]) -> None:
        self.name, self.namespace = name, namespace
        self.rows, self.columns = _inside(rows), _inside(columns)
        self.ring = Ring()
        self.title = ""
        self.code: int | None = None
        self.viewers: dict[int, Viewer] = {}
        self._driver: Viewer | None = None
        self._changed = changed
        self._titles = Titles()
        self._unwritten = bytearray()
        self._reading = False
        self._loop = asyncio.get_running_loop()
        self._master, slave = os.openpty()
        try:
            os.set_blocking(self._master, False)
            self._set_size(self.rows)
            self.popen = start(slave)
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        self._read_on()

    @property
    def fact(self) -> TerminalFact:
        return TerminalFact(
            ns=self.namespace, terminal=self.name, title=self.title, rows=self.rows, columns=self.columns, viewers=len(self.viewers),
            code=self.code,
        )  # fmt: skip

    @property
    def users(self) -> list[Viewer]:
        """Those who may type, the last one last."""
        return [viewer for viewer in self.viewers.values() if not viewer.read_only]

    # ---- out ---------------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Read the PTY, or do not, as the viewers can take it."""
        users = self.users
        wanted = self._master >= 0 and (not users or any(v.hungry and v.follows(self.ring) for v in users))
        if wanted and not self._reading:
            self._loop.add_reader(self._master, self._readable)
        elif self._reading and not wanted:
            self._loop.remove_reader(self._master)
        self._reading = wanted

    def _readable(self) -> None:
        if not self._take():
            self._hang_up()
            return
        self._feed()
        if self._reading and not self.users:
            self._loop.remove_reader(self._master)
            self._reading = False
            self._loop.call_later(_ALONE_SECONDS, self._read_on)

    def _take(self) -> bool:
        """One round of what it says, into the ring; whether there may be more."""
        said = bytearray()
        there = True
        while len(said) < _ROUND:
            try:
                data = os.read(self._master, _READ)
            except BlockingIOError:
                break
            except OSError:
                data = b""  # EIO: the last process that had it is gone
            if not data:
                there = False
                break
            said += data
        if said:
            self.ring.append(bytes(said))
            self._retitle(bytes(said))
        return there

    def _retitle(self, said: bytes) -> None:
        title = self._titles.find(said)
        if title is not None and title != self.title:
            self.title = title
            self._changed()

    def _feed(self) -> None:
        for viewer in self.viewers.values():
            viewer.feed(self.ring)
            if self.code is not None and viewer.follows(self.ring):
                viewer.tell(self._state(viewer))
        self._read_on()

    def taken(self, channel: int, count: int) -> None:
        """A viewer has taken so many bytes."""
        viewer = self.viewers.get(channel)
        if viewer is not None:
            viewer.taken(count)
            self._feed()

    def room(self) -> None:
        """The way to the viewers, which was full, has room again."""
        self._feed()

    # ---- in ----------------------------------------------------------------------------------------------------------

    def write(self, channel: int, data: bytes) -> None:
        """What a viewer types: he drives from now on. What nobody reads is bounded, and lost beyond that."""
        viewer = self.viewers.get(channel)
        if viewer is None or viewer.read_only or self._master < 0:
            return
        self._drive(viewer)
        self._unwritten += data[: _MOST_INPUT - len(self._unwritten)]
        self._flush()

    def _flush(self) -> None:
        if self._master < 0:
            return
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._master, self._unwritten)]
        except BlockingIOError:
            self._loop.add_writer(self._master, self._flush)
            return
        except OSError:
            self._unwritten.clear()
        self._loop.remove_writer(self._master)

    # ---- viewers -----------------------------------------------------------------------------------------------------

    def attach(self, viewer: Viewer) -> None:
        """One more looks at it; the first one who may type drives."""
        self.viewers[viewer.channel] = viewer
        torn = self.ring.torn
        if self._driver is None and not viewer.read_only:
            self._driver = viewer
            torn = not self._fit() and torn
        if torn:
            self._redraw()
        self._tell()
        self._feed()
        self._changed()

    def detach(self, channel: int) -> bool:
        """One looks no longer. Whether he saw how it ended."""
        viewer = self.viewers.pop(channel, None)
        if viewer is None:
            return False
        if viewer is self._driver:
            users = self.users
            self._driver = users[-1] if users else None
            self._fit()
        self._tell()
        self._read_on()
        self._changed()
        return self.code is not None and not viewer.read_only and viewer.follows(self.ring)

    def resize(self, channel: int, rows: int, columns: int) -> None:
        """What a viewer has room for."""
        viewer = self.viewers.get(channel)
        if viewer is None:
            return
        viewer.rows, viewer.columns = rows, columns
        if viewer is self._driver:
            self._fit()
            self._tell()

    def _drive(self, viewer: Viewer) -> None:
        if viewer is not self._driver:
            self._driver = viewer
            self._fit()
            self._tell()

    def _fit(self) -> bool:
        """Take the driver's size; whether that is another."""
        if self._driver is None:
            return False
        rows, columns = _inside(self._driver.rows), _inside(self._driver.columns)
        if (rows, columns) == (self.rows, self.columns):
            return False
        self.rows, self.columns = rows, columns
        self._set_size(rows)
        self._changed()
        return True

    def _redraw(self) -> None:
        """Another size for a moment: the program that has the screen draws it anew (SIGWINCH)."""
        self._set_size(max(1, self.rows - 1) if self.rows > 1 else 2)
        self._loop.call_later(_REDRAW_SECONDS, lambda: self._set_size(self.rows))

    def _set_size(self, rows: int) -> None:
        if self._master >= 0:
            ioctl(self._master, termios.TIOCSWINSZ, pack("=HHHH", rows, self.columns, 0, 0))

    def _state(self, viewer: Viewer) -> bytes:
        code = self.code if viewer.follows(self.ring) else None
        return msgspec.json.encode(TerminalState(rows=self.rows, columns=self.columns, drives=viewer is self._driver, code=code))

    def _tell(self) -> None:
        for viewer in self.viewers.values():
            viewer.tell(self._state(viewer))

    # ---- the end -----------------------------------------------------------------------------------------------------

    def ended(self, status: int) -> None:
        """The shell has ended; what it left in the PTY still counts."""
        code = os.waitstatus_to_exitcode(status)
        self.popen.returncode = code
        if self._master >= 0:
            self._take()
        self.code = code if code >= 0 else 128 - code
        self._hang_up()
        self._changed()

    def _hang_up(self) -> None:
        """Close the PTY."""
        if self._master >= 0:
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
            with contextlib.suppress(OSError):
                os.close(self._master)
            self._master, self._reading = -1, False
        self._feed()


def _inside(count: int) -> int:
    return min(max(count, 1), MAX_TERMINAL_SIZE)
