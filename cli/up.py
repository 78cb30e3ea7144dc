"""up: starts agent and server, prints the address, and restarts either if it dies, until Ctrl-C. Nothing is left behind."""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from argparse import Namespace as Args
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from cli import privileges
from cli.client import DEFAULT_STATE
from logs import configure, failure
from topology.model import limits
from topology.model.problems import Code, Problem, ProblemError

_log = logging.getLogger("vethboard.up")

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_LIMITS = Path("/etc/vethboard/limits.json")
START_SECONDS = 30.0
STOP_SECONDS = 60.0
"""How long a process may take to start, and to stop before it is killed."""
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 1.0, 60.0
"""Until the next try to start one again that did not start, each time twice as long."""
LEAVE_LABS = signal.SIGUSR1
"""To the agent: it ends, and the labs run on."""
WATCH_SECONDS = 0.2
"""Between two looks whether agent and server still run."""


def run_directory(state: Path) -> Path:
    """Where agent and labs have their sockets: one directory for each state directory. Short, since a socket's path is (unix(7))."""
    if state == DEFAULT_STATE:
        return Path("/run/vethboard")
    return Path(f"/run/vethboard-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}")


class Child:
    """Agent or server: a process that prints a JSON line when it is ready, and is started again when it dies."""

    def __init__(self, name: str, argv: list[str], prepare: Callable[[], None]) -> None:
        self.name, self._argv, self._prepare = name, argv, prepare
        self.ready: dict[str, Any] = {}
        self.restarts = 0
        self._pause, self._not_before = FIRST_PAUSE_SECONDS, 0.0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        def before() -> None:
            self._prepare()
            privileges.die_with_parent(signal.SIGTERM, parent)  # last: setresuid(2) makes the kernel forget it

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
        raise ProblemError(Problem(code=Code.UNAVAILABLE, message=f"the {self.name} did not start", hint="see its output above"))

    def restart_if_dead(self) -> None:
        """Start it again if it has ended; where that fails, again later and later. The labs keep running meanwhile and are found again."""
        if (code := self.process.poll()) is None or time.monotonic() < self._not_before:
            return
        _log.warning("the %s ended (%s); starting it again", self.name, code)
        time.sleep(0.2)
        self.restarts += 1
        try:
            self.process = self._start()
            self._pause = FIRST_PAUSE_SECONDS
        except Exception as e:
            if not isinstance(e, ProblemError | OSError | ValueError | subprocess.SubprocessError):
                failure(e, f"starting the {self.name} again")
            _log.error("%s; next try in %.0f s", e, self._pause)
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, LAST_PAUSE_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """By a signal; SIGKILL where it has not ended after `STOP_SECONDS`."""
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _lock(run: Path) -> int:
    """The open file whose lock allows one `up` for each run directory. Raises ProblemError where another has it."""
    run.mkdir(mode=0o755, parents=True, exist_ok=True)
    fd = os.open(run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(fd, 20, 0).decode()
        os.close(fd)
        message = f"Vethboard is already running with this state directory (pid {pid})"
        raise ProblemError(Problem(code=Code.EXISTS, message=message, hint="it printed its address where it was started")) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def _start_children(args: Args, run: Path) -> tuple[Child, Child]:
    uid, gid = privileges.server_ids()
    state: Path = args.state
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(state, uid, gid)
    if args.database:  # not as an argument: every user of the machine sees those, and it may have a password in it
        os.environ["VETHBOARD_DATABASE"] = args.database
    agent = Child("agent", _agent_argv(args, run, uid), lambda: None)
    readable = sorted({ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})
    try:
        server = Child("server", _server_argv(args, run), lambda: privileges.drop(readable, state, uid, gid))
    except ProblemError as e:
        agent.stop(LEAVE_LABS)
        labs = agent.ready.get("labs", 0)
        hint = f"see its output above; {labs} labs that ran run on, and are found at the next start" if labs else e.problem.hint
        raise ProblemError(msgspec.structs.replace(e.problem, hint=hint)) from None
    return agent, server


def _agent_argv(args: Args, run: Path, server_uid: int) -> list[str]:
    argv = [sys.executable, "-m", "agent", "--run", str(run), "--server-uid", str(server_uid)]
    argv += ["--limits", str(args.limits)] if args.limits is not None else []
    argv += ["--allow-uplink"] * args.allow_uplink + ["--require-limits"] * args.require_limits
    return [*argv, "--log-format", args.log_format, *_each("--uplink-to", args.uplink_to)]


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)


def _server_argv(args: Args, run: Path) -> list[str]:
    argv = [sys.executable, "-m", "server", "--host", args.host, "--port", str(args.port)]
    argv += ["--log-format", args.log_format, "--metrics", args.metrics]
    return [*argv, "--state", str(args.state), "--agent", str(run / "agent.sock")]


def limits_file(given: Path | None) -> Path | None:
    """The limits file, or None where there is none. It is read once to check it: raises ProblemError where it is wrong."""
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
    """Run until SIGINT, SIGTERM or SIGHUP. Raises ProblemError where something that is needed is missing."""
    if os.geteuid() != 0:
        raise ProblemError(Problem(code=Code.DENIED, message="root is needed: the agent creates network namespaces", hint="sudo script/up"))
    configure("up", args.log_format)
    args.state = args.state.resolve()
    args.limits = limits_file(args.limits)
    run = run_directory(args.state)
    lock = _lock(run)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: stopping.append(n))
    privileges.adopt_orphans()
    _note_restarts(run, {})
    agent, server = _start_children(args, run)
    print(f"\n  Vethboard is ready. Open\n\n      {server.ready['url']}/?token={server.ready['token']}\n", flush=True)
    print(f"  Stop it with Ctrl-C. Documents are kept in {args.state}.", flush=True)
    try:
        while not stopping:
            _supervise(agent, server, run)
    finally:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("\nStopping all labs; documents are kept …", flush=True)
        server.stop()
        agent.stop()
        privileges.reap(set())
        os.close(lock)
        _remove_run_directory(run)
    return 0


def _supervise(agent: Child, server: Child, run: Path) -> None:
    """Restart what has died, and wait a moment. No failure of that ends the labs."""
    before = (agent.restarts, server.restarts)
    try:
        agent.restart_if_dead()
        server.restart_if_dead()
        if before != (agent.restarts, server.restarts):
            _note_restarts(run, {"agent": agent.restarts, "server": server.restarts})
        privileges.reap({agent.process.pid, server.process.pid})
    except Exception as e:
        failure(e, "looking after agent and server")
    time.sleep(WATCH_SECONDS)


def _note_restarts(run: Path, restarts: dict[str, int]) -> None:
    """For the metrics of the server."""
    try:
        (run / "children.new").write_text(json.dumps(restarts))
        (run / "children.new").replace(run / "children.json")
    except OSError as e:
        _log.warning("%s: %s; the metrics do not count this restart", run / "children.json", e.strerror)


def _remove_run_directory(run: Path) -> None:
    """Delete what `up` itself made in it, and the directory where nothing else is left."""
    for name in ("up.lock", "children.new", "children.json"):
        (run / name).unlink(missing_ok=True)
    if run.exists() and not any(run.iterdir()):
        run.rmdir()
