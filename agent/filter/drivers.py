"""The two packet filters of the kernel, *legacy* (ip_tables) and *nft* (nf_tables), each used by its own iptables programs."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from sys import maxsize
from typing import Protocol

from agent.filter import legacy_tables, lock, nft_tables
from agent.filter.generation import generation, overtaken, run_on
from agent.filter.pieces import by_table, pieces
from agent.filter.programs import OVERTAKEN, WAIT_SECONDS, Ended, run
from agent.linux.supervised import UnsupportedError
from agent.netlink.namespaces import Namespaces, Netns
from topology.model import netfilter
from topology.model.netfilter import Family, Table
from topology.model.problems import Code, Problem, ProblemError

Key = tuple[Family, Table]
_PROGRAM: dict[Family, str] = {"ipv4": "iptables", "ipv6": "ip6tables"}
_PIECE = 400
"""Lines of a transaction of nf_tables at first: so many plain rules fit. Not fewer, because iptables reads all rules anew for each
transaction."""
_TOO_LONG = "Message too long"
"""EMSGSIZE in iptables' words: nothing of the transaction was done."""


class FilterDriver(Protocol):
    """What both drivers can do. None of it makes the kernel create a table, but for `restore` and `iptables`."""

    name: netfilter.Driver
    at_once: int
    """So many lines of a table are done all or not at all; of more lines, those before the refused one are done."""

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:
        """For each namespace the tables that the kernel has, each with a stamp, which changes when its rules do. None: not known, or not
        asked for (`stamped` False)."""

    def foreign(self, place: Netns) -> tuple[str, ...]:
        """What filters packets there besides this driver's tables, in words for people."""

    def save(self, place: Netns, family: Family, counters: bool, table: Table | None = None) -> Ended:
        """iptables-save, of one table or of all that are present. Raises ProblemError (UNAVAILABLE) where it does not come to its end."""

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        """iptables-restore. `test`: change nothing; `flush`: rules and chains that the text does not have are removed from its tables."""

    def iptables(self, place: Netns, family: Family, argv: list[str]) -> Ended:
        """One iptables command with these arguments. Raises as `save`."""

    def alone(self, place: Netns) -> contextlib.AbstractContextManager[bool]:
        """While it lasts `restore` works on the rules that `save` shows, in this namespace. False: another program prevents that; where one
        was faster, `restore` ends with OVERTAKEN."""


class _Programs:
    """What both have in common: the names of their programs differ in one word."""

    name: netfilter.Driver
    at_once = maxsize

    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self._is_locked = False

    def save(self, place: Netns, family: Family, counters: bool, table: Table | None = None) -> Ended:
        """See `FilterDriver`."""
        argv = [f"{_PROGRAM[family]}-{self.name}-save", *(["-c"] if counters else []), *(["-t", table] if table else [])]
        return _whole(run(self.namespaces, place, argv))

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        """See `FilterDriver`."""
        return run(self.namespaces, place, self.restoring(family, test=test, flush=flush), text, self._is_locked)

    def restoring(self, family: Family, *, test: bool = False, flush: bool = False) -> list[str]:
        """The command of `restore`."""
        flags = [*(["--test"] if test else []), *([] if flush else ["--noflush"])]
        return [f"{_PROGRAM[family]}-{self.name}-restore", f"--wait={WAIT_SECONDS}", *flags]

    def iptables(self, place: Netns, family: Family, argv: list[str]) -> Ended:
        """See `FilterDriver`."""
        argv = [f"{_PROGRAM[family]}-{self.name}", f"--wait={WAIT_SECONDS}", *argv]
        return _whole(run(self.namespaces, place, argv, "", self._is_locked))


def _whole(ended: Ended) -> Ended:
    """What a program that was not started, was killed or took too long has written says nothing: raises ProblemError then."""
    if ended.is_cut_off:
        raise ProblemError(Problem(code=Code.UNAVAILABLE, message=ended.err, hint="it is tried again"))
    return ended


class Legacy(_Programs):
    """ip_tables. It has no events, but each of its commands takes /run/xtables.lock."""

    name: netfilter.Driver = "legacy"

    @contextlib.contextmanager
    def alone(self, place: Netns) -> Iterator[bool]:  # noqa: ARG002  # the lock is of the lab
        """See `FilterDriver`. Nobody is faster: others wait."""
        with lock.held(WAIT_SECONDS) as got:
            self._is_locked = got
            try:
                yield got
            finally:
                self._is_locked = False

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:
        """See `FilterDriver`."""
        if stamped:
            return self.namespaces.visit_all(list(places), legacy_tables.stamps)
        return self.namespaces.visit_all(list(places), lambda _: dict.fromkeys(legacy_tables.names()))

    def foreign(self, place: Netns) -> tuple[str, ...]:
        """See `FilterDriver`."""
        found = self.namespaces.visit(place, nft_tables.tables)
        ours = [("ip" if family == "ipv4" else "ip6", table) for family, table in nft_tables.iptables(found)]
        return tuple(f"nft table {family} {name}" for family, name in (*ours, *nft_tables.others(found)))


class Nft(_Programs):
    """nf_tables, with iptables-nft. The kernel sends events of its changes, so no stamp is needed.

    A transaction is one message. In a user namespace no socket can get a larger buffer for it (some 500 rules fit; SO_SNDBUFFORCE needs
    CAP_NET_ADMIN of the machine): what is longer is done in several transactions.
    """

    name: netfilter.Driver = "nft"
    at_once = 256

    def __init__(self, namespaces: Namespaces) -> None:
        super().__init__(namespaces)
        self._alone: tuple[Netns, int] | None = None
        """The namespace that is looked at `alone`, and after which transaction the next one there has to come."""

    @contextlib.contextmanager
    def alone(self, place: Netns) -> Iterator[bool]:
        """See `FilterDriver`. A kernel before 5.5 cannot be asked: a few milliseconds remain there between the look and the change."""
        now = self.namespaces.visit(place, generation)
        self._alone = (place, now) if now is not None else None
        try:
            yield True
        finally:
            self._alone = None

    def _once(self, place: Netns, family: Family, text: str, flush: bool) -> Ended:
        """A transaction for each table."""
        if self._alone is None or self._alone[0] is not place:
            return super().restore(place, family, text, flush=flush)
        ended = Ended(0, "", "")
        for table in by_table(text):
            ended = self._on_what_was_seen(place, family, table, flush)
            if ended.code != 0:
                break
        return ended

    def _on_what_was_seen(self, place: Netns, family: Family, text: str, flush: bool) -> Ended:
        """One transaction, which follows those that were seen."""
        assert self._alone is not None
        try:
            ended, last = run_on(place, self.restoring(family, flush=flush), text, self._alone[1])
        except UnsupportedError:
            return super().restore(place, family, text, flush=flush)
        self._alone = (place, last)
        if ended.code not in (0, OVERTAKEN) and self.namespaces.visit(place, generation) != last:
            return overtaken()  # it may be refused because of that: by a number that is too big
        return ended

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        """See `FilterDriver`."""
        if test:  # nothing is sent; and in pieces a line would lack the chain that an earlier one makes
            return super().restore(place, family, text, test=True, flush=flush)
        return self._in_pieces(place, family, text, flush, _PIECE)

    def _in_pieces(self, place: Netns, family: Family, text: str, flush: bool, most: int) -> Ended:
        """Transactions of at most `most` lines, and of half as many where that is too long."""
        ended = Ended(0, "", "")
        for piece in pieces(text, most):
            flushed = flush and piece.begins
            ended = self._once(place, family, piece.text, flushed)
            if _TOO_LONG in ended.err and most > 1:
                ended = self._in_pieces(place, family, piece.text, flushed, most // 2)
            if ended.code != 0:
                break
        return ended

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:  # noqa: ARG002  # nftables has no stamps
        """See `FilterDriver`."""
        return self.namespaces.visit_all(list(places), lambda _: dict.fromkeys(nft_tables.iptables(nft_tables.tables())))

    def foreign(self, place: Netns) -> tuple[str, ...]:
        """See `FilterDriver`."""

        def found() -> tuple[str, ...]:
            legacy = [f"iptables-legacy table {table} ({family})" for family, table in legacy_tables.names()]
            return (*(f"nft table {family} {name}" for family, name in nft_tables.others(nft_tables.tables())), *legacy)

        return self.namespaces.visit(place, found)


def driver(name: netfilter.Driver, namespaces: Namespaces) -> FilterDriver:
    """The driver of this name."""
    return Legacy(namespaces) if name == "legacy" else Nft(namespaces)


@cache
def default() -> netfilter.Driver:
    """Legacy where it works, else nft. Tried once."""
    return "legacy" if works("legacy") else "nft"


def works(name: netfilter.Driver) -> bool:
    """Whether this machine has the programs, and its kernel the tables: tried in namespaces of its own."""
    program = shutil.which(f"iptables-{name}", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None or shutil.which("unshare") is None:
        return False
    argv = ["unshare", "--user", "--map-root-user", "--net", program, "-S"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XTABLES_LOCKFILE": "/dev/null"}
    return subprocess.run(argv, capture_output=True, env=environment, timeout=20).returncode == 0
