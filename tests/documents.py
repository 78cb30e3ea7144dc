"""Random documents that a kernel takes, of all kinds of records that the model has: a new kind of interface joins by its declaration."""

import ipaddress
import random
from typing import Any, get_args

import msgspec

from topology.document import document
from topology.document.gateways import gateways
from topology.model.base import Interface, Json
from topology.model.drawing import Colour, Icon
from topology.model.kind import Field
from topology.model.kinds import KINDS
from topology.model.netfilter import HOOKS, TABLES
from topology.model.problems import ProblemError
from topology.model.records import Records

NAMES = ("host", "ns0", "ns1", "r-2", "two words", "näme")
SHORT = ("a", "d", "m", "type", "up")
"""Names that ip(8) takes for its own words."""
SYSCTLS: dict[str, tuple[Json, ...]] = {
    "net.ipv4.ip_forward": (0, 1),
    "net.ipv6.conf.all.forwarding": (0, 1),
    "net.ipv4.conf.all.rp_filter": (0, 1, 2),
    "net.ipv4.ip_default_ttl": (64, "0x21"),
    "net.ipv4.ip_local_port_range": ("32768 60999", "1024\t 2048"),
    "net.ipv4.ping_group_range": ("1 0", "7 3"),
    "net.ipv4.icmp_echo_ignore_all": (0, 1),
}
RULES = {
    "ipv4": ("-s 10.0.0.0/8 -j ACCEPT", "-p tcp -m tcp --dport 80 -j ACCEPT", '-m comment --comment "a b" -j RETURN', "-i eth+ -j ACCEPT"),
    "ipv6": ("-s 2001:db8::/32 -j ACCEPT", "-p udp -m udp --sport 53 -j ACCEPT", "-p ipv6-icmp -j ACCEPT"),
}


class Maker:
    """Makes one document. `kinds`: the words of the kinds that the kernel has; None: all. `vlans`: it has VLAN filtering. `tables`: and
    iptables."""

    def __init__(self, chance: random.Random, kinds: frozenset[str] | None = None, vlans: bool = True, tables: bool = True) -> None:
        self.chance, self.vlans, self.tables = chance, vlans, tables
        self.kinds = [k for k in KINDS if kinds is None or k.__struct_config__.tag in kinds]
        self.namespaces: dict[str, dict[str, Json]] = {}
        self._number = 0

    def make(self) -> dict[str, Json]:
        """A JSON value."""
        names = ["host", *self.chance.sample(NAMES[1:], self.chance.randint(0, 4))]
        self.namespaces = {name: {"interfaces": {}} for name in names}
        if self.maybe(0.5):
            self.loopbacks()
        for kind in sorted(self.kinds, key=lambda k: (not k.KIND.node, k.KIND.lower is not None)):
            for _ in range(self.chance.randint(0, 3 if kind.KIND.paired else 1)):
                self.add(kind)
        for number, (name, body) in enumerate(self.namespaces.items()):
            self.inside(name, body, number)
        return {"vethboard": 1, "name": self.chance.choice(("", "lab")), "namespaces": self.namespaces, **self.drawn()}

    def maybe(self, probability: float) -> bool:
        """True with this probability."""
        return self.chance.random() < probability

    # ---- interfaces --------------------------------------------------------------------------------------------------

    def loopbacks(self) -> None:
        """Some `lo`."""
        for name in self.some(list(self.namespaces)):
            self.namespaces[name]["interfaces"]["lo"] = {"addresses": ["10.255.0.1/32"]} if self.maybe(0.3) else {}

    def add(self, kind: type[Interface]) -> None:
        """One more interface of a kind, or a pair."""
        if kind.KIND.builtin:
            return
        if kind.KIND.paired:
            a, b = self.fresh(), self.fresh()
            for (place, name), (other, far) in ((a, b), (b, a)):
                self.namespaces[place]["interfaces"][name] = {**self.common(place, kind), "peer": f"{other}/{far}"}
            return
        place, name = self.fresh()
        body = {**self.common(place, kind), **self.own(kind, place)}
        if kind.KIND.lower is None or not kind.KIND.lower.required or "parent" in body:
            self.namespaces[place]["interfaces"][name] = body

    def fresh(self) -> tuple[str, str]:
        """A namespace and a name in it that is free."""
        self._number += 1
        return self.chance.choice(list(self.namespaces)), f"{self.chance.choice(('eth', 'v', 'wän'))}{self._number}" if self._number > len(
            SHORT
        ) or self.maybe(0.7) else SHORT[self._number - 1]

    def common(self, place: str, kind: type[Interface]) -> dict[str, Json]:
        """What every kind has."""
        out: dict[str, Json] = {"kind": kind.__struct_config__.tag}
        self._number += 1
        if self.maybe(0.2):
            out["up"] = False
        if self.maybe(0.3) and kind.KIND.mac != "none":
            out["mac"] = f"02:00:00:00:{self.chance.randrange(256):02x}:{self._number % 256:02x}"
        if self.maybe(0.4):
            out["mtu"] = self.chance.choice((1280, 1400, 1500, 2000, 9000))
        if self.maybe(0.6):
            out["addresses"] = self.addresses()
        bridges = [n for n, i in self.namespaces[place]["interfaces"].items() if i.get("kind") == "bridge"]
        if bridges and self.maybe(0.6) and kind.KIND.no_port is None:
            out |= self.port(bridges)
        return out

    def addresses(self) -> list[Json]:
        """One to three."""
        net = self.chance.randrange(4)
        four = [f"10.0.{net}.{self.chance.randrange(1, 250)}/{self.chance.choice((24, 25, 32))}" for _ in range(self.chance.randint(0, 2))]
        six = [f"2001:db8:{net}::{self.chance.randrange(1, 250):x}/64"] if self.maybe(0.4) else []
        return list(dict.fromkeys((*four, *six)))

    def port(self, bridges: list[str]) -> dict[str, Json]:
        """A master, and settings of the port."""
        out: dict[str, Json] = {"master": self.chance.choice(bridges)}
        if self.maybe(0.3):
            out["port"] = {"cost": self.chance.choice((2, 7, 100)), "hairpin": self.maybe(0.5), "learning": self.maybe(0.5)}
        if self.vlans and self.maybe(0.3):
            out["vlans"] = [{"vid": 1, "untagged": True}, {"vid": 7, "pvid": True, "untagged": self.maybe(0.5)}]
        return out

    def own(self, kind: type[Interface], place: str) -> dict[str, Json]:
        """The fields that only this kind has."""
        types = {f.name: f for f in msgspec.structs.fields(kind)}
        out: dict[str, Json] = {}
        for field in kind.KIND.fields:
            if not self.vlans and field.name.startswith("vlan_"):
                continue
            if types[field.name].required or self.maybe(0.3):
                value = self.value(field, types[field.name].type, kind, place)
                if value is not None:
                    out[field.name] = value
        return out

    def value(self, field: Field, kind_of: Any, kind: type[Interface], place: str) -> Json:
        """A value of a field; None for none."""
        if field.role == "lower":
            elsewhere = kind.KIND.lower is not None and kind.KIND.lower.option == "link" and self.maybe(0.3)
            spaces = list(self.namespaces) if elsewhere else [place]
            refs = [f"{ns}/{n}" for ns in spaces for n in self.namespaces[ns]["interfaces"] if n != "lo"]
            return self.chance.choice(refs) if refs else None
        if field.role == "namespace":
            return self.chance.choice(list(self.namespaces))
        if field.role == "address":
            return f"10.0.{self.chance.randrange(4)}.{self.chance.randrange(1, 250)}"
        if field.low is not None and field.high is not None:
            return self.chance.choice((max(field.low, 6), min(field.high, 20), min(max(field.low, 2), field.high)))
        options = [o for o in get_args(kind_of) if isinstance(o, str)]
        return self.chance.choice(options) if options else self.maybe(0.5)

    def some(self, values: list[Any]) -> list[Any]:
        """A part of these, in any order."""
        return self.chance.sample(values, self.chance.randint(0, len(values)))

    # ---- what is in a namespace besides ------------------------------------------------------------------------------

    def inside(self, name: str, body: dict[str, Json], number: int) -> None:
        """Sysctls, routes, neighbours, FDB entries, rules."""
        body["sysctls"] = {key: self.chance.choice(SYSCTLS[key]) for key in self.some(list(SYSCTLS))} if self.maybe(0.4) else {}
        if name != "host" and self.maybe(0.3):
            body["nsid"] = 10 + number
        body["routes"] = self.routes(body["interfaces"])
        up = [n for n, i in body["interfaces"].items() if i.get("up", True) and n != "lo" and i["kind"] not in ("dummy", "ifb")]
        body["neighbours"] = [
            {"dev": dev, "address": f"10.0.{n}.251", "mac": "02:00:00:00:01:01"} for n, dev in enumerate(self.some(up)[:2])
        ]
        ports = [n for n, i in body["interfaces"].items() if i.get("master")]
        body["fdb"] = [
            {"dev": dev, "mac": f"02:00:00:00:02:{n:02x}", **({"local": True} if self.maybe(0.3) else {})}
            for n, dev in enumerate(self.some(ports)[:2])
        ]
        body["filter"] = self.rules() if self.tables else {}

    def routes(self, interfaces: dict[str, Json]) -> list[Json]:
        """Some that can be had."""
        out: list[Json] = []
        up = {n: i for n, i in interfaces.items() if i.get("up", True) and n != "lo"}
        reach = [(n, ipaddress.ip_interface(a)) for n, i in up.items() for a in i.get("addresses", ())]
        for number in range(self.chance.randint(0, 3)):
            more: dict[str, Json] = {"metric": self.chance.choice((0, 5, 1024))} if self.maybe(0.4) else {}
            if self.maybe(0.2):
                more["table"] = 100
            if reach and self.maybe(0.7):
                dev, address = self.chance.choice(reach)
                six = address.version == 6
                to = f"2001:db8:9{number}::/48" if six else f"10.9{number}.0.0/16"
                via = str(address.network.network_address + 252)
                if address.network.prefixlen in (24, 64):
                    out.append({"to": to, "via": via, **({"dev": dev} if self.maybe(0.5) else {}), **more})
                elif self.maybe(0.5):
                    out.append({"to": to, "dev": dev, **more})
            elif self.maybe(0.5):
                out.append({"to": f"10.8{number}.0.0/16", "type": self.chance.choice(("blackhole", "unreachable", "prohibit")), **more})
            elif up:
                out.append(
                    {
                        "to": self.chance.choice((f"10.7{number}.0.0/16", f"2001:db8:7{number}::/48")),
                        "dev": self.chance.choice(list(up)),
                        **more,
                    }
                )
        return out

    def rules(self) -> dict[str, Json]:
        """Tables of both families."""
        out: dict[str, Json] = {}
        for family in ("ipv4", "ipv6"):
            if self.maybe(0.3):
                table = self.chance.choice(TABLES)
                some = self.chance.choices(RULES[family], k=self.chance.randint(0, 3))
                chain = self.chance.choice(HOOKS[table])
                rules = [r for r in some if not ("-i" in r.split() and chain in ("OUTPUT", "POSTROUTING"))]
                out[family] = {
                    table: {
                        chain: {"policy": self.chance.choice(("ACCEPT", "DROP")), "rules": [*rules, "-j mine"]},
                        "mine": {"rules": rules},
                    }
                }
                if "-i" in " ".join(rules).split():
                    del out[family]
        return out

    # ---- what is drawn -----------------------------------------------------------------------------------------------

    def drawn(self) -> dict[str, Json]:
        """Places, styles, areas and notes."""
        nodes = [
            *self.namespaces,
            *(f"{ns}/{n}" for ns, b in self.namespaces.items() for n, i in b["interfaces"].items() if i.get("kind") == "bridge"),
        ]
        return {
            "layout": {node: [self.chance.randint(-900, 900), self.chance.random() * 100] for node in self.some(nodes)},
            "styles": {
                node: {"colour": self.chance.choice(get_args(Colour)), "icon": self.chance.choice(get_args(Icon))}
                for node in self.some(nodes)
            },
            "areas": {"a": {"at": [1, 2], "label": "x"}} if self.maybe(0.3) else {},
            "notes": {"n": {"at": [1.5, 2], "text": "# x\ny"}} if self.maybe(0.3) else {},
        }


def made(
    chance: random.Random, kinds: frozenset[str] | None = None, vlans: bool = True, tables: bool = True
) -> tuple[dict[str, Json], Records]:
    """A document that is valid, and its records."""
    while True:
        value = Maker(chance, kinds, vlans, tables).make()
        try:
            records = document.load(value)
        except ProblemError:
            continue
        if not any(gateways(records)):
            return value, records
