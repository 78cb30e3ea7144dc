"""Processes that people run in a namespace: started, fed, read, signalled, reaped."""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from fcntl import ioctl

from agent.lab.outbox import Outbox
from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces
from agent.sandbox import ENVIRONMENT
from protocol.private import Exit, Run
from topology.model.base import HOST
from topology.model.problems import Code, Problem, ProblemError

_CHUNK = 65536
_LINGER_SECONDS = 0.3
"""How long a process that has ended may leave its output open in a child that it left behind."""


class Child:
    """One running process, its bytes on `channel`."""

    def __init__(self, run: Run, popen: "subprocess.Popen[bytes]", outputs: dict[int, int], stdin: int, outbox: Outbox) -> None:
        self.run, self.popen, self.outbox = run, popen, outbox
        self.outputs = outputs
        self._stdin = stdin
        self._unwritten = bytearray()
        self._eof = False
        self.status: int | None = None
        self._loop = asyncio.get_running_loop()

    def listen(self, ended: Callable[["Child"], None]) -> None:
        self._ended = ended
        for fd in self.outputs:
            os.set_blocking(fd, False)
            self._loop.add_reader(fd, self._readable, fd)
        os.set_blocking(self._stdin, False)

    def _readable(self, fd: int) -> None:
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: a terminal whose last process is gone
        if data:
            self.outbox.data(self.run.channel, self.outputs[fd], data)
            if self.outbox.full:
                self._loop.remove_reader(fd)
                self._loop.create_task(self._later(fd))
            return
        self._close_output(fd)

    async def _later(self, fd: int) -> None:
        await self.outbox.room()
        if fd in self.outputs:
            self._loop.add_reader(fd, self._readable, fd)

    def _close_output(self, fd: int) -> None:
        stream = self.outputs.pop(fd)
        self._loop.remove_reader(fd)
        if fd != self._stdin:
            os.close(fd)
        self.outbox.data(self.run.channel, stream, b"")
        self._maybe_end()

    def exited(self, status: int) -> None:
        """The kernel told that it ended; the rest of its output may still come."""
        self.status = status
        self._loop.call_later(_LINGER_SECONDS, self._drop_outputs)
        self._maybe_end()

    def _drop_outputs(self) -> None:
        for fd in list(self.outputs):
            with contextlib.suppress(OSError):
                while data := os.read(fd, _CHUNK):
                    self.outbox.data(self.run.channel, self.outputs[fd], data)
            if fd in self.outputs:
                self._close_output(fd)

    def _maybe_end(self) -> None:
        if self.status is None or self.outputs:
            return
        self._close_stdin()
        code = os.waitstatus_to_exitcode(self.status)
        self.popen.returncode = code
        self.outbox.send(Exit(id=self.run.id, channel=self.run.channel, code=code if code >= 0 else 128 - code))
        self._ended(self)

    # ---- in ----------------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes for standard input; no bytes: no more come."""
        if self._stdin < 0:
            return
        if not data:
            self._eof = True
            if self.run.tty:
                data = b"\x04"
        self._unwritten += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._stdin, self._unwritten)]
        except BlockingIOError:
            self._loop.add_writer(self._stdin, self._flush)
            return
        except OSError:
            self._unwritten.clear()  # it does not listen
        self._loop.remove_writer(self._stdin)
        if self._eof and not self.run.tty:
            self._close_stdin()

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            self._loop.remove_writer(self._stdin)
            with contextlib.suppress(OSError):
                os.close(self._stdin)
            self._stdin = -1

    def resize(self, rows: int, columns: int) -> None:
        if self.run.tty and self._stdin >= 0:
            ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("=HHHH", rows, columns, 0, 0))

    def signal(self, number: int) -> None:
        """To its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


class Children:
    """All of them."""

    def __init__(self, namespaces: Namespaces, reaper: Reaper) -> None:
        self._namespaces, self._reaper = namespaces, reaper
        self.by_channel: dict[int, Child] = {}

    def start(self, run: Run, outbox: Outbox) -> None:
        """Start it, or answer why not."""
        try:
            child = self._spawn(run, outbox)
        except ProblemError as e:
            code = {errno.ENOENT: 127, errno.EACCES: 126}.get(e.problem.errno or 0, 1)
            outbox.send(Exit(id=run.id, channel=run.channel, code=code, problem=e.problem))
            return
        self._reaper.when_ended(child.popen.pid, child.exited)
        self.by_channel[run.channel] = child
        child.listen(self._ended)

    def _argv(self, run: Run) -> list[str]:
        if run.namespace not in self._namespaces:
            message = f'Cannot open network namespace "{run.namespace}": No such file or directory'
            raise ProblemError(Problem(code=Code.UNKNOWN, message=message, subject=f"namespace:{run.namespace}"))
        if not run.argv or shutil.which(run.argv[0], path=ENVIRONMENT["PATH"]) is None:
            name = run.argv[0] if run.argv else ""
            number = errno.EACCES if os.path.isfile(name) else errno.ENOENT
            message = f'exec of "{name}" failed: {os.strerror(number)}'
            raise ProblemError(Problem(code=Code.UNKNOWN, message=message, errno=number, hint="the lab has the machine's programs"))
        # ip(8) also gives the process the /sys of the namespace, which brctl and ethtool read
        inside = [] if run.namespace == HOST else ["ip", "netns", "exec", run.namespace]
        return [*inside, *run.argv]

    def _spawn(self, run: Run, outbox: Outbox) -> Child:
        argv = self._argv(run)
        env = {**ENVIRONMENT, **run.env}
        try:
            if run.tty:
                master, slave = os.openpty()
                ioctl(slave, termios.TIOCSWINSZ, struct.pack("=HHHH", run.rows, run.columns, 0, 0))
                try:
                    popen = subprocess.Popen(["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=env, cwd="/root")
                finally:
                    os.close(slave)
                return Child(run, popen, {master: 1}, master, outbox)
            pipe = subprocess.PIPE
            popen = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd="/root", start_new_session=True, bufsize=0)
        except OSError as e:
            message = f'exec of "{run.argv[0]}" failed: {e.strerror}'
            raise ProblemError(Problem(code=Code.REFUSED, message=message, errno=e.errno)) from None
        assert popen.stdin
        assert popen.stdout
        assert popen.stderr
        out, err, stdin = (os.dup(f.fileno()) for f in (popen.stdout, popen.stderr, popen.stdin))
        for file in (popen.stdin, popen.stdout, popen.stderr):
            file.close()
        return Child(run, popen, {out: 1, err: 2}, stdin, outbox)

    def _ended(self, child: Child) -> None:
        self.by_channel.pop(child.run.channel, None)

    def hang_up(self) -> None:
        """The client that watched them is gone."""
        for child in list(self.by_channel.values()):
            child.signal(signal.SIGHUP)
            child.signal(signal.SIGCONT)
