"""The watch: reports, as facts, what every namespace of the list holds and every change of it, whoever made it.

    namespaces = Namespaces()
    watch = Watch(namespaces, sink)   # sink(facts: list[AnyFact])
    watch.start()                     # reads everything; one call of the sink
    for fd, callback in watch.readers().items():
        loop.add_reader(fd, callback)     # these descriptors stay the same until close()

- `barrier()`: when it returns, everything was reported that the kernel acknowledged before it was called.
- `pause()` … `resume(touched)`: around a bulk change. Between them nothing is reported; `resume` reads the touched namespaces whole before
  it returns, the others a little later from the loop.
- `snapshot()`: all that was reported and still holds, for a listener who comes later.
- `subscribe(names)`: report learned neighbours and FDB entries of these namespaces only. Permanent ones are always reported.
- `refresh(names)`: read these again now. `poll()`, to be called every second or so: reads again what the kernel changes without an event.
- `reader`: counters and processes of a namespace, on demand.

A namespace that is new, or of which events were lost (ENOBUFS), is reported in full after a `Resync`; else only changes are reported. All
methods belong to one thread, the loop's. What `Namespaces.create` and `delete` do (called by the executor of steps) is noticed like a
shell's `ip netns`.
"""

import errno
import itertools
import os
import select
import socket
from collections.abc import Callable, Iterable, Sequence

from agent.linux.mounts import MountPoints
from agent.netlink.follow import Follower
from agent.netlink.namespaces import RUN, Namespaces, Netns, share_run
from agent.netlink.read import Reader
from agent.netlink.sysctls import Sysctls
from agent.netlink.wire import NETLINK_ADD_MEMBERSHIP, NETLINK_LISTEN_ALL_NSID, RECEIVE, SOL_NETLINK, grow, nsid_of, split
from topology.model.kinds import BY_WORD
from topology.model.sysctls import KEYS
from topology.observe.facts import AnyFact, SysctlFact

_LINK, _NEIGH, _TC, _IFADDR4, _ROUTE4, _RULE4, _IFADDR6, _ROUTE6, _RULE6 = 1, 3, 4, 5, 7, 8, 9, 11, 19
_NETCONF4, _NETCONF6, _NSID, _BRVLAN = 24, 25, 28, 33
_GROUPS = (_LINK, _NEIGH, _TC, _IFADDR4, _ROUTE4, _RULE4, _IFADDR6, _ROUTE6, _RULE6, _NETCONF4, _NETCONF6, _NSID)
"""RTNLGRP_* of linux/rtnetlink.h that every kernel has; RTNLGRP_BRVLAN came with 5.6."""
_AT_ONCE = 4096
"""Datagrams after which the loop gets a turn."""
_LATER_AT_ONCE = 16
"""Namespaces that one turn of the loop reads of those that can wait."""
_SILENT = frozenset(word for word, kind in BY_WORD.items() if kind.KIND.changeable)
"""Kinds of interface with attributes that are changed without an event while the interface is down."""


class Watch:
    """See the module's text. Errors of the kernel that are not expected are raised as OSError by any method."""

    def __init__(
        self, namespaces: Namespaces, sink: Callable[[list[AnyFact]], None], *, keys: Iterable[str] = KEYS, buffer: int = 1 << 23
    ) -> None:
        self._namespaces = namespaces
        self._sink = sink
        self._size = buffer
        self.reader = Reader(namespaces)
        self._follower = Follower(namespaces, self.reader)
        self._sysctls = Sysctls(namespaces, keys)
        self._socket: socket.socket | None = None
        self._data = bytearray(RECEIVE)
        self._listed: dict[str, Netns] = {}
        self._unarmed: list[str] = []
        self._unread: list[str] = []
        self.overruns = 0
        """How often the kernel dropped events, because the socket's buffer was full."""
        share_run()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._events = select.epoll()
        self._events.register(self._wake, select.EPOLLIN)
        self._events.register(self._sysctls.fileno(), select.EPOLLIN)
        # A change of mounts is EPOLLPRI of mountinfo (proc_pid_mountinfo(5)), which is always EPOLLIN: hence its own epoll.
        self._mountinfo = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        self._mounts = select.epoll()
        self._mounts.register(self._mountinfo, select.EPOLLPRI)
        self._names = MountPoints(RUN)

    def start(self) -> None:
        """Report everything, and from then on every change."""
        self._open()
        self._mounts.poll(0)
        self._namespaces.scan()
        self._list()
        self._emit()

    def close(self) -> None:
        """Stop. The namespaces are not touched, and not closed."""
        self._close_socket()
        self._sysctls.close()
        self._events.close()
        self._mounts.close()
        os.close(self._mountinfo)
        self._names.close()
        os.close(self._wake)

    def readers(self) -> dict[int, Callable[[], None]]:
        """Descriptors to wait for (readable), each with the method to call then. Level-triggered, as asyncio's add_reader is."""
        return {self._events.fileno(): self.on_events, self._mounts.fileno(): self.on_mounts}

    def names(self) -> Iterable[str]:
        """The namespaces that were reported."""
        return self._follower.caches

    def facts_of(self, name: str) -> tuple[AnyFact, ...]:
        """All facts of a namespace that were reported and still hold; none where it was not reported."""
        cache = self._follower.caches.get(name)
        return (self._follower.named[name], *cache.facts()) if cache is not None else ()

    def snapshot(self) -> list[AnyFact]:
        """All facts that were reported and still hold."""
        return [fact for name in self.names() for fact in self.facts_of(name)]

    # ---- what happened -----------------------------------------------------------------------------------------------

    def on_events(self) -> None:
        """Read the events that are there, report what changed, then do a part of what can wait."""
        self._receive(_AT_ONCE)
        self._read_written()
        self._follower.catch_up()
        if self._socket is not None:
            self._do_later()
        self._emit()

    def on_mounts(self) -> None:
        """Something was mounted or unmounted: perhaps a namespace was added or removed."""
        self._mounts.poll(0)
        if self._socket is not None:
            self._scan()
            self._follower.catch_up()
            self._emit()

    def _receive(self, limit: int | None) -> None:
        """Read at most `limit` datagrams of events; where the kernel dropped some, read everything anew."""
        lost = False
        for _ in range(limit) if limit is not None else itertools.count():
            if self._socket is None:
                break
            try:
                size, ancillary, _, _ = self._socket.recvmsg_into([self._data], 64)
            except BlockingIOError:
                break
            except OSError as e:
                if e.errno != errno.ENOBUFS:
                    raise
                lost = True
                break
            self._decode(memoryview(self._data)[:size], self._namespaces.with_nsid(nsid_of(ancillary)))
        if lost:
            self.overruns += 1
            # What is still queued is older than what was dropped: taken after all was read anew, it would be shown for good.
            self._close_socket()
            self._open()
            self._scan()
            self._report_whole(list(self._namespaces))

    def _decode(self, data: memoryview, places: Sequence[Netns]) -> None:
        """One datagram of events that happened in a namespace, which is in the list once for each of its names."""
        if places:
            for kind, flags, _, body in split(bytes(data)):
                for netns in places:
                    self._follower.event(netns, kind, flags, body)

    def _scan(self) -> None:
        self._namespaces.scan()
        self._list()

    def _list(self) -> None:
        """Report the namespaces that were added to the list or removed from it since the last call."""
        now = {netns.name: netns for netns in self._namespaces}
        for name, netns in list(self._listed.items()):
            if now.get(name) is not netns:
                del self._listed[name]
                self._sysctls.forget(netns)
                self._follower.removed(name)
        added = [netns for name, netns in now.items() if name not in self._listed]
        self._report_whole(added)
        self._listed.update((netns.name, netns) for netns in added)  # only now: where reading failed they are added again
        self._unarmed += [netns.name for netns in added]
        if added:
            self._wake_up()

    def _report_whole(self, places: Sequence[Netns]) -> None:
        values = self._sysctls.read_later(places)
        self._follower.added(places)
        self._report_sysctls([fact for facts in values.result() for fact in facts])

    def _report_sysctls(self, facts: Iterable[SysctlFact]) -> None:
        for fact in facts:
            if cache := self._follower.caches.get(fact.ns):
                self._follower.out += cache.put(fact)

    def _read_written(self) -> None:
        """Read the sysctls of the namespaces in which one was written, as inotify or an event of netconf says."""
        names, self._follower.sysctls = self._follower.sysctls, set()
        names |= {netns.name for netns in self._sysctls.written()}
        places = self._present(names)
        if places:
            self._report_sysctls(self._sysctls.read(places))

    def _present(self, names: Iterable[str]) -> list[Netns]:
        """Those of these namespaces that were reported and are still in the list: only they have an open descriptor."""
        return [netns for name in dict.fromkeys(names) if (netns := self._namespaces.get(name)) and self._listed.get(name) is netns]

    def _wake_up(self) -> None:
        os.eventfd_write(self._wake, 1)

    def _do_later(self) -> None:
        """Read some of the namespaces that a bulk change did not touch, and begin to watch the sysctls of some new ones."""
        try:
            os.eventfd_read(self._wake)
        except BlockingIOError:
            return
        unread, self._unread = self._unread[:_LATER_AT_ONCE], self._unread[_LATER_AT_ONCE:]
        unarmed, self._unarmed = self._unarmed[:_LATER_AT_ONCE], self._unarmed[_LATER_AT_ONCE:]
        arm = self._present(unarmed)
        self._sysctls.arm(arm)
        self._report_sysctls(self._sysctls.read(arm))
        self._reread(unread)
        if self._unread or self._unarmed:
            self._wake_up()

    def _reread(self, names: Iterable[str]) -> None:
        """Read these namespaces in full, and report what is not as reported before."""
        places = self._present(names)
        values = self._sysctls.read_later(places)
        for netns in places:
            self._follower.reread(netns)
        self._report_sysctls([fact for facts in values.result() for fact in facts])
        self._follower.catch_up()

    def _emit(self) -> None:
        facts, self._follower.out = self._follower.out, []
        if facts:
            self._sink(facts)

    # ---- on demand --------------------------------------------------------------------------------------------------

    def barrier(self) -> None:
        """Report everything that the kernel acknowledged before. It queues an event before it acknowledges what caused it (nlmsg_notify),
        so what is in the socket now is all. Links whose operational state lags behind are brought up to date."""
        if self._socket is None:
            return
        if self._names.may_differ():
            self._scan()
        self._receive(None)
        self._read_written()
        self._follower.catch_up()
        self._follower.ready()
        self._follower.catch_up()
        self._emit()

    def pause(self) -> None:
        """Report nothing until `resume`."""
        self.barrier()
        self._close_socket()

    def resume(self, touched: Iterable[str]) -> None:
        """Report what changed since `pause`: at once for the touched namespaces, and for those that were added or removed."""
        if self._socket is None:
            self._open()
        known = set(self._listed)
        self._scan()
        touched = [name for name in touched if name in known]
        self._reread(touched)
        self._unread = [name for name in self._listed if name in known and name not in set(touched)]
        self._wake_up()
        self.barrier()

    def subscribe(self, names: Iterable[str]) -> None:
        """Report the learned neighbours and FDB entries of these namespaces, and withdraw those of all others."""
        self._follower.subscribe(set(names))
        self._emit()

    def refresh(self, names: Iterable[str]) -> None:
        """Read these namespaces again, and report what is not as reported before."""
        self._reread(names)
        self._emit()

    def poll(self) -> None:
        """Read again what changes without an event: the names in /run/netns, of which one may be a symbolic link and not a mount; the links
        of namespaces with an interface that is down and whose kind has attributes of its own, for the kernel sends no event when those are
        changed on an interface that is down (net/core/dev.c, netdev_state_change); proxy entries, where somebody looks (neigh_add())."""
        self._scan()
        silent = [name for name, cache in self._follower.caches.items() if any(n.kind in _SILENT for n in cache.down_links)]
        self._follower.reread_links(silent)
        self._follower.reread_proxies()
        self._follower.catch_up()
        self._emit()

    # ---- the socket --------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._socket = self._namespaces.visit(self._namespaces.watch, self._make_socket)
        self._events.register(self._socket, select.EPOLLIN)

    def _make_socket(self) -> socket.socket:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        grow(sock, self._size)
        sock.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
        sock.bind((0, 0))
        for group in _GROUPS:
            sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        try:
            sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, _BRVLAN)
        except OSError as e:
            if e.errno != errno.EINVAL:
                raise
        return sock

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._events.unregister(self._socket)
            self._socket.close()
            self._socket = None
