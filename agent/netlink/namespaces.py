"""Network namespaces: made, deleted and entered as ip-netns(8) does, and the list of those that are in /run/netns.

A socket belongs for ever to the namespace of the thread that opened it. So threads of their own go into a namespace, open a socket
there and come back; the rest of the process never leaves its own namespace, which is the lab's `host`.

One more namespace, the **watch namespace**, has no name: every namespace in the list has an nsid there (`Netns.nsid`), so that one
socket receives the events of all of them, and the nsids that a user sees and sets in `host` stay the user's.
"""

import itertools
import os
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from agent.linux import mounts as m
from agent.linux.namespaces import CLONE_NEWNET, THREAD_NETWORK, enter_network, is_network, open_own_network, unshare
from agent.netlink.wire import Batch, Channel, Refusal, as_s32, attribute_u32, attributes, ifinfo
from topology.model import ids
from topology.model.base import HOST
from topology.model.problems import ProblemError, unknown

RUN = "/run/netns"
RTM_NEWLINK, RTM_NEWNSID, RTM_DELNSID, RTM_GETNSID = 16, 88, 89, 90
NETNSA_NSID, NETNSA_FD, NETNSA_TARGET_NSID, NETNSA_CURRENT_NSID = 1, 3, 4, 5
GENERAL = bytes(4)
"""`struct rtgenmsg`, family AF_UNSPEC."""
_FIRST_NSID = 1 << 16
"""Above the ids that the kernel itself gives, from 0, to namespaces that it has to name in the watch namespace."""

T = TypeVar("T")


def unknown_namespace(name: str) -> ProblemError:
    """The refusal of ip(8) where a namespace is named that is not there."""
    return unknown(f'Cannot open network namespace "{name}": No such file or directory', ids.namespace(name))


class Netns:
    """A network namespace of the list. `inode` is that of nsfs, `nsid` its id in the watch namespace, `fd` a descriptor on it, `channel`
    a netlink socket in it."""

    __slots__ = ("channel", "fd", "inode", "name", "nsid")

    def __init__(self, name: str, fd: int, channel: Channel) -> None:
        self.name = name
        self.fd = fd
        self.channel = channel
        self.inode = os.fstat(fd).st_ino
        self.nsid = -1

    def close(self) -> None:
        """Close both descriptors. A namespace without a name then ends."""
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
        self._home = open_own_network()
        self._nsfs = os.fstat(self._home).st_dev
        self.host = Netns(HOST, os.dup(self._home), Channel())
        self._named: dict[str, Netns] = {}
        self._by_nsid: dict[int, list[Netns]] = {}
        # Never the same id twice: events of a deleted namespace may still wait in a socket when the next one is made.
        self._next_nsid = itertools.count(_FIRST_NSID)
        self.watch = self._unnamed()
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
        """None where there is none of that name."""
        return self.host if name == HOST else self._named.get(name)

    def __contains__(self, name: str) -> bool:
        return name == HOST or name in self._named

    def with_nsid(self, nsid: int) -> Sequence[Netns]:
        """Those with this id in the watch namespace: none, one, or more while one that got another name is still listed by its old one."""
        return self._by_nsid.get(nsid, ())

    # ---- visits ------------------------------------------------------------------------------------------------------

    def visit(self, netns: Netns, work: Callable[[], T]) -> T:
        """Call `work` on a thread that is in the namespace for that time."""
        return self.visit_all([netns], lambda _: work())[0]

    def visit_all(self, places: Sequence[Netns], work: Callable[[Netns], T]) -> list[T]:
        """Call `work` in each of the namespaces, one after the other on one thread."""
        return self.visit_all_later(places, work).result()

    def visit_all_later(self, places: Sequence[Netns], work: Callable[[Netns], T]) -> "Future[list[T]]":
        """`visit_all`, without waiting for its end."""
        return self._visitor.submit(self._tour, [(p.fd, p) for p in places], work)

    def _tour(self, places: list[tuple[int, Netns]], work: Callable[[Netns], T]) -> list[T]:
        out: list[T] = []
        try:
            for fd, netns in places:
                enter_network(fd)
                out.append(work(netns))
        finally:
            enter_network(self._home)  # a thread that stayed would keep a deleted namespace alive
        return out

    def _unshared(self, work: Callable[[], T]) -> T:
        """Call `work` in a new namespace."""
        unshare(CLONE_NEWNET)
        try:
            return work()
        finally:
            enter_network(self._home)

    def _unnamed(self) -> Netns:
        """A new namespace that lives as long as it is not closed."""
        return self._maker.submit(self._unshared, lambda: Netns("", open_own_network(), Channel())).result()

    @contextmanager
    def scratch(self) -> Iterator[Netns]:
        """A new namespace without a name, to try things in; gone afterwards."""
        netns = self._unnamed()
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
            m.bind(THREAD_NETWORK, path)
            return Netns(name, open_own_network(), Channel())

        try:
            return self._unshared(inside)
        except OSError:
            _remove(path)
            raise

    def delete(self, name: str) -> None:
        """`ip netns delete NAME`. ENOENT where there is none. The kernel deletes the interfaces in it some time later."""
        path = f"{RUN}/{name}"
        if not os.path.lexists(path):
            raise FileNotFoundError(2, os.strerror(2), path)
        _remove(path)
        if name in self._named:
            self._drop(self._named[name])

    # ---- what a shell did --------------------------------------------------------------------------------------------

    def scan(self) -> tuple[list[Netns], list[Netns]]:
        """Bring the list up to date with /run/netns: the namespaces that were added, and those that were removed (closed). A name that
        is another namespace now is in both."""
        found = self._found()
        removed = [netns for name, netns in self._named.items() if found.get(name) != netns.inode]
        for netns in removed:
            self._drop(netns)
        added = self._adopt([name for name in found if name not in self._named])
        self._give_nsids(added)
        return added, removed

    def _drop(self, netns: Netns) -> None:
        del self._named[netns.name]
        same = self._by_nsid[netns.nsid]
        same.remove(netns)
        if not same:
            del self._by_nsid[netns.nsid]
        netns.close()

    def _found(self) -> dict[str, int]:
        """The names that have a namespace, and its inode. Of several names of one namespace (a bind mount, a link) there is one: that by
        which it is known already, else one that is mounted, else the first. A name of `host` is none."""
        found: dict[int, tuple[bool, bool, str]] = {}
        try:
            entries = sorted(os.listdir(RUN))
        except FileNotFoundError:
            return {}
        for name in entries:
            try:
                status = os.stat(f"{RUN}/{name}")
            except OSError:
                continue
            if status.st_dev == self._nsfs and name != HOST:  # else: `ip netns add` has made the file, and not yet the mount
                known = self._named.get(name)
                rank = (known is None or known.inode != status.st_ino, os.path.islink(f"{RUN}/{name}"), name)
                found[status.st_ino] = min(found.get(status.st_ino, rank), rank)
        found.pop(self.host.inode, None)
        return {name: inode for inode, (_, _, name) in found.items()}

    def _adopt(self, names: Iterable[str]) -> list[Netns]:
        """Open namespaces that somebody else made."""
        opened: list[tuple[str, int]] = []
        for name in names:
            try:
                fd = os.open(f"{RUN}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue  # deleted again
            if os.fstat(fd).st_dev == self._nsfs and is_network(fd):
                opened.append((name, fd))
            else:
                os.close(fd)
        if not opened:
            return []
        channels = self._visitor.submit(self._channels, [fd for _, fd in opened]).result()
        adopted = [Netns(name, fd, channel) for (name, fd), channel in zip(opened, channels, strict=True)]
        self._named.update((netns.name, netns) for netns in adopted)
        return adopted

    def _channels(self, fds: list[int]) -> list[Channel]:
        try:
            out = []
            for fd in fds:
                enter_network(fd)
                out.append(Channel())
            return out
        finally:
            enter_network(self._home)

    # ---- ids ---------------------------------------------------------------------------------------------------------

    def _give_nsids(self, places: Sequence[Netns]) -> None:
        """Give each an id in the watch namespace, where it has none yet (EEXIST), and keep it in `Netns.nsid` and by id."""
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
                raise OSError(answer.errno, answer.message, netns.name)

    def ids_in(self, netns: Netns) -> dict[int, int]:
        """The nsids that are set in a namespace: id in the watch namespace → id there (`ip netns list-id`)."""
        target = attribute_u32(NETNSA_TARGET_NSID, netns.nsid)
        rows = [attributes(body, 4) for _, body in self.watch.channel.dump(RTM_GETNSID, GENERAL, target)]
        return {as_s32(row[NETNSA_CURRENT_NSID]): as_s32(row[NETNSA_NSID]) for row in rows if NETNSA_CURRENT_NSID in row}


def _remove(path: str) -> None:
    """Unmount and delete a file of /run/netns. One on which nothing is mounted (EINVAL) is deleted too."""
    with suppress(OSError):
        m.unmount(path, m.MNT_DETACH)
    os.unlink(path)


def share_run() -> None:
    """Make /run/netns a shared mount, as `ip netns add` does: what is unmounted here is then unmounted in copies of this mount namespace
    too, which otherwise would keep deleted namespaces alive."""
    Path(RUN).mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        m.mount("", RUN, flags=m.MS_SHARED | m.MS_REC)
    except OSError:
        m.mount(RUN, RUN, flags=m.MS_BIND | m.MS_REC)
        m.mount("", RUN, flags=m.MS_SHARED | m.MS_REC)
