"""The agent as a process of its own, and what the server would say to it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from websockets.sync.client import ClientConnection, unix_connect

from protocol import private as p
from protocol.frames import pack, unpack

ROOT = Path(__file__).resolve().parents[2]


class Agent:
    """`python -m agent` with a run directory of its own."""

    def __init__(self, *options: str, before: tuple[str, ...] = ()) -> None:
        self.options, self.before = options, before
        self.folder = tempfile.TemporaryDirectory(prefix="vb-agent-")
        self.run = Path(self.folder.name, "run")
        self.start()

    def start(self) -> None:
        argv = [*self.before, sys.executable, "-m", "agent", "--run", str(self.run), "--server-uid", "0", *self.options]
        self.process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert json.loads(self.process.stdout.readline())["ready"] is True
        self.control = unix_connect(str(self.run / "agent.sock"), uri="ws://agent/control", legacy=True)

    def ask(self, request: p.AnyControlRequest) -> p.ControlAnswer:
        self.control.send(msgspec.json.encode(request).decode())
        while True:
            event = msgspec.json.decode(self.control.recv(timeout=30), type=p.AnyControlEvent)
            if isinstance(event, p.ControlAnswer):
                return event

    def lab(self, lab: str) -> "Lab":
        return Lab(unix_connect(str(self.run / "agent.sock"), uri=f"ws://agent/lab/{lab}", max_size=None, legacy=True))

    def close(self) -> None:
        """SIGTERM ends the labs too."""
        self.process.terminate()
        self.process.wait(30)
        self.folder.cleanup()


class Lab:
    """One attached connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.number = 0

    def events(self, request: p.AnyLabRequest) -> list[p.AnyLabEvent | tuple[int, bytes]]:
        """Send it; all that comes up to its answer, bytes of processes as (stream, bytes)."""
        self.connection.send(msgspec.json.encode(request).decode())
        out: list[p.AnyLabEvent | tuple[int, bytes]] = []
        while True:
            frame = self.connection.recv(timeout=30)
            if isinstance(frame, bytes):
                _, stream, data = unpack(frame)
                out.append((stream, data))
                continue
            event = msgspec.json.decode(frame, type=p.AnyLabEvent)
            out.append(event)
            if getattr(event, "id", None) == request.id and not isinstance(event, p.Attached):
                return out
            if isinstance(event, p.Facts) and event.snapshot:
                return out

    def attach(self) -> tuple[p.Attached, p.Facts]:
        self.number += 1
        attached, facts = self.events(p.Attach(id=self.number))
        assert isinstance(attached, p.Attached)
        assert isinstance(facts, p.Facts)
        return attached, facts

    def run(self, namespace: str, *argv: str, stdin: bytes | None = None, tty: bool = False) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self.number += 1
        number = self.number
        request = p.Run(id=number, channel=number, namespace=namespace, argv=argv, tty=tty)
        if stdin is not None:
            self.connection.send(msgspec.json.encode(request).decode())
            self.connection.send(pack(number, 0, stdin))
            self.connection.send(pack(number, 0, b""))
            events = self._rest(number)
        else:
            events = self.events(request)
        exit_ = events[-1]
        assert isinstance(exit_, p.Exit)
        streams = {n: b"".join(e[1] for e in events if isinstance(e, tuple) and e[0] == n).decode() for n in (1, 2)}
        problem = exit_.problem.message if exit_.problem else ""
        return exit_.code, streams[1], streams[2] + problem

    def _rest(self, number: int) -> list[p.AnyLabEvent | tuple[int, bytes]]:
        out: list[p.AnyLabEvent | tuple[int, bytes]] = []
        while True:
            frame = self.connection.recv(timeout=30)
            if isinstance(frame, bytes):
                out.append(unpack(frame)[1:])
                continue
            event = msgspec.json.decode(frame, type=p.AnyLabEvent)
            out.append(event)
            if getattr(event, "id", None) == number:
                return out
