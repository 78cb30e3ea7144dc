"""One tcpdump(8) on one interface: its frames as they come, and its message when it ends.

tcpdump, because libpcap does what a capture needs: filters, the kernel's ring of frames, VLAN tags that the kernel took off, times in
nanoseconds. It runs with a lower priority than what is captured.

Each frame that finds tcpdump asleep wakes it, at the cost of whoever sends the frame: with short frames that cost a bulk transfer 13 % of
its core, and everything else 2 %. So while many frames come, tcpdump is stopped most of the time, and the kernel's ring holds them until it
is continued.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
from collections.abc import Callable

from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces, Netns
from agent.sandbox import ENVIRONMENT
from protocol.captures import Captured

_FILE, _RECORD = struct.Struct("<IHHiIII"), struct.Struct("<IIII")
_CHUNK, _PIPE = 1 << 18, 1 << 20
_MOST_WAITING = 4 << 20
"""With more bytes than this waiting to be put into the ring, tcpdump is not read: then the kernel drops frames, and counts them."""
_NICE = 10
_KERNEL_KIB = 8192
"""The size of the kernel's ring of frames that tcpdump has not read yet."""
_SHORT = 2048
"""With frames cut at so many bytes, the kernel's ring has room for all that come in `_PAUSE`. It gives each frame the room of the
longest."""
_LONGEST = 65_600
"""Bytes of a frame on a veth at most: an IP packet that is not yet cut into segments, with its Ethernet header."""
_RUN, _PAUSE = 0.005, 0.03
"""Seconds for which tcpdump runs and is stopped, in turns, while more than `_MANY` frames come in the first."""
_MANY = 60
_DROPPED = re.compile(rb"(\d+) packets? dropped by kernel")
_COUNTS = re.compile(rb"(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped by kernel")
"""What tcpdump writes on SIGUSR1: frames it has read, frames that came to its socket, and of those the dropped ones (packet(7),
PACKET_STATISTICS)."""
_DRAIN_SECONDS, _ASK_SECONDS = 5.0, 0.05
"""How long tcpdump may read what the kernel holds before it is ended; between two times it is asked for its counts then."""


class Tap:
    """`frames`: what came since it was last emptied, numbered as of interface `number`. `listening`: frames that come now are
    seen. `problem`: tcpdump's message at its end, empty while it runs. `on_change`: called when it listens, and when it has ended."""

    def __init__(
        self, number: int, ref: str, snaplen: int, popen: "subprocess.Popen[bytes]", reaper: Reaper, on_change: Callable[[], None]
    ) -> None:
        self.number, self.ref = number, ref
        self.frames: list[Captured] = []
        self.dropped = 0
        self.problem = ""
        self.running = True
        self._popen, self._on_change = popen, on_change
        self._unparsed, self._stderr, self._line = b"", b"", b""
        self._waiting, self._paused, self._header_read = 0, False, False
        self._loop = asyncio.get_running_loop()
        self._may_pause = snaplen <= _SHORT
        self.listening, self._stopping, self._to_read = False, False, -1
        self._since, self._came, self._stopped = self._loop.time(), 0, False
        assert popen.stdout
        assert popen.stderr
        self._out, self._err = popen.stdout.fileno(), popen.stderr.fileno()
        for fd, callback in ((self._out, self._readable), (self._err, self._read_stderr)):
            os.set_blocking(fd, False)
            self._loop.add_reader(fd, callback)
        with contextlib.suppress(OSError):  # more than an unprivileged user may have
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE)
        reaper.when_ended(popen.pid, self._exited)

    def take(self) -> list[Captured]:
        """The frames that came since the last call."""
        frames, self.frames, self._waiting = self.frames, [], 0
        if self._paused:
            self._paused = False
            self._loop.add_reader(self._out, self._readable)
        return frames

    def ask_for_counts(self) -> None:
        """Have tcpdump write how many frames it read and the kernel dropped (SIGUSR1)."""
        self._signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it as soon as it has read what came until now; at SIGINT it would leave that in the kernel."""
        self._may_pause, self._stopping = False, True
        self._resume()
        self._drain(self._loop.time() + (_DRAIN_SECONDS if self.listening else 0))

    def _drain(self, until: float) -> None:
        """Ask it for its counts until it has read all, at most until then (monotonic seconds)."""
        if self.running and self._loop.time() >= until:
            self.end()
        elif self.running:
            self.ask_for_counts()
            self._loop.call_later(_ASK_SECONDS, self._drain, until)

    def end(self) -> None:
        """End it at once; the frames that it has read still come."""
        self._signal(signal.SIGINT)
        self._resume()

    def _counted(self, captured: int, received: int, dropped: int) -> None:
        """The counts that tcpdump wrote."""
        self.dropped = dropped
        if self._stopping and self._to_read < 0:
            self._to_read = received - dropped
        if self._stopping and captured >= self._to_read:
            self.end()

    def _signal(self, number: int) -> None:
        """Only while it runs. The reaper waits for its end, and Popen.send_signal() would wait for it too."""
        if self.running:
            os.kill(self._popen.pid, number)

    # ---- its pace ----------------------------------------------------------------------------------------------------

    def _pace(self, frames: int) -> None:
        """Stop tcpdump for a moment where many frames come."""
        self._came += frames
        ran = self._loop.time() - self._since
        if ran < _RUN or self._stopped or not self._may_pause:
            return
        if self._came > _MANY * ran / _RUN:
            self._stopped = True
            self._signal(signal.SIGSTOP)
            self._loop.call_later(_PAUSE, self._resume)
        self._since, self._came = self._loop.time(), 0

    def _resume(self) -> None:
        if self._stopped:
            self._signal(signal.SIGCONT)
        self._stopped = False
        self._since, self._came = self._loop.time(), 0

    # ---- its output --------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        data = _read(self._out)
        if data:
            before = len(self.frames)
            self._parse(data)
            self._pace(len(self.frames) - before)
        if not data or self._waiting > _MOST_WAITING:
            self._paused = bool(data)
            self._loop.remove_reader(self._out)

    def _parse(self, data: bytes) -> None:
        """Take whole records out of what came (pcap-savefile(5))."""
        data = self._unparsed + data
        at, end = 0, len(data)
        if not self._header_read and end >= _FILE.size:
            self._header_read, at = True, _FILE.size
        while self._header_read and at + _RECORD.size <= end:
            seconds, nanoseconds, captured, length = _RECORD.unpack_from(data, at)
            after = at + _RECORD.size + captured
            if after > end:
                break
            self.frames.append(Captured(seconds * 1_000_000_000 + nanoseconds, length, self.number, data[at + _RECORD.size : after]))
            self._waiting += captured
            at = after
        self._unparsed = data[at:]

    def _read_stderr(self) -> None:
        data = _read(self._err)
        if not data:
            self._loop.remove_reader(self._err)
        self._stderr = (self._stderr + data)[-4096:]
        if not self.listening and b"listening on" in self._stderr:
            self.listening = True
            self._on_change()
        *lines, self._line = (self._line + data).split(b"\n")  # tcpdump writes a line in pieces
        for counts in filter(None, map(_COUNTS.search, lines)):
            self._counted(*map(int, counts.groups()))

    def _exited(self, status: int) -> None:
        self.running = self._paused = False
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        self._loop.remove_reader(self._out)
        self._loop.remove_reader(self._err)
        while data := _read(self._out):
            self._parse(data)
        while data := _read(self._err):
            self._stderr = (self._stderr + data)[-4096:]
        for found in _DROPPED.finditer(self._stderr):
            self.dropped = int(found[1])
        if self._popen.returncode != 0 or b"interface disappeared" in self._stderr:
            self.problem = _reason(self._stderr)
        for file in (self._popen.stdout, self._popen.stderr):
            if file is not None:
                file.close()
        self._on_change()


def _read(fd: int) -> bytes:
    """What can be read; empty at the end, or where nothing is there yet."""
    try:
        return os.read(fd, _CHUNK)
    except BlockingIOError:
        return b""


def _reason(stderr: bytes) -> str:
    """The last message of tcpdump, without its name."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.startswith("tcpdump: ") and "listening on" not in line]
    return lines[-1].removeprefix("tcpdump: ") if lines else "tcpdump ended"


def _argv(name: str, filter: str, snaplen: int, *more: str) -> list[str]:
    return ["tcpdump", "-i", name, "-n", "-s", str(min(snaplen, _LONGEST)), "-Z", "root", *more, "--", filter]


def refusal(namespaces: Namespaces, netns: Netns, name: str, filter: str, snaplen: int) -> str:
    """Why tcpdump refuses this capture, in its words; empty where it does not. It compiles the filter for the interface (-d)."""
    argv = _argv(name, filter, snaplen, "-d")

    def run() -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=ENVIRONMENT, cwd="/")

    done = namespaces.visit(netns, run)
    return _reason(done.stderr) if done.returncode != 0 else ""


def start(namespaces: Namespaces, netns: Netns, name: str, filter: str, snaplen: int) -> "subprocess.Popen[bytes]":
    """Start tcpdump in the namespace. Raises OSError."""
    argv = _argv(name, filter, snaplen, "-w", "-", "-U", "--immediate-mode", "--time-stamp-precision=nano", "-B", str(_KERNEL_KIB))
    nice = ["nice", "-n", str(_NICE), *argv]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL

    def run() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(nice, stdin=null, stdout=pipe, stderr=pipe, env=ENVIRONMENT, cwd="/", start_new_session=True, bufsize=0)

    return namespaces.visit(netns, run)  # a child is in the namespaces of the thread that made it
