"""What tests of the whole need: Vethboard as a user starts it, on a state directory, a run directory and a port of its own."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cli.client import Client
from cli.up import run_directory
from tests import cli_server

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port of the loopback that nobody has, and that no outgoing connection is given either (ip_local_port_range starts at 32768)."""
    while True:
        port = random.SystemRandom().randrange(10_000, 30_000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def eventually(check: Callable[[], object], seconds: float = 15) -> None:
    """Wait until it is so; an AssertionError, OSError or ValueError means: not yet. Fails after `seconds`, as the last check did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(AssertionError, OSError, ValueError):
            if check():
                return
        time.sleep(0.05)
    assert check()


def listens(port: int) -> str:
    """A shell's line that waits until a TCP port is listened on in its namespace."""
    return f"until ss -Hltn 'sport = :{port}' | grep -q .; do sleep 0.05; done"


class Stack:
    """`vethboard up`, running; `cli` runs any other verb against it.

    `disk`: bytes of a file system that only this one sees, on which its state directory is; None: the machine's.
    """

    program = "cli"

    def __init__(self, *options: str, disk: int | None = None) -> None:
        self.options = options
        self.disk = disk
        self.folder = tempfile.TemporaryDirectory(prefix="vethboard-test-")
        os.chmod(self.folder.name, 0o755)
        self.state = Path(self.folder.name) / "state"
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start it and wait for the address."""
        argv = [sys.executable, "-m", self.program, "up", "--state", str(self.state), "--port", str(self.port), *self.options]
        if self.disk is not None:
            self.state.mkdir(exist_ok=True)
            mount = f'mount -t tmpfs -o size={self.disk} tmpfs "$0" && exec "$@"'
            argv = ["unshare", "-m", "sh", "-c", mount, str(self.state), *argv]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True)
        assert self.process.stdout
        for line in self.process.stdout:
            if found := re.search(r"(http://\S+)/\?token=(\S+)", line):
                self.url, self.token = found[1], found[2]
                return
        raise AssertionError(f"`vethboard up` ended with {self.process.wait()}")

    @property
    def state_seen(self) -> Path:
        """Its state directory, also where it is on a file system of its own."""
        return Path(f"/proc/{self.process.pid}/root") / self.state.relative_to("/") if self.disk is not None else self.state

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()

    def child(self, module: str) -> int:
        """The pid of `python -m MODULE` that it started. Raises AssertionError where there is none.

        Labs whose agent was killed are its children too, with the agent's command line (they are forked without exec): they have a pid
        namespace of their own.
        """
        own = os.readlink("/proc/self/ns/pid")
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if f"-m\0{module}\0" in Path("/proc", pid, "cmdline").read_text() and os.readlink(f"/proc/{pid}/ns/pid") == own:
                return int(pid)
        raise AssertionError(f"no {module}")

    def kill(self, module: str) -> None:
        """The server or the agent, at once; `vethboard up` starts another."""
        pid = self.child(module)
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/cmdline").read_text():
            time.sleep(0.02)

    def close(self) -> None:
        self.stop()
        self.folder.cleanup()

    @property
    def run(self) -> Path:
        """The agent's run directory."""
        return run_directory(self.state.resolve())

    def cli(self, *args: str, input: str | None = None, code: int | None = 0) -> str:
        """Run a verb; its standard output. `code`: the exit code that it must have (None: any)."""
        done = cli_server.run(["--state", str(self.state), *args], input or "", timeout=60)
        assert code is None or done.returncode == code, f"{args}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        self.stderr = done.stderr
        return done.stdout

    def live(self, lab: str) -> None:
        """Wait until a lab that was started is there."""
        eventually(lambda: self.inside(lab, "host", "echo", "live"))

    def json(self, *args: str) -> object:
        """The parsed output of a verb that has --json."""
        return json.loads(self.cli(*args, "--json"))

    def inside(self, lab: str, namespace: str, *command: str, code: int | None = 0) -> str:
        """The standard output of a command in a namespace."""
        return self.cli("exec", lab, namespace, "--", *command, code=code)

    def client(self) -> Client:
        """A connection of its own."""
        return Client(self.url, self.token)
