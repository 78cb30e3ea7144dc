"""Processes that people run in a namespace: started, their standard input and output relayed, signalled, reaped."""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import partial

from agent.lab.outbox import Outbox
from agent.linux import ptys
from agent.linux.reaper import Reaper
from agent.netlink.namespaces import Namespaces, unknown_namespace
from agent.sandbox import ENVIRONMENT
from logs import problem_of, start_task
from protocol.private import Exit, Run
from topology.model.base import HOST
from topology.model.problems import Code, Problem, ProblemError

_CHUNK = 65536
_LINGER_SECONDS = 0.3
"""How long output is read after a process has ended: a child that it left behind may hold the pipe open."""


class Child:
    """One running process. Its bytes go to `outbox` on the channel of `run`. `outputs`: descriptor → number of the stream; `stdin` is one
    of them where the process has a terminal. All are closed here."""

    def __init__(self, run: Run, popen: "subprocess.Popen[bytes]", outputs: dict[int, int], stdin: int, outbox: Outbox) -> None:
        self.run, self.popen, self.outbox = run, popen, outbox
        self.outputs = outputs
        self._stdin = stdin
        self._unwritten = bytearray()
        self._eof = False
        self.status: int | None = None
        self._loop = asyncio.get_running_loop()

    def listen(self, on_end: Callable[["Child"], None]) -> None:
        """Relay its output; `on_end` is called when it has ended and all of its output is sent."""
        self._on_end = on_end
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
                start_task("output", partial(self._read_when_there_is_room, fd))
            return
        self._close_output(fd)

    async def _read_when_there_is_room(self, fd: int) -> None:
        await self.outbox.wait_for_room()
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
        """It has ended, with this wait status; the rest of its output may still come."""
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
        self._on_end(self)

    # ---- input -------------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes for standard input; no bytes: the end of the input."""
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
            self._unwritten.clear()  # it has closed its standard input
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
        """Set the size of its terminal, where it has one."""
        if self.run.tty and self._stdin >= 0:
            ptys.set_size(self._stdin, rows, columns)

    def signal(self, number: int) -> None:
        """Send a signal to its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


class Children:
    """The processes that run for the attached client."""

    def __init__(self, namespaces: Namespaces, reaper: Reaper) -> None:
        self._namespaces, self._reaper = namespaces, reaper
        self.by_channel: dict[int, Child] = {}

    def start(self, run: Run, outbox: Outbox) -> None:
        """Start one. `Exit` is sent when it has ended, or at once where it could not be started."""
        try:
            child = self._spawn(run, outbox)
        except Exception as e:  # whatever it is: who asked waits for the exit
            problem = problem_of(e, "a command that was to be started")
            code = {errno.ENOENT: 127, errno.EACCES: 126}.get(problem.errno or 0, 1)
            outbox.send(Exit(id=run.id, channel=run.channel, code=code, problem=problem))
            return
        self._reaper.when_ended(child.popen.pid, child.exited)
        self.by_channel[run.channel] = child
        child.listen(self._ended)

    def _argv(self, run: Run) -> list[str]:
        if run.namespace not in self._namespaces:
            raise unknown_namespace(run.namespace)
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
            return _on_terminal(run, argv, env, outbox) if run.tty else _on_pipes(run, argv, env, outbox)
        except OSError as e:
            message = f'exec of "{run.argv[0]}" failed: {e.strerror}'
            raise ProblemError(Problem(code=Code.REFUSED, message=message, errno=e.errno)) from None
        except ValueError as e:  # of subprocess: a NUL in an argument, a "=" in the name of a variable
            raise ProblemError(Problem(code=Code.INVALID, message=f'exec of "{run.argv[0]}" failed: {e}')) from None

    def _ended(self, child: Child) -> None:
        self.by_channel.pop(child.run.channel, None)

    def hang_up(self) -> None:
        """The client that watched them is gone: end them (SIGHUP, and SIGCONT, so that stopped ones can act on it)."""
        for child in list(self.by_channel.values()):
            child.signal(signal.SIGHUP)
            child.signal(signal.SIGCONT)


def _on_terminal(run: Run, argv: list[str], env: dict[str, str], outbox: Outbox) -> Child:
    """Started with a terminal that is its standard input, output and error. Raises OSError."""
    master, slave = os.openpty()
    ptys.set_size(slave, run.rows, run.columns)
    try:
        popen = subprocess.Popen(["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=env, cwd="/root")
    finally:
        os.close(slave)
    return Child(run, popen, {master: 1}, master, outbox)


def _on_pipes(run: Run, argv: list[str], env: dict[str, str], outbox: Outbox) -> Child:
    """Started with three pipes. Raises OSError."""
    pipe = subprocess.PIPE
    popen = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd="/root", start_new_session=True, bufsize=0)
    assert popen.stdin
    assert popen.stdout
    assert popen.stderr
    out, err, stdin = (os.dup(f.fileno()) for f in (popen.stdout, popen.stderr, popen.stdin))
    for file in (popen.stdin, popen.stdout, popen.stderr):
        file.close()
    return Child(run, popen, {out: 1, err: 2}, stdin, outbox)
