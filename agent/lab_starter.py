"""python -m agent.lab_starter FD LOG_FORMAT: the process that labs are forked from.

It has loaded what a lab needs, so that a lab is there in some 50 ms, and knows nothing else: an address that somebody finds in a lab's
first process says nothing of the agent's. It has one thread, so nothing is locked in what it forks.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from functools import partial

import msgspec

from agent import lab, sandbox, trial
from agent.lab.process import warm
from agent.sandbox import seccomp
from agent.sandbox.starter import Order
from logs import configure

_MOST_BYTES = 64 << 10


def main() -> int:
    """Until the agent has closed its end."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    configure("lab-starter", "json" if sys.argv[2] == "json" else "text")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm()
    with contextlib.suppress(OSError):  # reported by doctor, and by the first lab that cannot start
        seccomp.program()
    gc.collect()
    gc.freeze()  # a collection in a lab would write to every object's page, and so copy what all labs share
    while True:
        data, fds, _, _ = socket.recv_fds(orders, _MOST_BYTES, 2)
        if not data:
            return 0
        _start(msgspec.json.decode(data, type=Order), *fds)
        for fd in fds:
            os.close(fd)


def _start(order: Order, listener: int, parent: int) -> None:
    """Fork a process whose parent is the agent (PR_SET_CHILD_SUBREAPER)."""
    between = os.fork()
    if between != 0:
        os.waitpid(between, 0)
        return
    between = os.getpid()
    if (pid := os.fork()) != 0:
        os.write(parent, b"+%d" % pid)
        os._exit(0)
    while os.getppid() == between:  # the agent is to find its child as soon as it knows the pid
        time.sleep(0.0005)
    made = sandbox.Lab(order.lab, order.limits, order.uid, socket.socket(fileno=listener), socket.socket(fileno=parent), _main(order))
    sandbox.become(made)


def _main(order: Order) -> sandbox.Main:
    if order.what == "trial":
        return partial(trial.main, kinds=order.kinds)
    return partial(lab.main, limits=order.limits, firewall=order.firewall)


if __name__ == "__main__":
    sys.exit(main())
