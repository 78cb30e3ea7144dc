"""The agent's side of the process that labs are forked from (`agent.lab_starter`)."""

import contextlib
import socket
import subprocess
import sys
from typing import Literal

import msgspec

from topology.model.limits import Limits
from topology.model.netfilter import Driver

What = Literal["lab", "trial"]

PROGRAM: tuple[str, ...] = ("agent.lab_starter",)
"""The module, and what comes before its own arguments."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be started. `uid`: the id that its root has outside. `what`: a lab, or what `doctor` tries in one. `kinds`: the kinds of
    interfaces that a trial may make."""

    lab: str
    limits: Limits
    uid: int
    what: What = "lab"
    firewall: Driver = "legacy"
    kinds: tuple[str, ...] = ()


class Starter:
    """A process with memory of its own, in an address layout of its own: nothing of the agent is in a lab that it forks.

    It is started at the beginning, and again where it has ended, and ends with this one, whose end of the socket it reads.
    """

    def __init__(self, log_format: str = "text") -> None:
        self._log_format = log_format
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._start()

    def _start(self) -> socket.socket:
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            argv = [sys.executable, "-m", *PROGRAM, str(theirs.fileno()), self._log_format]
            self._process = subprocess.Popen(argv, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._socket = ours
        return ours

    def begin(self, order: Order, listener: socket.socket, parent: socket.socket) -> None:
        """Have a process made, a child of this one, that speaks on `parent` first, and on `listener` later. Raises OSError."""
        data, fds = msgspec.json.encode(order), [listener.fileno(), parent.fileno()]
        if self._socket is not None and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(self._socket, [data], fds)
                return
        socket.send_fds(self._start(), [data], fds)

    def close(self) -> None:
        """It ends; what it has started goes on."""
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait()
        self._socket = self._process = None
