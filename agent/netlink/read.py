"""One namespace read in full: dumps, decoded to facts.

Links are asked for through the watch namespace (IFLA_TARGET_NETNSID): then the kernel gives the namespace of a peer or a lower device as an
nsid of the watch namespace (net/core/rtnetlink.c, rtnl_fill_link_netnsid), which every namespace of the list has. Everything else is asked
for through the namespace's own socket.
"""

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

from agent.linux import pids
from agent.netlink import decode, decode_ip, sockets, words
from agent.netlink.fact_cache import SETTLED, CachedFact
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.wire import Batch, NetlinkError, attribute_u32, ifaddr, ifinfo, ndmsg, rtmsg
from topology.observe.facts import (
    CountersFact,
    IngressFact,
    LinkFact,
    PolicyRulesFact,
    Process,
    ProcessesFact,
    ProxiesFact,
    RouteFact,
    VlansFact,
)
from topology.observe.policy import is_default

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Reader:
    """Reads namespaces of the list. Errors are `NetlinkError`; a namespace that is deleted meanwhile is read as it was."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    def name_of(self, nsid: int) -> str:
        """The name of the namespace with this nsid in the watch namespace; `?` where it has none."""
        found = self._namespaces.with_nsid(nsid)
        return found[0].name if found else "?"

    def whole(self, netns: Netns, *, dynamic: bool) -> list[CachedFact]:
        """Links, VLANs of ports, addresses, routes, neighbours, FDB. `dynamic`: also neighbours and FDB entries that the kernel learned."""
        facts: list[CachedFact] = []
        links = self.links(netns)
        facts += links
        if any(link.port for link in links):
            facts += self.vlans(netns)
        facts += [decode_ip.address(netns.name, body) for _, body in netns.channel.dump(decode_ip.RTM_GETADDR, ifaddr(0))]
        facts += self.routes(netns)
        facts += self.policy_rules(netns)
        facts += self.proxies(netns)
        facts += self.ingress(netns)
        facts += self.neighbours(netns, dynamic=dynamic)
        return facts

    def links(self, netns: Netns) -> list[LinkFact]:
        """All links. Those with a carrier that the kernel does not yet show as up are asked for once more, each by itself (see
        `some_links`)."""
        bodies = self._namespaces.watch.channel.dump(decode.RTM_GETLINK, ifinfo(), _link_attributes(netns))
        links = [decode.link(netns.name, body, self.name_of) for _, body in bodies]
        late = {n.index for n in links if n.up and n.carrier and n.operstate not in SETTLED}
        if not late:
            return links
        fresh = {n.index: n for n in self.some_links([(netns, index) for index in late])}
        return [fresh.get(n.index, n) for n in links]

    def some_links(self, wanted: Sequence[tuple[Netns, int]]) -> list[LinkFact]:
        """The links with these ifindexes, without those that are not there. Asked for one by one, the kernel first brings operstate up to
        date (linkwatch_sync_dev); in a dump it does not."""
        batch = Batch()
        for netns, index in wanted:
            batch.begin(decode.RTM_GETLINK, 0, ifinfo(index))
            batch.buffer += _link_attributes(netns)
            batch.end()
        answers = self._namespaces.watch.channel.ask(batch)
        return [
            decode.link(netns.name, body, self.name_of) for (netns, _), body in zip(wanted, answers, strict=True) if isinstance(body, bytes)
        ]

    def vlans(self, netns: Netns) -> list[VlansFact]:
        """The VLANs of every bridge port."""
        mask = attribute_u32(decode.IFLA_EXT_MASK, decode.RTEXT_FILTER_BRVLAN)
        bodies = netns.channel.dump(decode.RTM_GETLINK, ifinfo(family=decode.AF_BRIDGE), mask)
        found = [decode.vlans(netns.name, body) for _, body in bodies]
        return [fact for fact in found if fact is not None]

    def routes(self, netns: Netns) -> list[RouteFact]:
        """All routes, IPv4 and IPv6, without table local."""
        return _routes(netns.name, netns.channel.dump(decode_ip.RTM_GETROUTE, rtmsg(0)))

    def policy_rules(self, netns: Netns) -> list[PolicyRulesFact]:
        """The rules of `ip rule`, IPv4 and IPv6; nothing where they are what a namespace begins with, or the kernel knows no rules (it was
        built without CONFIG_IP_MULTIPLE_TABLES)."""
        bodies = _dump_if_known(netns, decode_ip.RTM_GETRULE, rtmsg(0))
        rows = [rule for _, body in bodies if (rule := decode_ip.policy_rule(body)) is not None]
        return [] if is_default(rows) else [PolicyRulesFact(ns=netns.name, rows=tuple(rows))]

    def proxies(self, netns: Netns) -> list[ProxiesFact]:
        """The addresses that it answers for, IPv4 and IPv6; nothing where there are none."""
        bodies = netns.channel.dump(decode_ip.RTM_GETNEIGH, ndmsg(0, flags=decode_ip.NTF_PROXY))
        rows = tuple(row for _, body in bodies if (row := decode_ip.proxied(body)) is not None)
        return [ProxiesFact(ns=netns.name, rows=rows)] if rows else []

    def ingress(self, netns: Netns) -> list[IngressFact]:
        """The interfaces with a qdisc for what comes in; nothing where there are none, or the kernel knows no qdiscs (CONFIG_NET_SCHED)."""
        bodies = _dump_if_known(netns, decode.RTM_GETQDISC, bytes(20))
        rows = dict(row for _, body in bodies if (row := decode.ingress(body)) is not None)
        return [IngressFact(ns=netns.name, rows=rows)] if rows else []

    def neighbours(self, netns: Netns, *, dynamic: bool) -> list[CachedFact]:
        """ARP and ND cache, and FDB entries; the learned ones only if `dynamic`."""
        arp = netns.channel.dump(decode_ip.RTM_GETNEIGH, ndmsg(0))
        macs = netns.channel.dump(decode_ip.RTM_GETNEIGH, ndmsg(decode.AF_BRIDGE))
        return [*_neighbours(netns.name, arp, dynamic), *_fdb(netns.name, macs, dynamic)]

    def counters(self, netns: Netns) -> CountersFact:
        """Counters of all links of the namespace."""
        bodies = netns.channel.dump(decode.RTM_GETLINK, ifinfo())
        return CountersFact(ns=netns.name, at=time.monotonic(), rows=dict(decode.counters(body) for _, body in bodies))

    def processes(self, netns: Netns) -> ProcessesFact:
        """The processes in the namespace, by pid, as `ip netns pids` finds them, and its listening sockets."""
        found = (_process(pid, netns.inode) for pid in pids.every())
        rows = tuple(sorted((row for row in found if row), key=lambda row: row.pid))
        waiting = self._namespaces.visit(netns, sockets.here)
        return ProcessesFact(ns=netns.name, rows=rows, sockets=sockets.owned(waiting, (row.pid for row in rows)))


def _link_attributes(netns: Netns) -> bytes:
    return attribute_u32(decode.IFLA_EXT_MASK, decode.RTEXT_FILTER_SKIP_STATS) + attribute_u32(decode.IFLA_TARGET_NETNSID, netns.nsid)


def _dump_if_known(netns: Netns, kind: int, head: bytes) -> list[tuple[int, bytes]]:
    """What the dump lists; nothing where the kernel was built without what it asks for."""
    try:
        return netns.channel.dump(kind, head)
    except NetlinkError as e:
        if e.errno != errno.EOPNOTSUPP:
            raise
        return []


def _routes(ns: str, messages: list[tuple[int, bytes]]) -> list[RouteFact]:
    found = (decode_ip.route(ns, body) for _, body in messages)
    return [fact for fact in found if fact is not None]


def _neighbours(ns: str, messages: list[tuple[int, bytes]], dynamic: bool) -> list[CachedFact]:
    facts: list[CachedFact] = []
    for _, body in messages:
        family, state = decode_ip.neighbour_head(body)
        if family != decode.AF_BRIDGE and wanted(state, dynamic) and (fact := decode_ip.neighbour(ns, body)):
            facts.append(fact)
    return facts


def wanted(state: int, dynamic: bool) -> bool:
    """Whether an entry of the ARP or ND cache is reported: a permanent one, and if `dynamic` any that `ip neighbour` lists. `state`:
    NUD_*."""
    return bool(state & words.NUD_PERMANENT) or (dynamic and state != words.NUD_NONE and not state & words.NUD_NOARP)


def _fdb(ns: str, messages: list[tuple[int, bytes]], dynamic: bool) -> list[CachedFact]:
    found = (decode_ip.fdb(ns, body) for _, body in messages)
    return [fact for fact in found if fact is not None and (dynamic or fact.state != "dynamic")]


def _process(pid: int, inode: int) -> Process | None:
    """The process, if it is in the network namespace `inode`; None also when it ended meanwhile."""
    folder = Path("/proc", str(pid))
    try:
        if os.stat(f"/proc/{pid}/ns/net").st_ino != inode:
            return None
        memory = int((folder / "statm").read_text().split()[1]) * _PAGE
        name = pids.command_line(pid) or f"[{(folder / 'comm').read_text().strip()}]"
        return Process(pid=pid, command=name, user=folder.stat().st_uid, memory=memory)
    except OSError:
        return None
