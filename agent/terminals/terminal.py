"""One terminal: a PTY, the shell on it, its last output, and its viewers.

The PTY is read while a viewer can be sent more. When none can, the shell waits (its write(2) blocks): so a flood of output fills no memory
and takes no time from others. Without viewers, or with only such as watch, it is read on into the ring, because a server that runs in it
must not stop; but only so fast.
"""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable

import msgspec

from agent.linux import ptys
from agent.terminals.ring import Ring
from agent.terminals.title import Titles
from agent.terminals.viewer import Viewer
from protocol.limits import MAX_TERMINAL_SIZE
from protocol.terminals import TerminalState
from topology.observe.facts import TerminalFact

_READ = 64 << 10
_ROUND = 128 << 10
"""Bytes that are read in one turn of the loop at most."""
_UNWATCHED_SECONDS = 0.016
"""Pause after each turn while nobody sees it: so 8 MB/s are read."""
_MOST_INPUT = 1 << 20
"""Bytes of input that wait for the shell at most; more are lost."""
_REDRAW_SECONDS = 0.05
"""How long the terminal has another size, to make a program draw its screen again."""

Start = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts the shell on the descriptor of a terminal."""


class Terminal:
    """`start` starts its shell. `changed` is called when its fact changes. Of the viewers who may type, the one who typed last sets the
    size."""

    def __init__(self, name: str, namespace: str, rows: int, columns: int, start: Start, changed: Callable[[], None]) -> None:
        self.name, self.namespace = name, namespace
        self.rows, self.columns = _clamped(rows), _clamped(columns)
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
        self._adjust_reading()

    @property
    def fact(self) -> TerminalFact:
        """What everybody in the lab sees of it."""
        return TerminalFact(
            ns=self.namespace, terminal=self.name, title=self.title, rows=self.rows, columns=self.columns, viewers=len(self.viewers),
            code=self.code,
        )  # fmt: skip

    @property
    def users(self) -> list[Viewer]:
        """The viewers who may type, the latest last."""
        return [viewer for viewer in self.viewers.values() if not viewer.read_only]

    # ---- output ------------------------------------------------------------------------------------------------------

    def _adjust_reading(self) -> None:
        """Read the PTY, or stop reading it, as the viewers can take its output."""
        users = self.users
        wanted = self._master >= 0 and (not users or any(v.ready and v.follows(self.ring) for v in users))
        if wanted and not self._reading:
            self._loop.add_reader(self._master, self._readable)
        elif self._reading and not wanted:
            self._loop.remove_reader(self._master)
        self._reading = wanted

    def _readable(self) -> None:
        if not self._read():
            self._hang_up()
            return
        self._feed()
        if self._reading and not self.users:
            self._loop.remove_reader(self._master)
            self._reading = False
            self._loop.call_later(_UNWATCHED_SECONDS, self._adjust_reading)

    def _read(self) -> bool:
        """Move one round of output into the ring; False: the PTY is closed at the other end."""
        output = bytearray()
        is_open = True
        while len(output) < _ROUND:
            try:
                data = os.read(self._master, _READ)
            except BlockingIOError:
                break
            except OSError:
                data = b""  # EIO: the last process that had it is gone
            if not data:
                is_open = False
                break
            output += data
        if output:
            self.ring.append(bytes(output))
            self._retitle(bytes(output))
        return is_open

    def _retitle(self, output: bytes) -> None:
        title = self._titles.find(output)
        if title is not None and title != self.title:
            self.title = title
            self._changed()

    def _feed(self) -> None:
        """Send the viewers what they can take."""
        for viewer in self.viewers.values():
            viewer.feed(self.ring)
            if self.code is not None and viewer.follows(self.ring):
                viewer.send_state(self._state(viewer))
        self._adjust_reading()

    def taken(self, channel: int, count: int) -> None:
        """A viewer has confirmed so many bytes in all."""
        viewer = self.viewers.get(channel)
        if viewer is not None:
            viewer.taken(count)
            self._feed()

    def room(self) -> None:
        """The outbox of the viewers was full, and is no longer."""
        self._feed()

    # ---- input -------------------------------------------------------------------------------------------------------

    def write(self, channel: int, data: bytes) -> None:
        """What a viewer types. From now on it sets the size. Input that the shell does not read is kept up to a limit."""
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
        """Add a viewer. The first one who may type sets the size."""
        self.viewers[viewer.channel] = viewer
        torn = self.ring.torn
        if self._driver is None and not viewer.read_only:
            self._driver = viewer
            torn = not self._fit() and torn
        if torn:
            self._redraw()
        self._send_states()
        self._feed()
        self._changed()

    def detach(self, channel: int) -> bool:
        """Remove a viewer. Whether it has seen how the terminal ended."""
        viewer = self.viewers.pop(channel, None)
        if viewer is None:
            return False
        if viewer is self._driver:
            users = self.users
            self._driver = users[-1] if users else None
            self._fit()
        self._send_states()
        self._adjust_reading()
        self._changed()
        return self.code is not None and not viewer.read_only and viewer.follows(self.ring)

    def resize(self, channel: int, rows: int, columns: int) -> None:
        """The size that a viewer has room for."""
        viewer = self.viewers.get(channel)
        if viewer is None:
            return
        viewer.rows, viewer.columns = rows, columns
        if viewer is self._driver:
            self._fit()
            self._send_states()

    def _drive(self, viewer: Viewer) -> None:
        if viewer is not self._driver:
            self._driver = viewer
            self._fit()
            self._send_states()

    def _fit(self) -> bool:
        """Take the size of the viewer who sets it; whether that is another than before."""
        if self._driver is None:
            return False
        rows, columns = _clamped(self._driver.rows), _clamped(self._driver.columns)
        if (rows, columns) == (self.rows, self.columns):
            return False
        self.rows, self.columns = rows, columns
        self._set_size(rows)
        self._changed()
        return True

    def _redraw(self) -> None:
        """Set another size for a moment: the program that has the screen draws it again (SIGWINCH)."""
        self._set_size(max(1, self.rows - 1) if self.rows > 1 else 2)
        self._loop.call_later(_REDRAW_SECONDS, lambda: self._set_size(self.rows))

    def _set_size(self, rows: int) -> None:
        if self._master >= 0:
            ptys.set_size(self._master, rows, self.columns)

    def _state(self, viewer: Viewer) -> bytes:
        code = self.code if viewer.follows(self.ring) else None
        return msgspec.json.encode(TerminalState(rows=self.rows, columns=self.columns, drives=viewer is self._driver, code=code))

    def _send_states(self) -> None:
        for viewer in self.viewers.values():
            viewer.send_state(self._state(viewer))

    # ---- the end -----------------------------------------------------------------------------------------------------

    def ended(self, status: int) -> None:
        """The shell has ended, with this wait status; output that is still in the PTY counts."""
        code = os.waitstatus_to_exitcode(status)
        self.popen.returncode = code
        if self._master >= 0:
            self._read()
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


def _clamped(count: int) -> int:
    """A number of rows or columns that a terminal can have."""
    return min(max(count, 1), MAX_TERMINAL_SIZE)
