"""A terminal as a client of the server has it, without a screen: what is shown since the last reset, in order, taken at once or not."""

import itertools
import queue
import time

import msgspec

from cli.client import Client, Frame
from protocol import frames
from protocol.public import AttachTerminal, CloseTerminal, DetachTerminal, OpenTerminal, ResizeTerminal, TerminalClosed, TerminalOpened
from protocol.terminals import TerminalState

_channels = itertools.count(1)


class Shown:
    """One viewer of one terminal, on a connection of its own."""

    def __init__(self, client: Client, lab: str, terminal: str, rows: int = 24, columns: int = 80, takes: bool = True) -> None:
        self.client, self.lab, self.terminal, self.takes = client, lab, terminal, takes
        self.channel = next(_channels)
        self.text = b""
        self.got = 0
        self.screens = 0
        self.state = TerminalState()
        request = AttachTerminal(id=client.next_id(), lab=lab, terminal=terminal, channel=self.channel, rows=rows, columns=columns)
        client.send(request)

    def pump(self, seconds: float = 0.2) -> None:
        """Take in what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                event = self.client.receive(left)
            except queue.Empty:
                return
            if isinstance(event, Frame) and event.channel == self.channel:
                self._frame(event.stream, event.data)

    def _frame(self, stream: int, data: bytes) -> None:
        if stream == frames.STATE:
            self.state = msgspec.json.decode(data, type=TerminalState)
            return
        if stream == frames.SCREEN:
            self.text = b""
            self.screens += 1
        self.text += data
        self.got += len(data)
        if self.takes:
            self.client.frame(self.channel, frames.ACK, frames.pack_count(self.got))

    def wait(self, words: bytes, seconds: float = 15.0) -> None:
        """Until these bytes were shown."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} not in {self.text[-2000:]!r}"
            self.pump(0.05)

    def type(self, text: str | bytes) -> None:
        self.client.frame(self.channel, frames.INPUT, text.encode() if isinstance(text, str) else text)

    def resize(self, rows: int, columns: int) -> None:
        self.client.send(ResizeTerminal(id=self.client.next_id(), channel=self.channel, rows=rows, columns=columns))

    def detach(self) -> None:
        self.client.request(DetachTerminal(id=self.client.next_id(), channel=self.channel))


def open_terminal(client: Client, lab: str, namespace: str = "host") -> str:
    """The name of a new terminal."""
    opened = client.request(OpenTerminal(id=client.next_id(), lab=lab, namespace=namespace))
    assert isinstance(opened, TerminalOpened)
    return opened.terminal


def close_terminal(client: Client, lab: str, terminal: str, force: bool = False) -> tuple[str, ...]:
    """What keeps it."""
    closed = client.request(CloseTerminal(id=client.next_id(), lab=lab, terminal=terminal, force=force))
    assert isinstance(closed, TerminalClosed)
    return closed.kept
