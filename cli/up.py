"""up: starts agent and server, prints the address, keeps both running until Ctrl-C, leaves nothing behind."""

import fcntl
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from argparse import Namespace as Args
from collections.abc import Callable
from pathlib import Path

import msgspec

from cli import privileges
from cli.client import DEFAULT_STATE
from topology.model import limits
from topology.model.problems import Code, Problem, ProblemError

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_LIMITS = Path("/etc/vethboard/limits.json")
START_SECONDS = 30.0
STOP_SECONDS = 60.0


def run_directory(state: Path) -> Path:
    """Where agent and labs have their sockets: a short path, one for each state directory."""
    if state == DEFAULT_STATE:
        return Path("/run/vethboard")
    return Path(f"/run/vethboard-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}")


class Child:
    """Agent or server: started, waited for until it says that it is ready, started again when it dies."""

    def __init__(self, name: str, argv: list[str], prepare: Callable[[], None]) -> None:
        self.name, self._argv, self._prepare = name, argv, prepare
        self.ready: dict[str, str] = {}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        def before() -> None:
            privileges.die_with_parent(signal.SIGTERM)
            self._prepare()

        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, preexec_fn=before, start_new_session=True, env=env, cwd=ROOT)
        self._await_ready(process)
        return process

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        if select.select([process.stdout], [], [], START_SECONDS)[0] and (line := process.stdout.readline()):
            self.ready = json.loads(line)
            return
        process.kill()
        process.wait()
        raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"the {self.name} did not start", hint="what it said stands above"))

    def restart_if_dead(self) -> None:
        """A crash costs a second, never a lab: the labs run on and are found again."""
        if (code := self.process.poll()) is None:
            return
        sys.stderr.write(f"vethboard: the {self.name} ended ({code}); starting it again\n")
        time.sleep(0.2)
        self.process = self._start()

    def stop(self) -> None:
        """SIGTERM and wait; SIGKILL only after a minute."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _lock(run: Path) -> int:
    run.mkdir(mode=0o755, parents=True, exist_ok=True)
    fd = os.open(run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = "Vethboard runs already with this state directory"
        raise ProblemError(Problem(code=Code.EXISTS, message=message, hint="its address is in the window where it was started")) from None
    return fd


def _start_children(args: Args, run: Path) -> tuple[Child, Child]:
    uid, gid = privileges.server_ids()
    state: Path = args.state
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(state, uid, gid)
    if args.database:  # not as an argument: every user of the machine sees those, and it may have a password in it
        os.environ["VETHBOARD_DATABASE"] = args.database
    readable = sorted({ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})
    argv = [sys.executable, "-m", "agent", "--run", str(run), "--server-uid", str(uid)]
    if args.limits is not None:
        argv += ["--limits", str(args.limits)]
    argv += ["--allow-uplink"] * args.allow_uplink
    agent = Child("agent", argv, lambda: None)
    argv = [
        sys.executable,
        "-m",
        "server",
        "--host",
        args.host,
        "--port",
        str(args.port),
        "--state",
        str(state),
        "--agent",
        str(run / "agent.sock"),
    ]
    try:
        server = Child("server", argv, lambda: privileges.drop(readable, state, uid, gid))
    except ProblemError:
        agent.stop()
        raise
    return agent, server


def limits_file(given: Path | None) -> Path | None:
    """The file of limits, read once to see that it can be. Raises ProblemError."""
    file = given or DEFAULT_LIMITS
    try:
        limits.parse(file.read_bytes())
    except FileNotFoundError as e:
        if given is None:
            return None
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"{file}: {e.strerror}", errno=e.errno)) from None
    except ProblemError as e:
        raise ProblemError(msgspec.structs.replace(e.problem, subject=f"{file} {e.problem.subject}")) from None
    return file.resolve()


def up(args: Args) -> int:
    """Runs until SIGINT or SIGTERM. Raises ProblemError when something that is needed is missing."""
    if os.geteuid() != 0:
        raise ProblemError(Problem(code=Code.DENIED, message="the agent makes network namespaces, which needs root", hint="sudo script/up"))
    args.state = args.state.resolve()
    args.limits = limits_file(args.limits)
    run = run_directory(args.state)
    lock = _lock(run)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: stopping.append(n))
    privileges.adopt_orphans()
    agent, server = _start_children(args, run)
    print(f"\n  Vethboard is ready. Open\n\n      {server.ready['url']}/?token={server.ready['token']}\n", flush=True)
    print(f"  Ctrl-C stops it. Documents stay in {args.state}.", flush=True)
    try:
        while not stopping:
            agent.restart_if_dead()
            server.restart_if_dead()
            privileges.reap({agent.process.pid, server.process.pid})
            time.sleep(0.2)
    finally:
        print("\nStopping: labs leave the kernel, documents stay …", flush=True)
        server.stop()
        agent.stop()
        privileges.reap(set())
        os.close(lock)
        for leftover in (run / "up.lock",):
            leftover.unlink(missing_ok=True)
        if run.exists() and not any(run.iterdir()):
            run.rmdir()
    return 0
