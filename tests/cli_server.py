"""The command line without its start: a process that has imported it forks for each call, with the caller's files.

So a call costs 10 ms of processor and not 400. What runs is `cli.__main__.main`, in a process of its own.
"""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
FILES = 5
"""Descriptors of a call: standard input, output and error, a socket for pid and exit code, a file with arguments and environment."""


class CliServer:
    """`run` is `subprocess.run([python, "-m", "cli", …])` with captured output. Ends with the process that made it."""

    def __init__(self) -> None:
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = [sys.executable, "-m", "tests.cli_server", str(theirs.fileno())]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
        theirs.close()

    def run(self, argv: list[str], input: str, timeout: float) -> "subprocess.CompletedProcess[str]":
        """Raises TimeoutExpired after so many seconds; the process is killed then."""
        with contextlib.ExitStack() as kept:
            files: list[IO[str]] = [kept.enter_context(tempfile.TemporaryFile("w+")) for _ in range(4)]
            stdin, stdout, stderr, call = files
            stdin.write(input)
            json.dump({"argv": argv, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}, call)
            for file in (stdin, call):
                file.flush()
                os.lseek(file.fileno(), 0, os.SEEK_SET)
            ours, theirs = (kept.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            given = array.array("i", [stdin.fileno(), stdout.fileno(), stderr.fileno(), theirs.fileno(), call.fileno()])
            self._calls.sendmsg([b"call"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
            theirs.close()
            code = _end(ours, argv, timeout)
            out, err = (os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode() for file in (stdout, stderr))
        return subprocess.CompletedProcess(argv, code, out, err)


def _end(call: socket.socket, argv: list[str], timeout: float) -> int:
    """The exit code; -1 for a process that was killed."""
    call.settimeout(timeout)
    pid = int(call.recv(20))
    try:
        return int(call.recv(20) or b"-1")
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(argv, timeout) from None


_server: CliServer | None = None
_lock = threading.Lock()


def run(argv: list[str], input: str, timeout: float) -> "subprocess.CompletedProcess[str]":
    """By the server of this process, started by the first call."""
    global _server
    with _lock:
        _server = _server or CliServer()
    return _server.run(argv, input, timeout)


def _call(fds: list[int]) -> None:
    """The forked process. Never returns."""
    reply = socket.socket(fileno=fds[3])
    reply.send(str(os.getpid()).encode())
    code: object = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in range(3):
            os.dup2(fds[number], number)
        with open(fds[4]) as file:
            call = json.load(file)
        os.environ.clear()
        os.environ.update(call["env"])
        sys.argv = ["vethboard", *call["argv"]]
        from cli.__main__ import main

        code = main()
    except SystemExit as e:
        code = e.code
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    reply.send(str(code if isinstance(code, int) else int(code is not None)).encode())
    os._exit(0)


def _serve(calls: socket.socket) -> None:
    import cli.__main__  # noqa: F401  what each call would import

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        data, ancillary, _, _ = calls.recvmsg(16, socket.CMSG_SPACE(FILES * 4))
        if not data:
            return
        fds = array.array("i", ancillary[0][2]).tolist()
        if os.fork() == 0:
            calls.close()
            _call(fds)
        for fd in fds:
            os.close(fd)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
