"""iptables' own programs, started by a thread that is in the namespace: a child process inherits the thread's network namespace."""

import signal
import subprocess
from typing import NamedTuple

from agent.netlink.namespaces import Namespaces, Netns

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
WAIT_SECONDS = 3
"""How long a program waits for /run/xtables.lock. The lab answers nothing else meanwhile."""
OVERTAKEN = 125
"""The code of a program whose change was not let through, because another one was faster."""
_AT_MOST_SECONDS = 30
"""A program that takes longer is killed."""


_TOO_LATE, _NOT_STARTED = 124, 127


class Ended(NamedTuple):
    """How a program ended: its exit code, and what it wrote to standard output and to standard error."""

    code: int
    out: str
    err: str

    @property
    def is_cut_off(self) -> bool:
        """Whether it was not started, was killed, or took too long: what it wrote says nothing then."""
        return self.code < 0 or self.code in (_TOO_LATE, _NOT_STARTED)


def run(namespaces: Namespaces, place: Netns, argv: list[str], text: str = "", locked: bool = False) -> Ended:
    """Run it there until it ends, with `text` as standard input. Code 127: there is no such program; 124: it took too long. `locked`:
    this process holds /run/xtables.lock, and the program is not to wait for it."""
    environment = {**ENVIRONMENT, "XTABLES_LOCKFILE": "/dev/null"} if locked else ENVIRONMENT
    return namespaces.visit(place, lambda: started(argv, text, environment))


def started(argv: list[str], text: str, environment: dict[str, str]) -> Ended:
    """`run`, by the calling thread, in the namespace where it is."""
    try:
        done = subprocess.run(
            argv, input=text.encode("utf-8", "surrogateescape"), capture_output=True, env=environment, timeout=_AT_MOST_SECONDS
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Ended(_TOO_LATE, "", f"{argv[0]} did not end within {_AT_MOST_SECONDS} s")
    except OSError as e:
        return Ended(_NOT_STARTED, "", f"{argv[0]}: {e.strerror}")
    return Ended(done.returncode, _text(done.stdout), _text(done.stderr) or _crash(argv[0], done.returncode))


def _crash(program: str, code: int) -> str:
    """What there is to say of a program that a signal has ended; nothing of any other."""
    return f"{program} was ended by {signal.Signals(-code).name}: this may be a fault of its own" if code < 0 else ""


def _text(data: bytes) -> str:
    """Rules are bytes to the kernel; what is no UTF-8 is shown as such."""
    return data.decode("utf-8", "replace")
