"""Two ways to the kernel's packet filter, one protocol: *legacy* (ip_tables) and *nft* (nf_tables), each by its own iptables."""

import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from sys import maxsize
from typing import Protocol

from agent.filter import legacy_tables, nft_tables
from agent.filter.pieces import pieces
from agent.filter.programs import WAIT_SECONDS, Ended, run
from agent.netlink.namespaces import Namespaces, Netns
from topology.model import netfilter
from topology.model.netfilter import Family, Table

Key = tuple[Family, Table]
_PROGRAM: dict[Family, str] = {"ipv4": "iptables", "ipv6": "ip6tables"}
_PIECE = 400
"""Lines of a transaction of nf_tables that are tried first: plain rules fit, and each transaction more has iptables read all rules anew."""
_TOO_LONG = "Message too long"
"""EMSGSIZE: nothing of the transaction was sent."""


class FilterDriver(Protocol):
    """What a driver can do. Nothing of it makes the kernel have a table that it does not have."""

    name: netfilter.Driver
    at_once: int
    """Lines up to which a table is changed whole or not at all; of more, those before the refused one stay."""

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:
        """Of each namespace the tables that the kernel has, each with a stamp of its rules: another one, other rules. None: not known,
        or (`stamped`) not asked for."""

    def foreign(self, place: Netns) -> tuple[str, ...]:
        """What else filters packets there, in words."""

    def save(self, place: Netns, family: Family, counters: bool, table: Table | None = None) -> Ended:
        """iptables-save, of a table or of all that are present."""

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        """iptables-restore; `test`: change nothing; `flush`: what the text does not say of its tables goes."""

    def iptables(self, place: Netns, family: Family, argv: list[str]) -> Ended:
        """One iptables command."""


class _Programs:
    """What both have in common: their programs differ by a word in their names."""

    name: netfilter.Driver
    at_once = maxsize

    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces

    def save(self, place: Netns, family: Family, counters: bool, table: Table | None = None) -> Ended:
        argv = [f"{_PROGRAM[family]}-{self.name}-save", *(["-c"] if counters else []), *(["-t", table] if table else [])]
        return run(self.namespaces, place, argv)

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        flags = [*(["--test"] if test else []), *([] if flush else ["--noflush"])]
        return run(self.namespaces, place, [f"{_PROGRAM[family]}-{self.name}-restore", f"--wait={WAIT_SECONDS}", *flags], text)

    def iptables(self, place: Netns, family: Family, argv: list[str]) -> Ended:
        return run(self.namespaces, place, [f"{_PROGRAM[family]}-{self.name}", f"--wait={WAIT_SECONDS}", *argv])


class Legacy(_Programs):
    """ip_tables. It has no events, but each of its commands takes /run/xtables.lock."""

    name: netfilter.Driver = "legacy"

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:
        if stamped:
            return self.namespaces.visit_all(list(places), legacy_tables.stamps)
        return self.namespaces.visit_all(list(places), lambda _: dict.fromkeys(legacy_tables.names()))

    def foreign(self, place: Netns) -> tuple[str, ...]:
        found = self.namespaces.visit(place, nft_tables.tables)
        ours = [("ip" if family == "ipv4" else "ip6", table) for family, table in nft_tables.iptables(found)]
        return tuple(f"nft table {family} {name}" for family, name in (*ours, *nft_tables.others(found)))


class Nft(_Programs):
    """nf_tables, with iptables-nft. Its changes come as events, so that no stamp is needed.

    A transaction is one message, and in a user namespace no socket gets a larger buffer for it than any other has (some 500 rules;
    SO_SNDBUFFORCE wants CAP_NET_ADMIN of the machine): what is longer is done in several."""

    name: netfilter.Driver = "nft"
    at_once = 256

    def restore(self, place: Netns, family: Family, text: str, *, test: bool = False, flush: bool = False) -> Ended:
        if test:  # sends nothing, and each line may need the one before
            return super().restore(place, family, text, test=True, flush=flush)
        return self._in_pieces(place, family, text, flush, _PIECE)

    def _in_pieces(self, place: Netns, family: Family, text: str, flush: bool, most: int) -> Ended:
        ended = Ended(0, "", "")
        for piece in pieces(text, most):
            flushed = flush and piece.begins
            ended = super().restore(place, family, piece.text, flush=flushed)
            if _TOO_LONG in ended.err and most > 1:
                ended = self._in_pieces(place, family, piece.text, flushed, most // 2)
            if ended.code != 0:
                break
        return ended

    def present(self, places: Iterable[Netns], stamped: bool = True) -> list[dict[Key, bytes | None]]:  # noqa: ARG002  # nftables has no stamps
        return self.namespaces.visit_all(list(places), lambda _: dict.fromkeys(nft_tables.iptables(nft_tables.tables())))

    def foreign(self, place: Netns) -> tuple[str, ...]:
        def look() -> tuple[str, ...]:
            legacy = [f"iptables-legacy table {table} ({family})" for family, table in legacy_tables.names()]
            return (*(f"nft table {family} {name}" for family, name in nft_tables.others(nft_tables.tables())), *legacy)

        return self.namespaces.visit(place, look)


def driver(name: netfilter.Driver, namespaces: Namespaces) -> FilterDriver:
    """The driver of this name."""
    return Legacy(namespaces) if name == "legacy" else Nft(namespaces)


@cache
def default() -> netfilter.Driver:
    """Legacy where the kernel has it, else nft. It is tried, once, in a namespace that is thrown away."""
    return "legacy" if works("legacy") else "nft"


def works(name: netfilter.Driver) -> bool:
    """Whether this machine has the programs, and its kernel the tables."""
    program = shutil.which(f"iptables-{name}", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None or shutil.which("unshare") is None:
        return False
    argv = ["unshare", "--user", "--map-root-user", "--net", program, "-S"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XTABLES_LOCKFILE": "/dev/null"}
    return subprocess.run(argv, capture_output=True, env=environment, timeout=20).returncode == 0
