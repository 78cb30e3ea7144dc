"""Storms: packets that no program sends any more, such as those of a loop of bridges. The kernel forwards them in threads of its own, which
are in no cgroup: so a lab's share of the processors does not hold them.

What these threads take is measured. Packets that a program sends are forwarded in its own time, also as a flood: then they take next to
nothing (0.01–0.04 of a processor on Linux 6.18, against 0.5–0.8 for a loop of two bridges).
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from agent.guard.places import Place, places
from agent.linux import namespaces as ns
from agent.netlink.decode import RTM_GETLINK
from agent.netlink.wire import Batch, Channel, as_text, as_u32, attributes, ifinfo
from agent.sandbox.lab_file import LabFile

BUSY = 0.25
"""Of one processor, that the kernel's threads for packets take: from here on it is looked for who makes them work."""
LEAST_RATE = 20_000
"""Packets a second of a whole lab, below which it is none that disturbs others."""
_SAMPLE_SECONDS = 0.1
_KTHREADD = 2
_THREADS = ("ksoftirqd/", "napi/")
"""`napi/…`: of an interface whose `threaded` is set (networking/napi.rst)."""
_RTM_NEWLINK, _IFF_UP = 16, 1
_IFNAME, _MASTER, _LINKINFO, _STATS64, _SLAVE_KIND = 3, 10, 18, 23, 4


class KernelThreads:
    """The processor time of the kernel's threads that forward packets."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._times: dict[int, int] = {}
        self._at = time.monotonic()

    @staticmethod
    def can_be_seen() -> bool:
        """Not in a pid namespace of a container's own."""
        return _name(_KTHREADD) == "kthreadd"

    def share(self) -> float:
        """How many processors they have taken since the last call."""
        before, self._times = self._times, {pid: _runtime(pid) for pid in self._pids()}
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        used = sum(spent - before[pid] for pid, spent in self._times.items() if pid in before)
        return used / 1e9 / max(seconds, 1e-3)

    def _pids(self) -> Iterator[int]:
        """A thread's name does not change, so it is read once."""
        with suppress(OSError), open(f"/proc/{_KTHREADD}/task/{_KTHREADD}/children") as file:
            found = [int(pid) for pid in file.read().split()]
            self._names = {pid: self._names.get(pid) or _name(pid) for pid in found}
        return (pid for pid, name in self._names.items() if name.startswith(_THREADS))


def _name(pid: int) -> str:
    with suppress(OSError), open(f"/proc/{pid}/comm") as file:
        return file.read().strip()
    return ""


def _runtime(pid: int) -> int:
    """Nanoseconds."""
    with suppress(OSError, ValueError), open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0])
    return 0


class Link(NamedTuple):
    """An interface. `received`: packets so far."""

    name: str
    is_port: bool
    received: int


class Busy(NamedTuple):
    """An interface of a lab, and the packets a second that it receives. `channel`: of its namespace."""

    lab: str
    namespace: str | None
    ifindex: int
    name: str
    is_port: bool
    rate: float
    channel: Channel


def busiest(labs: list[tuple[str, LabFile]]) -> list[Busy]:
    """The interfaces of the lab that has most packets a second, if they are so many that others are disturbed; ports of bridges first,
    then by their rates. The caller closes their channels."""
    opened = [(lab, place, channel) for lab, file in labs for place, channel in _channels(file)]
    before = [_links(channel) for _, _, channel in opened]
    since = time.monotonic()
    time.sleep(_SAMPLE_SECONDS)
    seconds = time.monotonic() - since
    found: dict[str, list[Busy]] = {}
    for (lab, place, channel), old in zip(opened, before, strict=True):
        for index, link in _links(channel).items():
            rate = (link.received - old[index].received) / seconds if index in old else 0.0
            found.setdefault(lab, []).append(Busy(lab, place.name, index, link.name, link.is_port, rate, channel))
    worst = max(found.values(), key=lambda links: sum(link.rate for link in links), default=[])
    if sum(link.rate for link in worst) < LEAST_RATE:
        worst = []
    kept = {id(link.channel) for link in worst}
    for _, _, channel in opened:
        if id(channel) not in kept:
            channel.close()
    return sorted(worst, key=lambda link: (not link.is_port, -link.rate))


def _channels(lab: LabFile) -> Iterator[tuple[Place, Channel]]:
    """The calling process goes into each namespace for a moment."""
    own = ns.open_own_network()
    try:
        for place in places(lab):
            with suppress(OSError):
                ns.enter_network(place.fd)
                try:
                    yield place, Channel(buffer=1 << 16)
                finally:
                    ns.enter_network(own)
            os.close(place.fd)
    finally:
        os.close(own)


def _links(channel: Channel) -> dict[int, Link]:
    """The interfaces of a namespace by their ifindexes; none where it is gone."""
    out: dict[int, Link] = {}
    with suppress(OSError):
        for _, body in channel.dump(RTM_GETLINK, ifinfo()):
            values = attributes(body, 16)
            kind = attributes(values.get(_LINKINFO, b"")).get(_SLAVE_KIND, b"")
            is_port = _MASTER in values and as_text(kind) == "bridge"
            received = int.from_bytes(values.get(_STATS64, b"")[:8], "little")
            out[as_u32(body[4:8])] = Link(as_text(values.get(_IFNAME, b"")), is_port, received)
    return out


def set_down(link: Busy) -> bool:
    """Whether the kernel did it."""
    batch = Batch()
    batch.begin(_RTM_NEWLINK, 0, ifinfo(link.ifindex, change=_IFF_UP))
    batch.end()
    with suppress(OSError):
        return link.channel.request(batch) == [None]
    return False
