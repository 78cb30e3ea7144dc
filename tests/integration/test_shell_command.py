"""`vethboard shell` on a real PTY, beside a viewer in another client."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

from tests.integration.terminal_client import Shown
from tests.support import ROOT, Stack, eventually


class Typist:
    """A person at a terminal of 30 × 100."""

    def __init__(self, stack: Stack, *args: str) -> None:
        self.master, slave = pty.openpty()
        self.size(30, 100)
        argv = [sys.executable, "-m", "cli", "--state", str(stack.state), "shell", *args]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=env, start_new_session=True)
        os.close(slave)
        self.text = b""

    def size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("=HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def wait(self, words: bytes) -> None:
        end = time.monotonic() + 20
        while words not in self.text:
            assert time.monotonic() < end, self.text[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.master, 65536)
                except OSError:
                    break
        assert words in self.text, self.text[-2000:]

    def end(self) -> int:
        code = self.process.wait(20)
        os.close(self.master)
        return code


def test_typed_resized_left_and_come_back_to(stack: Stack, lab: str) -> None:
    one = Typist(stack, lab)
    one.wait(b"~")
    one.type(b"echo here-$((1+1)); stty size\r")
    one.wait(b"here-2")
    one.wait(b"30 100")
    one.size(20, 70)
    os.kill(one.process.pid, signal.SIGWINCH)
    terminals: list[dict[str, Any]] = []

    def resized() -> bool:
        listed = stack.json("shell", lab, "--list")
        assert isinstance(listed, list)
        terminals[:] = listed
        return [(t["namespace"], t["columns"]) for t in terminals] == [("host", 70)]

    eventually(resized)
    one.type(b"echo; stty size\r")
    one.wait(b"20 70")
    with stack.client() as client:
        other = Shown(client, lab, terminals[0]["terminal"])
        other.wait(b"20 70")
        other.type("echo from-the-browser-$((2+2))\r")
        one.wait(b"from-the-browser-4")
        one.type(b"\x1dd")
        one.wait(b"--attach")
        assert one.end() == 0
        other.type("echo goes-on-$((3+3))\r")
        other.wait(b"goes-on-6")
    again = Typist(stack, lab, "--attach", terminals[0]["terminal"])
    again.wait(b"goes-on-6")
    again.type(b"exit 5\r")
    again.wait(b"exit")
    assert again.end() == 5
    assert stack.json("shell", lab, "--list") == []


def test_what_is_no_terminal_is_told_so(stack: Stack, lab: str) -> None:
    stack.cli("shell", lab, code=1)
    assert "vethboard exec" in stack.stderr
