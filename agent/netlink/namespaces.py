"""Network namespaces: made, deleted and entered as ip-netns(8) does, and the list of those that are in /run/netns.

A socket belongs for ever to the namespace of the thread that opened it. So threads of our own go into a namespace, open what is
wanted there and come back; the rest of the process never leaves its own, which is the lab's `host`.

One more namespace, the **watch namespace**, has no name: every namespace in the list has an nsid there (`Netns.nsid`), so that one
socket hears all of them, and the nsids that a user sees and sets in `host` stay the user's.
"""

import ctypes
import fcntl
import itertools
import os
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from agent.netlink.wire import Batch, Channel, Refusal, as_s32, attribute_u32, attributes, ifinfo
from topology.model.base import HOST

RUN = "/run/netns"
RTM_NEWLINK, RTM_NEWNSID, RTM_DELNSID, RTM_GETNSID = 16, 88, 89, 90
NETNSA_NSID, NETNSA_FD, NETNSA_TARGET_NSID, NETNSA_CURRENT_NSID = 1, 3, 4, 5
GENERAL = bytes(4)
"""`struct rtgenmsg`, family AF_UNSPEC."""
_FIRST_NSID = 1 << 16
"""Above the ids that the kernel itself gives, from 0, to namespaces that it has to name in the watch namespace."""
_CLONE_NEWNET = 0x40000000
_NS_GET_NSTYPE = 0xB703
_MS_BIND, _MS_REC, _MS_SHARED, _MNT_DETACH = 0x1000, 0x4000, 1 << 20, 2

_libc = ctypes.CDLL(None, use_errno=True)
T = TypeVar("T")


def _check(result: int, path: str | None = None) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)


def _mount(source: str, target: str, flags: int) -> None:
    _check(_libc.mount(source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None), target)


def _setns(fd: int) -> None:
    _check(_libc.setns(fd, _CLONE_NEWNET))


class Netns:
    """A network namespace of the list. `inode` is that of nsfs, `nsid` its id in the watch namespace, `fd` an open file of it."""

    __slots__ = ("channel", "fd", "inode", "name", "nsid")

    def __init__(self, name: str, fd: int, channel: Channel) -> None:
        self.name = name
        self.fd = fd
        self.channel = channel
        self.inode = os.fstat(fd).st_ino
        self.nsid = -1

    def close(self) -> None:
        self.channel.close()
        os.close(self.fd)

    def __repr__(self) -> str:
        return f"<Netns {self.name} inode {self.inode} nsid {self.nsid}>"


class Namespaces:
    """The namespaces of this process' /run/netns, and `host`, its own. `with` or `close` gives everything back.

    `scan` brings the list up to date with what a shell did; `create` and `delete` do at once. Errors are OSError with the
    kernel's errno and the path.
    """

    def __init__(self) -> None:
        # Made here and not at import: the lab process is forked, and threads do not survive that.
        self._visitor = ThreadPoolExecutor(1, "netns-visit")
        self._maker = ThreadPoolExecutor(1, "netns-make")
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._nsfs = os.fstat(self._home).st_dev
        self.host = Netns(HOST, os.dup(self._home), Channel())
        self._named: dict[str, Netns] = {}
        self._by_nsid: dict[int, list[Netns]] = {}
        # Never the same id twice: events of a deleted namespace may still wait in a socket when the next one is made.
        self._next_nsid = itertools.count(_FIRST_NSID)
        self.watch = self._maker.submit(self._unshared, lambda: Netns("", _own_fd(), Channel())).result()
        up = Batch()
        up.begin(RTM_NEWLINK, 0, ifinfo(1, flags=1, change=1))
        up.end()
        self.watch.channel.do(up)
        self._give_nsids([self.host])

    def __enter__(self) -> "Namespaces":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all descriptors. The namespaces with a name stay."""
        for netns in (*self, self.watch):
            netns.close()
        self._named.clear()
        self._visitor.shutdown()
        self._maker.shutdown()
        os.close(self._home)

    def __iter__(self) -> Iterator[Netns]:
        """`host`, then the others in the order in which they came."""
        return iter([self.host, *self._named.values()])

    def __getitem__(self, name: str) -> Netns:
        """KeyError where there is none of that name."""
        return self.host if name == HOST else self._named[name]

    def get(self, name: str) -> Netns | None:
        return self.host if name == HOST else self._named.get(name)

    def __contains__(self, name: str) -> bool:
        return name == HOST or name in self._named

    def with_nsid(self, nsid: int) -> Sequence[Netns]:
        """Those with this id in the watch namespace: none, one, or more where a namespace has more than one name."""
        return self._by_nsid.get(nsid, ())

    # ---- going there -------------------------------------------------------------------------------------------------

    def visit(self, netns: Netns, work: Callable[[], T]) -> T:
        """Call `work` on a thread that is in the namespace for that time."""
        return self.visit_all([netns], lambda _: work())[0]

    def visit_all(self, places: Sequence[Netns], work: Callable[[Netns], T]) -> list[T]:
        """Call `work` in each of the namespaces, one after the other on one thread."""
        return self.begin_visits(places, work).result()

    def begin_visits(self, places: Sequence[Netns], work: Callable[[Netns], T]) -> "Future[list[T]]":
        """`visit_all`, without waiting for it."""
        return self._visitor.submit(self._tour, [(p.fd, p) for p in places], work)

    def _tour(self, places: list[tuple[int, Netns]], work: Callable[[Netns], T]) -> list[T]:
        out: list[T] = []
        try:
            for fd, netns in places:
                _setns(fd)
                out.append(work(netns))
        finally:
            _setns(self._home)  # a thread that stayed would keep a deleted namespace alive
        return out

    def _unshared(self, work: Callable[[], T]) -> T:
        """Call `work` in a new namespace."""
        _check(_libc.unshare(_CLONE_NEWNET))
        try:
            return work()
        finally:
            _setns(self._home)

    @contextmanager
    def scratch(self) -> Iterator[Netns]:
        """A new namespace without a name, to try things in; gone afterwards."""
        netns = self._maker.submit(self._unshared, lambda: Netns("", _own_fd(), Channel())).result()
        try:
            yield netns
        finally:
            netns.close()

    # ---- making and deleting -----------------------------------------------------------------------------------------

    def create(self, name: str) -> Netns:
        """`ip netns add NAME`. EEXIST where the name is taken."""
        return next(self.create_many([name]))

    def create_many(self, names: Sequence[str]) -> Iterator[Netns]:
        """`ip netns add` for each; they come as they are made, by a thread that goes on meanwhile.

        Raises OSError at the first that cannot be made; the ones before it stay. A caller that stops early leaves the thread
        making the rest, which the next `scan` finds.
        """
        share_run()
        made: queue.SimpleQueue[Netns | OSError] = queue.SimpleQueue()
        self._maker.submit(self._make, list(names), made)
        for _ in names:
            netns = made.get()
            if isinstance(netns, OSError):
                raise netns
            self._named[netns.name] = netns
            self._give_nsids([netns])
            yield netns

    def _make(self, names: list[str], made: "queue.SimpleQueue[Netns | OSError]") -> None:
        for name in names:
            try:
                made.put(self._make_one(name))
            except OSError as e:
                made.put(e)
                return

    def _make_one(self, name: str) -> Netns:
        path = f"{RUN}/{name}"
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))

        def inside() -> Netns:
            _mount("/proc/thread-self/ns/net", path, _MS_BIND)
            return Netns(name, _own_fd(), Channel())

        try:
            return self._unshared(inside)
        except OSError:
            _libc.umount2(path.encode(), _MNT_DETACH)
            os.unlink(path)
            raise

    def delete(self, name: str) -> None:
        """`ip netns delete NAME`. ENOENT where there is none. What is inside dies when the kernel gets to it."""
        path = f"{RUN}/{name}"
        if not os.path.lexists(path):
            raise FileNotFoundError(2, os.strerror(2), path)
        _libc.umount2(path.encode(), _MNT_DETACH)  # EINVAL: nothing mounted there, the file still goes
        os.unlink(path)
        if name in self._named:
            self._drop(self._named[name])

    # ---- what a shell did --------------------------------------------------------------------------------------------

    def scan(self) -> tuple[list[Netns], list[Netns]]:
        """Bring the list up to date with /run/netns: what came, what went (closed). A name that is another namespace now is in both."""
        found = self._found()
        gone = [netns for name, netns in self._named.items() if found.get(name) != netns.inode]
        for netns in gone:
            self._drop(netns)
        came = self._adopt([name for name in found if name not in self._named])
        self._give_nsids(came)
        return came, gone

    def _drop(self, netns: Netns) -> None:
        del self._named[netns.name]
        same = self._by_nsid[netns.nsid]
        same.remove(netns)
        if not same:
            del self._by_nsid[netns.nsid]
        netns.close()

    def _found(self) -> dict[str, int]:
        """Names that are mounted, and the inodes."""
        found: dict[str, int] = {}
        try:
            entries = sorted(os.listdir(RUN))
        except FileNotFoundError:
            return found
        for name in entries:
            try:
                status = os.stat(f"{RUN}/{name}")
            except OSError:
                continue
            if status.st_dev == self._nsfs and name != HOST:  # else: `ip netns add` has made the file, and not yet the mount
                found[name] = status.st_ino
        return found

    def _adopt(self, names: Iterable[str]) -> list[Netns]:
        """Open namespaces that somebody else made."""
        opened: list[tuple[str, int]] = []
        for name in names:
            try:
                fd = os.open(f"{RUN}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue  # gone again
            if os.fstat(fd).st_dev == self._nsfs and fcntl.ioctl(fd, _NS_GET_NSTYPE) == _CLONE_NEWNET:
                opened.append((name, fd))
            else:
                os.close(fd)
        if not opened:
            return []
        channels = self._visitor.submit(self._channels, [fd for _, fd in opened]).result()
        came = [Netns(name, fd, channel) for (name, fd), channel in zip(opened, channels, strict=True)]
        self._named.update((netns.name, netns) for netns in came)
        return came

    def _channels(self, fds: list[int]) -> list[Channel]:
        try:
            out = []
            for fd in fds:
                _setns(fd)
                out.append(Channel())
            return out
        finally:
            _setns(self._home)

    # ---- ids ---------------------------------------------------------------------------------------------------------

    def _give_nsids(self, places: Sequence[Netns]) -> None:
        """Give each an id in the watch namespace, where it has none (EEXIST), and note it."""
        if not places:
            return
        batch = Batch()
        for netns in places:
            batch.begin(RTM_NEWNSID, 0, GENERAL)
            batch.u32(NETNSA_FD, netns.fd)
            batch.s32(NETNSA_NSID, next(self._next_nsid))
            batch.end()
            batch.begin(RTM_GETNSID, 0, GENERAL)
            batch.u32(NETNSA_FD, netns.fd)
            batch.end()
        answers = self.watch.channel.ask(batch)[1::2]
        for netns, answer in zip(places, answers, strict=True):
            if isinstance(answer, bytes):
                netns.nsid = as_s32(attributes(answer, 4)[NETNSA_NSID])
                self._by_nsid.setdefault(netns.nsid, []).append(netns)
            elif isinstance(answer, Refusal):
                raise OSError(answer.errno, answer.words, netns.name)

    def ids_in(self, netns: Netns) -> dict[int, int]:
        """The nsids that are set in a namespace: id in the watch namespace → id there (`ip netns list-id`)."""
        target = attribute_u32(NETNSA_TARGET_NSID, netns.nsid)
        rows = [attributes(body, 4) for _, body in self.watch.channel.dump(RTM_GETNSID, GENERAL, target)]
        return {as_s32(row[NETNSA_CURRENT_NSID]): as_s32(row[NETNSA_NSID]) for row in rows if NETNSA_CURRENT_NSID in row}


def _own_fd() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def share_run() -> None:
    """Make /run/netns as `ip netns add` does: a mount that shares with copies of this mount namespace, so that a namespace deleted
    here is deleted there."""
    Path(RUN).mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        _mount("", RUN, _MS_SHARED | _MS_REC)
    except OSError:
        _mount(RUN, RUN, _MS_BIND | _MS_REC)
        _mount("", RUN, _MS_SHARED | _MS_REC)
