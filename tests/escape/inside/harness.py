"""Runs attempts and says, as JSON, how each ended. It is sent into a lab in front of a file of attempts, for python3 there: the standard
library only. An attempt that succeeds returns what it got; one that fails raises, or returns nothing."""

import json
import os
import signal
import sys
from collections.abc import Callable

ATTEMPTS: dict[str, Callable[[], object]] = {}
GIVEN: dict[str, str] = json.loads(os.environ["GIVEN"])
"""What the test knows of the machine: paths, pids, ports, the words of its secret."""


def attempt(function: Callable[[], object]) -> Callable[[], object]:
    ATTEMPTS[function.__name__] = function
    return function


def _timeout(*_: object) -> None:
    raise TimeoutError("no answer in 60 s")


def run() -> None:
    """Each attempt in a child of its own, so that none can spoil the next."""
    for name in sys.argv[1:] or ATTEMPTS:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, _timeout)
            signal.alarm(60)
            try:
                got = ATTEMPTS[name]()
                said = {"got": repr(got)[:300]} if got else {"refused": "nothing"}
            except BaseException as e:
                said = {"refused": f"{type(e).__name__}: {e}"[:300]}
            os.write(write, json.dumps(said).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            text = pipe.read().decode() or json.dumps({"refused": "the process was ended"})
        os.waitpid(pid, 0)
        print(json.dumps({"attempt": name, **json.loads(text)}), flush=True)
