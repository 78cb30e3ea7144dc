"""What `ip -j` and `bridge -j` show of a namespace, to compare with the facts of a watch. It shares no code with either."""

import json
import subprocess
from typing import Any

from agent.netlink.namespaces import Namespaces
from agent.netlink.watch import Watch
from topology.observe.facts import (
    AddressFact,
    AddressGone,
    AnyFact,
    FdbFact,
    FdbGone,
    IngressFact,
    LinkFact,
    LinkGone,
    NamespaceFact,
    NamespaceGone,
    NeighbourFact,
    NeighbourGone,
    PolicyRulesFact,
    ProxiesFact,
    Resync,
    RouteFact,
    RouteGone,
    SysctlFact,
    VlansFact,
)

Rows = set[tuple[Any, ...]]
_IDENTITY: dict[type, tuple[str, ...]] = {
    NamespaceFact: (),
    LinkFact: ("index",),
    AddressFact: ("index", "address"),
    RouteFact: ("to", "table", "metric", "index", "via", "tos", "source"),
    NeighbourFact: ("index", "address"),
    PolicyRulesFact: (),
    ProxiesFact: (),
    IngressFact: (),
    FdbFact: ("index", "mac", "vlan", "destination", "own"),
    VlansFact: ("index",),
    SysctlFact: ("key",),
}
_BACK: dict[type, type] = {
    LinkGone: LinkFact, AddressGone: AddressFact, RouteGone: RouteFact, NeighbourGone: NeighbourFact, FdbGone: FdbFact,
}  # fmt: skip


class Seen:
    """A sink that keeps what holds, by the rules of `topology.observe.facts` and nothing else."""

    def __init__(self) -> None:
        self.facts: dict[tuple[Any, ...], AnyFact] = {}
        self.history: list[AnyFact] = []

    def __call__(self, facts: list[AnyFact]) -> None:
        self.history += facts
        for fact in facts:
            if isinstance(fact, Resync | NamespaceGone):
                self.facts = {k: f for k, f in self.facts.items() if f.ns != fact.ns}
                continue
            of = _BACK.get(type(fact), type(fact))
            key = (of, fact.ns, *(getattr(fact, name) for name in _IDENTITY[of]))
            if type(fact) in _BACK:
                del self.facts[key]  # KeyError: taken back what was never told
            else:
                self.facts[key] = fact

    def all(self, kind: type, ns: str | None = None) -> list[Any]:
        return [f for f in self.facts.values() if isinstance(f, kind) and (ns is None or f.ns == ns)]

    def link(self, ns: str, name: str) -> LinkFact:
        found: LinkFact = next(f for f in self.all(LinkFact, ns) if f.name == name)
        return found

    def rows(self, ns: str) -> Rows:
        """In the oracle's words."""
        rows: Rows = set()
        names = {f.index: f.name for f in self.all(LinkFact, ns)} | {0: None}
        for f in self.all(LinkFact, ns):
            rows.add(("link", f.index, f.name, f.kind, f.up, f.mtu, f.mac, names[f.master], f.operstate.upper(), f.txqlen))
            rows.add(("relative", f.name, f.link, f.link_ns is not None))
            if f.port:
                p = f.port
                rows.add(("port", f.name, p.cost, p.priority, p.hairpin, p.isolated, p.learning, p.flood, p.state))
            rows |= {("info", f.name, k, v) for k, v in f.info.items() if f.kind == "bridge" and k != "vlan_default_pvid"}
        rows |= {("address", names[f.index], f.address, f.scope, "dynamic" in f.flags) for f in self.all(AddressFact, ns)}
        for f in self.all(RouteFact, ns):
            hops = tuple(sorted((h.via, names[h.index], h.weight) for h in f.hops))
            rows.add(("route", f.to, f.via, names[f.index], f.metric, f.table, f.type, f.protocol, f.linkdown, f.src, hops))
        for f in self.all(NeighbourFact, ns):
            if f.state == "permanent":
                rows.add(("neighbour", names[f.index], f.address, f.mac))
        for f in self.all(FdbFact, ns):
            if f.state != "dynamic":
                rows.add(("fdb", names[f.index], f.mac, f.vlan, f.destination, f.own))
        return rows


class Scene:
    """A watch on the machine of this test, and its sink. `shell` types a line."""

    def __init__(self, *, keys: tuple[str, ...] = (), buffer: int = 1 << 22) -> None:
        self.namespaces = Namespaces()
        self.seen = Seen()
        self.watch = Watch(self.namespaces, self.seen, keys=keys, buffer=buffer)
        self.watch.start()

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.close()
        self.namespaces.close()

    def shell(self, *lines: str) -> None:
        for line in lines:
            subprocess.run(["sh", "-ec", line], check=True, capture_output=True, text=True)

    def agree(self) -> None:
        """The watch, after a barrier, and iproute2 say the same of every namespace. Read twice, for what the kernel does later
        (carriers, duplicate address detection) between one reading and the other."""
        for attempt in range(40):
            self.watch.barrier()
            wrong = {ns: (said - told, told - said) for ns in self.names() if (told := self.seen.rows(ns)) != (said := kernel(ns))}
            if not wrong:
                break
            if attempt > 2:
                subprocess.run(["sleep", "0.1"], check=True)
        assert not wrong, f"(only iproute2, only the watch) of each: {wrong}"
        assert sorted(self.names()) == sorted(["host", *named()])

    def names(self) -> list[str]:
        return [f.ns for f in self.seen.all(NamespaceFact)]


def _run(ns: str, *argv: str) -> list[dict[str, Any]]:
    prefix = () if ns == "host" else ("nsenter", f"--net=/run/netns/{ns}")
    out = subprocess.run([*prefix, *argv], check=True, capture_output=True, text=True).stdout
    rows: list[dict[str, Any]] = json.loads(out or "[]")
    return [row for row in rows if row]


def named() -> list[str]:
    return [row["name"] for row in _run("host", "ip", "-j", "netns", "list")]


def kernel(ns: str) -> Rows:
    """The namespace as iproute2 shows it."""
    rows: Rows = set()
    links = _run(ns, "ip", "-j", "-d", "address", "show")
    indexes = {link["ifname"]: link["ifindex"] for link in links}
    for link in links:
        rows |= _link(link) | {("relative", link["ifname"], _relative(link, indexes), "link_netnsid" in link)}
    for family in ("-4", "-6"):
        for r in _run(ns, "ip", "-j", "-d", family, "route", "show", "table", "all"):
            if r.get("table") != "local" and r.get("type") != "multicast":
                rows.add(_route(r, family))
    for n in _run(ns, "ip", "-j", "neighbour", "show", "nud", "permanent"):
        rows.add(("neighbour", n["dev"], n["dst"], n.get("lladdr", "")))
    for e in _run(ns, "bridge", "-j", "fdb", "show"):
        own = "self" in e["flags"]
        if e.get("state") and not (own and int(e["mac"][:2], 16) & 1 and "dst" not in e):
            rows.add(("fdb", e["ifname"], e["mac"], e.get("vlan"), e.get("dst"), own))
    return rows


def _link(link: dict[str, Any]) -> Rows:
    about = link.get("linkinfo", {})
    kind = about.get("info_kind") or ("loopback" if link["link_type"] == "loopback" else "")
    name, up = link["ifname"], "UP" in link["flags"]
    state = link["operstate"]
    rows: Rows = {("link", link["ifindex"], name, kind, up, link["mtu"], link["address"], link.get("master"), state, link.get("txqlen", 0))}
    if about.get("info_slave_kind") == "bridge":
        p = about["info_slave_data"]
        state_number = ("disabled", "listening", "learning", "forwarding", "blocking").index(p["state"])
        rows.add(("port", name, p["cost"], p["priority"], p["hairpin"], p["isolated"], p["learning"], p["flood"], state_number))
    if kind == "bridge":
        d = about["info_data"]
        for key in ("forward_delay", "hello_time", "max_age", "ageing_time"):
            rows.add(("info", name, key, d[key] // 100))
        rows.add(("info", name, "stp", bool(d["stp_state"])))
        rows.add(("info", name, "priority", d["priority"]))
        rows.add(("info", name, "vlan_filtering", bool(d["vlan_filtering"])))
        if "mcast_snooping" in d:
            rows.add(("info", name, "mcast_snooping", bool(d["mcast_snooping"])))
    for a in link["addr_info"]:
        rows.add(("address", name, f"{a['local']}/{a['prefixlen']}", a["scope"], bool(a.get("dynamic"))))
    return rows


def _relative(link: dict[str, Any], indexes: dict[str, int]) -> int:
    index: int = link.get("link_index") or indexes.get(link.get("link", ""), 0)
    return index


def _route(r: dict[str, Any], family: str) -> tuple[Any, ...]:
    default = "default" if family == "-4" else "::/0"
    to = default if r["dst"] == "default" else r["dst"] if "/" in r["dst"] else f"{r['dst']}/{32 if family == '-4' else 128}"
    hops = tuple(sorted((h.get("gateway"), h["dev"], h["weight"]) for h in r.get("nexthops", ())))
    table = {"main": 254, None: 254, "default": 253}.get(r.get("table"), r.get("table"))
    down = "linkdown" in r["flags"]
    via = r.get("gateway") or r.get("via", {}).get("host")
    number = int(table or 0)
    return ("route", to, via, r.get("dev"), r.get("metric", 0), number, r["type"], r["protocol"], down, r.get("prefsrc"), hops)
