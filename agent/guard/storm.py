"""Storms: packets that no program sends any more, such as those of a loop of bridges. The kernel forwards them in threads of its own, which
are in no cgroup: so a lab's share of the processors does not hold them.

What these threads take is measured. Packets that a program sends are forwarded in its own time, also as a flood: then they take next to
nothing (0.01–0.04 of a processor on Linux 6.18, against 0.15–0.8 for a loop of two bridges).
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from agent.guard.places import Place, places
from agent.linux import namespaces as ns
from agent.netlink.decode import RTM_GETLINK
from agent.netlink.wire import Batch, Channel, as_text, attributes, ifinfo
from agent.sandbox.lab_file import LabFile

BUSY = 0.12
"""Of one processor, that the kernel's threads for packets take: from here on it is looked for who makes them work."""
LEAST_RATE = 20_000
"""Packets a second of a whole lab, below which it is none that disturbs others."""
_SAMPLE_SECONDS = 0.1
_KTHREADD = 2
_CHILDREN = f"/proc/{_KTHREADD}/task/{_KTHREADD}/children"
_NAPI = "napi/"
_THREADS = ("ksoftirqd/", _NAPI)
"""`napi/…`: of an interface whose `threaded` is set (networking/napi.rst)."""
_RTM_NEWLINK, _IFF_UP = 16, 1
_IFNAME, _MASTER, _LINKINFO, _SLAVE_KIND = 3, 10, 18, 4
_T = TypeVar("_T")


class KernelThreads:
    """The processor time of the kernel's threads that forward packets."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._times: dict[int, int] = {}
        self._at = time.monotonic()

    @staticmethod
    def can_be_seen() -> bool:
        """Not in a pid namespace of a container's own, nor where the kernel lists no children (CONFIG_PROC_CHILDREN)."""
        return _name(_KTHREADD) == "kthreadd" and Path(_CHILDREN).exists()

    def share(self) -> float:
        """How many processors they have taken since the last call."""
        before, self._times = self._times, {pid: _runtime(pid) for pid in self._pids()}
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        used = sum(spent - before[pid] for pid, spent in self._times.items() if pid in before)
        return used / 1e9 / max(seconds, 1e-3)

    def of_interfaces(self) -> Counter[str]:
        """How many threads each name of an interface has, which several may share, as of the last call of `share`."""
        return Counter(name.removeprefix(_NAPI).rpartition("-")[0] for name in self._names.values() if name.startswith(_NAPI))

    def _pids(self) -> Iterator[int]:
        """A thread's name does not change, so it is read once."""
        with suppress(OSError), open(_CHILDREN) as file:
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


class Busy(NamedTuple):
    """An interface of a lab, and the packets a second that it receives. `channel`: of its namespace."""

    lab: str
    namespace: str | None
    name: str
    is_port: bool
    rate: float
    channel: Channel


class _Opened(NamedTuple):
    """A namespace of a lab, and what its interfaces had received."""

    lab: str
    place: Place
    received: dict[str, int]
    since: float


def busiest(labs: list[tuple[str, LabFile]]) -> list[Busy]:
    """The interfaces of the lab that has most packets a second, if they are so many that others are disturbed; ports of bridges first,
    then by their rates. The caller closes their channels.

    In a storm a lock of the kernel for all namespaces (RTNL) is hard to get: the counters are read without it.
    """
    opened = [_Opened(lab, place, _received(place), time.monotonic()) for lab, file in labs for place in places(file)]
    try:
        time.sleep(_SAMPLE_SECONDS)
        rates: dict[str, list[tuple[Place, dict[str, float]]]] = {}
        for space in opened:
            rates.setdefault(space.lab, []).append((space.place, _rates(space)))
        lab = max(rates, key=lambda name: _total(rates[name]), default=None)
        if lab is None or _total(rates[lab]) < LEAST_RATE:
            return []
        worst = max(rate for _, found in rates[lab] for rate in found.values())
        links = [link for place, found in rates[lab] if max(found.values(), default=0) >= worst / 4 for link in _busy(lab, place, found)]
        return sorted(links, key=lambda link: (not link.is_port, -link.rate))
    finally:
        for space in opened:
            os.close(space.place.fd)


def most_threaded(labs: list[tuple[str, LabFile]], threads: Counter[str]) -> tuple[str, int]:
    """The lab whose interfaces may have most of these threads, by their names, and how many; an empty id where no lab has any."""
    counts: Counter[str] = Counter()
    for lab, file in labs:
        for place in places(file):
            counts[lab] += sum(threads[name] for name in _received(place))
            os.close(place.fd)
    return counts.most_common(1)[0] if counts else ("", 0)


def _rates(space: _Opened) -> dict[str, float]:
    """Packets a second by the names of the interfaces."""
    now = _received(space.place)
    seconds = max(time.monotonic() - space.since, 1e-3)
    return {name: (count - space.received[name]) / seconds for name, count in now.items() if name in space.received}


def _total(places: list[tuple[Place, dict[str, float]]]) -> float:
    return sum(sum(found.values()) for _, found in places)


def _inside(place: Place, do: Callable[[], _T]) -> _T:
    """What `do` returns, with the calling process in the namespace. Raises OSError."""
    own = ns.open_own_network()
    try:
        ns.enter_network(place.fd)
        try:
            return do()
        finally:
            ns.enter_network(own)
    finally:
        os.close(own)


def _received(place: Place) -> dict[str, int]:
    """Packets by the names of the interfaces (proc_pid_net(5), `dev`); none where the namespace cannot be entered."""
    with suppress(OSError):
        lines = _inside(place, Path("/proc/self/net/dev").read_text).splitlines()[2:]
        return {name.strip(): int(rest.split()[1]) for name, _, rest in (line.partition(":") for line in lines)}
    return {}


def _busy(lab: str, place: Place, rates: dict[str, float]) -> list[Busy]:
    """The interfaces of one namespace."""
    with suppress(OSError):
        channel = _inside(place, lambda: Channel(buffer=1 << 16))
        ports = _ports(channel)
        return [Busy(lab, place.name, name, name in ports, rate, channel) for name, rate in rates.items()]
    return []


def _ports(channel: Channel) -> set[str]:
    """The names of the ports of bridges."""
    out = set()
    for _, body in channel.dump(RTM_GETLINK, ifinfo()):
        values = attributes(body, 16)
        kind = attributes(values.get(_LINKINFO, b"")).get(_SLAVE_KIND, b"")
        if _MASTER in values and kind == b"bridge\0":
            out.add(as_text(values.get(_IFNAME, b"")))
    return out


def set_down(link: Busy) -> bool:
    """Whether the kernel did it."""
    batch = Batch()
    batch.begin(_RTM_NEWLINK, 0, ifinfo(0, change=_IFF_UP))
    batch.text(_IFNAME, link.name)
    batch.end()
    with suppress(OSError):
        return link.channel.request(batch) == [None]
    return False
