"""shell: a terminal of a lab in the terminal that runs the command. Browsers show the same one."""

import os
import signal
import sys
import termios
import threading
import tty
from argparse import Namespace as Args

import msgspec

from cli import output
from cli.client import Client, Frame
from protocol import frames
from protocol.limits import ACK_WINDOW_BYTES
from protocol.public import (
    Answer,
    AttachTerminal,
    DetachTerminal,
    Open,
    OpenTerminal,
    ResizeTerminal,
    Snapshot,
    TerminalOpened,
    TerminalState,
)
from topology.model.problems import Code, Problem, ProblemError
from topology.observe.live import TerminalLive

KEY = b"\x1d"
"""Ctrl-]. After it, d detaches, and a second Ctrl-] sends one to the shell."""

_CHANNEL = 1
_RESET = b"\x1b[?1049l\x1b[?1000;1002;1003;1004;1006;2004l\x1b[?25h\x1b>\x1b[0m"
"""Resets what a program in the lab may have changed: alternate screen, mouse, bracketed paste, hidden cursor, keypad, colours."""


def shell(client: Client, args: Args) -> int:
    """Open or attach to a terminal, or list them. The exit code is the shell's; 0 after detaching."""
    if args.list:
        return _list(client, args)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = f"to run a command without a terminal: vethboard exec {args.lab} {args.namespace} -- COMMAND"
        raise ProblemError(Problem(code=Code.INVALID, message="standard input or output is not a terminal", hint=hint))
    columns, rows = os.get_terminal_size(0)
    terminal: str | None = args.attach
    if terminal is None:
        request = OpenTerminal(id=client.next_id(), lab=args.lab, namespace=args.namespace, rows=rows, columns=columns)
        opened = client.request(request)
        assert isinstance(opened, TerminalOpened)
        terminal = opened.terminal
    return _Attachment(client, args.lab, terminal).run()


def _list(client: Client, args: Args) -> int:
    snapshot = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(snapshot, Snapshot)
    found = [r for r in snapshot.live.values() if isinstance(r, TerminalLive)]
    if args.json:
        output.as_json(found)
    else:
        rows = [(r.terminal, r.namespace, f"{r.columns}×{r.rows}", str(r.viewers), r.title) for r in found]
        output.table(("TERMINAL", "NAMESPACE", "SIZE", "VIEWERS", "TITLE"), rows)
    return 0


class _Attachment:
    """The terminal that runs this command, in raw mode, attached to one of the lab."""

    def __init__(self, client: Client, lab: str, terminal: str) -> None:
        self._client, self._lab, self._terminal = client, lab, terminal
        self._received = self._reported = 0
        self._detached = False
        self._code: int | None = None

    def run(self) -> int:
        """Show the terminal until its shell ends or it is detached. Returns the exit code."""
        sys.stderr.write(f"vethboard: terminal {self._terminal} of lab {self._lab}; Ctrl-] d detaches, Ctrl-] Ctrl-] sends Ctrl-]\n")
        before = termios.tcgetattr(0)
        try:
            tty.setraw(0)
            self._attach()
            signal.signal(signal.SIGWINCH, lambda *_: self._resize())
            threading.Thread(target=self._type, daemon=True).start()
            self._show()
        finally:
            _write(_RESET)
            termios.tcsetattr(0, termios.TCSADRAIN, before)
        if self._code is None:
            sys.stderr.write(f"\nvethboard: detached; attach again with: vethboard shell {self._lab} --attach {self._terminal}\n")
        else:
            self._client.request(DetachTerminal(id=self._client.next_id(), channel=_CHANNEL))  # its shell has ended
        return self._code or 0

    def _attach(self) -> None:
        columns, rows = os.get_terminal_size(0)
        id = self._client.next_id()
        attach = AttachTerminal(id=id, lab=self._lab, terminal=self._terminal, channel=_CHANNEL, rows=rows, columns=columns)
        self._client.send(attach)
        while True:
            event = self._client.receive()
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Answer) and event.id == id:
                if event.problem is not None:
                    raise ProblemError(event.problem)
                return

    def _show(self) -> None:
        while self._code is None and not self._detached:
            event = self._client.receive()
            if isinstance(event, Frame):
                self._frame(event)

    def _frame(self, frame: Frame) -> None:
        if frame.stream == frames.STATE:
            state = msgspec.json.decode(frame.data, type=TerminalState)
            self._code = state.code
            if state.lost:
                raise ProblemError(
                    Problem(code=Code.UNAVAILABLE, message="the lab was lost", hint="its terminals are kept while the lab runs")
                )
            return
        if frame.stream == frames.SCREEN:
            _write(b"\x1b[0m\x1b[2J\x1b[H")
        _write(frame.data)
        self._received += len(frame.data)
        if self._received - self._reported >= ACK_WINDOW_BYTES // 8:
            self._reported = self._received
            self._client.frame(_CHANNEL, frames.ACK, frames.pack_count(self._received))

    def _resize(self) -> None:
        columns, rows = os.get_terminal_size(0)
        self._client.send(ResizeTerminal(id=self._client.next_id(), channel=_CHANNEL, rows=rows, columns=columns))

    def _type(self) -> None:
        """Send what is typed, until it detaches. Runs in its own thread."""
        waiting = False
        while data := os.read(0, 65536):
            typed, waiting, leave = keys(data, waiting)
            if typed:
                self._client.frame(_CHANNEL, frames.INPUT, typed)
            if leave:
                break
        self._detached = True
        self._client.send(DetachTerminal(id=self._client.next_id(), channel=_CHANNEL))  # the answer wakes the other thread


def keys(data: bytes, waiting: bool) -> tuple[bytes, bool, bool]:
    """What of these bytes is for the shell; whether they end with a `KEY` that waits for the next byte; whether to detach.

    `waiting`: the byte before these was such a `KEY`.
    """
    typed = bytearray()
    for number in data:
        byte = bytes((number,))
        if waiting:
            waiting = False
            if byte in (b"d", b"D"):
                return bytes(typed), False, True
            typed += byte if byte == KEY else KEY + byte
        elif byte == KEY:
            waiting = True
        else:
            typed += byte
    return bytes(typed), waiting, False


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
