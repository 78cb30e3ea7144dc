"""What a shell makes in a lab: how long after its end the document and the canvas have it, and how much history it makes."""

import time
from collections.abc import Callable
from functools import partial

from protocol.public import History, HistoryList
from tests.bench.edit import GOAL, Lab, star
from tests.support import Stack

NAMESPACES, NAMESPACES_SECONDS = 100, 0.5
"""Namespaces, each with a link and an address; in the document so many seconds after the shell has ended."""
ROUTES = (100, 1000, 10_000)
FLAPS, FLAPS_ENTRIES = 10_000, 10
"""How often two interfaces go down and up, and how many entries of the history that makes at most."""
_PATIENCE = 60.0


def _until(lab: Lab, done: Callable[[], bool]) -> float:
    """Seconds until the viewer's document is so."""
    began = time.perf_counter()
    while not done() and time.perf_counter() - began < _PATIENCE:
        lab.next(0.02)
    return time.perf_counter() - began


def _entries(lab: Lab) -> int:
    page = lab.author.request(History(id=lab.author.next_id(), lab=lab.name))
    assert isinstance(page, HistoryList)
    return len(page.changes)


def _namespaces(lab: Lab) -> None:
    commands = (
        f"ip netns add m{n}; ip link add v{n} type veth peer name eth0 netns m{n}; ip -n m{n} addr add 10.7.{n}.1/24 dev eth0"
        for n in range(NAMESPACES)
    )
    began = time.perf_counter()
    lab.shell("; ".join(commands))
    took = time.perf_counter() - began
    last = f"interface:m{NAMESPACES - 1}/eth0"
    late = _until(lab, lambda: bool(getattr(lab.desired.get(last), "addresses", ())))
    verdict = "as wanted" if late <= NAMESPACES_SECONDS else f"more than {NAMESPACES_SECONDS} s"
    print(f"{NAMESPACES} namespaces made by a shell in {took:.1f} s: in the document {late:.2f} s after its end ({verdict})")


def _has_routes(lab: Lab, count: int) -> bool:
    return sum(key.startswith("route:n1/") for key in lab.desired) >= count


def _routes(lab: Lab) -> None:
    weights = {}
    made = 0
    for count in ROUTES:
        echo = "echo route add 10.$((100 + i / 250)).$((i % 250)).0/24 via 10.0.255.254"
        lab.shell(f"i={made}; while [ $i -lt {count} ]; do {echo}; i=$((i + 1)); done | ip -n n1 -batch -")
        made = count
        late = _until(lab, partial(_has_routes, lab, made))
        lab.rest()
        lab.shell("ip -n n1 route add 10.250.0.0/24 via 10.0.255.254")
        weights[count] = lab.rest(1.0)
        lab.shell("ip -n n1 route del 10.250.0.0/24")
        lab.rest()
        print(
            f"{count:>6} routes made by a shell: in the document {late:.2f} s after its end; one more: {weights[count]} bytes to a viewer"
        )
    ratio = weights[ROUTES[-1]] / weights[ROUTES[0]]
    print(f"one more route, {ROUTES[-1]} / {ROUTES[0]}: bytes {ratio:.2f} ({'as wanted' if ratio <= GOAL else f'more than {GOAL}'})")


def _flaps(lab: Lab) -> None:
    before = _entries(lab)
    lab.shell(f"for i in $(seq {FLAPS // 4}); do for up in down up; do for p in p2 p3; do ip link set $p $up; done; done; done")
    lab.rest(1.0)
    made = _entries(lab) - before
    print(f"{FLAPS} flaps: {made} entries of the history ({'as wanted' if made <= FLAPS_ENTRIES else f'more than {FLAPS_ENTRIES}'})")


def _resident(stack: Stack) -> int:
    """Bytes of the server."""
    with open(f"/proc/{stack.child('server')}/statm") as file:
        return int(file.read().split()[1]) * 4096


def _memory(stack: Stack) -> None:
    before = _resident(stack)
    labs = [Lab(stack, f"bench-memory-{n}", star(30)) for n in range(10)]
    print(f"memory of the server for a lab of 30 namespaces: {(_resident(stack) - before) / len(labs) / 2**20:.1f} MiB")
    for lab in labs:
        lab.close()


def run(stack: Stack) -> None:
    """Print what was found, with verdicts."""
    lab = Lab(stack, "bench-shell", star(4))
    for what in (_namespaces, _routes, _flaps):
        what(lab)
    lab.close()
    _memory(stack)
