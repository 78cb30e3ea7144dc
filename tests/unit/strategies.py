"""Random labs for the laws: documents-like records in normal form, and commands on them."""

from hypothesis import strategies as st

from topology.document.check import check, ipv6
from topology.model.kinds.dummy import Dummy
from topology.model.kinds.ifb import Ifb
from topology.model.kinds.vlan import Vlan
from topology.model.records import (
    AnyRecord,
    Area,
    Bridge,
    Chain,
    Fdb,
    Interface,
    Lab,
    Loopback,
    Macvlan,
    Namespace,
    Neighbour,
    Note,
    Placement,
    Port,
    PortVlan,
    Records,
    Route,
    Style,
    Veth,
    Vxlan,
    as_records,
    replace,
)
from topology.observe.normal import normalise

NAMES = ("host", "ns0", "ns1", "two words")
_octet = st.integers(1, 254)
_fours = st.builds(lambda a, b, p: f"10.0.{a}.{b}/{p}", st.integers(0, 3), _octet, st.sampled_from((16, 24, 30, 32)))
_sixes = st.builds(lambda a, p: f"2001:db8::{a:x}/{p}", _octet, st.sampled_from((48, 64, 128)))
addresses = _fours | _sixes
macs = st.builds(lambda a: f"02:00:00:00:00:{a:02x}", st.integers(0, 9))
mtus = st.one_of(st.none(), st.sampled_from((68, 1280, 1400, 1500, 9000)))
# an IPv6 address is on an interface once, an IPv4 one once for each prefix
some_addresses = st.lists(addresses, max_size=4, unique_by=lambda a: a.partition("/")[0] if ":" in a else a).map(tuple)


@st.composite
def _routes(draw: st.DrawFn, namespace: str, devs: list[str]) -> Route:
    six = draw(st.booleans())
    to = draw(st.sampled_from(("::/0", "2001:db8:1::/48") if six else ("default", "10.9.0.0/16", "0.0.0.0/0", "10.0.0.0/8")))
    kind = draw(st.sampled_from(("unicast", "blackhole", "prohibit")))
    via = draw(_sixes if six else _fours).partition("/")[0] if draw(st.booleans()) else None
    dev = draw(st.sampled_from(devs)) if devs and (via is None or draw(st.booleans())) else None
    if via is None and dev is None:
        kind = "blackhole"
    metric = draw(st.sampled_from((None, 0, 10, 1024)))
    return Route(namespace=namespace, to=to, via=via, dev=dev, type=kind, metric=metric, table=draw(st.sampled_from((254, 100))))


@st.composite
def labs(draw: st.DrawFn) -> Records:
    """A lab in normal form without faults."""
    chosen = ["host", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True))]
    nsids = iter(draw(st.lists(st.integers(0, 99), min_size=8, max_size=8, unique=True)))
    records: list[AnyRecord] = [
        Lab(
            name=draw(st.text(max_size=8, alphabet='ab é"\\')), policy=draw(st.sampled_from(("follow", "flag"))), uplink=draw(st.booleans())
        )
    ]
    refs: list[tuple[str, str]] = []
    for name in chosen:
        keys = st.sampled_from(("net.ipv4.ip_forward", "net.ipv4.ip_local_port_range"))
        sysctls = draw(st.dictionaries(keys, st.sampled_from(("1", "1 2"))))
        nsid = next(nsids) if name != "host" and draw(st.booleans()) else None
        records.append(Namespace(name=name, nsid=nsid, sysctls=sysctls))
        if draw(st.booleans()):
            records.append(Loopback(namespace=name, name="lo", up=draw(st.booleans()), addresses=draw(some_addresses)))
        if draw(st.booleans()):
            filtering = draw(st.booleans())
            bridge = Bridge(namespace=name, name="br0", vlan_filtering=filtering, stp=draw(st.booleans()), addresses=draw(some_addresses))
            records += [bridge, Placement(node=bridge.ref, x=draw(st.integers(-9, 9)), y=0.5)]
            refs.append((name, "br0"))
    bridges = {ns for ns, n in refs if n == "br0"}
    for number in range(draw(st.integers(0, 4))):
        ends = [(draw(st.sampled_from(chosen)), f"a{number}"), (draw(st.sampled_from(chosen)), f"b{number}")]
        for (ns, name), (other, far) in (ends, ends[::-1]):
            master = "br0" if ns in bridges and draw(st.booleans()) else None
            vlans = (PortVlan(vid=draw(st.integers(1, 3)), pvid=True, untagged=True),) if draw(st.booleans()) else None
            records.append(
                Veth(
                    namespace=ns, name=name, peer=f"{other}/{far}", master=master, vlans=vlans, port=Port(cost=draw(st.integers(1, 3))),
                    up=draw(st.booleans()), mac=draw(st.none() | macs), mtu=draw(mtus), addresses=draw(some_addresses),
                )
            )  # fmt: skip
            refs.append((ns, name))
    records += draw(_upper(refs, {r.ref for r in records if isinstance(r, Interface) and r.up}))
    for node in [*chosen, *(f"{ns}/br0" for ns in sorted(bridges))]:
        style = Style(node=node, colour=draw(st.sampled_from((None, "red"))), locked=draw(st.booleans()))
        records += [] if style.plain else [style]
    records += draw(_shapes())
    for namespace in chosen:
        records += draw(tables(namespace, "ipv4", "filter")).values()
        records += draw(tables(namespace, "ipv6", "mangle")).values()
    for namespace in chosen:
        devs = [n for ns, n in refs if ns == namespace]
        records += draw(st.lists(_routes(namespace, devs), max_size=3))
        for dev in devs[:1]:
            records.append(Neighbour(namespace=namespace, dev=dev, address="10.0.0.77", mac=draw(macs)))
            records += draw(st.lists(st.builds(Fdb, namespace=st.just(namespace), dev=st.just(dev), mac=macs, vlan=st.none() | st.just(1))))
    lab = normalise(as_records(*records))
    if any(check(lab)):  # not all go together
        lab = normalise({key: r for key, r in lab.items() if not isinstance(r, Macvlan | Vxlan | Vlan)})
    small = {found.record for found in ipv6(lab)}
    lab = normalise({key: _without_ipv6(r) if key in small else r for key, r in lab.items()})
    assert [*check(lab), *ipv6(lab)] == []
    return lab


def _without_ipv6(record: AnyRecord) -> AnyRecord:
    assert isinstance(record, Interface)
    return replace(record, addresses=tuple(a for a in record.addresses if ":" not in a))


rules = st.sampled_from(
    ("-j DROP", "-s 10.0.0.0/8 -j ACCEPT", "-p tcp -m tcp --dport 80 -j mine", "-g other", '-m comment --comment "a \\"b\\" $x" -j LOG', "")
)


@st.composite
def tables(draw: st.DrawFn, namespace: str, family: str, table: str) -> dict[str, Chain]:
    """The chains of one table, in normal form."""
    out: dict[str, Chain] = {}
    for name in draw(st.lists(st.sampled_from(("INPUT", "OUTPUT", "mine", "other", "third")), unique=True)):
        some = tuple(draw(st.lists(rules, max_size=5)))
        policy = draw(st.sampled_from(("ACCEPT", "DROP"))) if name.isupper() else None
        if some or policy != "ACCEPT":
            out[name] = Chain(namespace=namespace, family=family, table=table, name=name, policy=policy, rules=some)
    return out


@st.composite
def _shapes(draw: st.DrawFn) -> list[AnyRecord]:
    """An area and a note."""
    out: list[AnyRecord] = []
    if draw(st.booleans()):
        height, label = draw(st.sampled_from((320, 9.5))), draw(st.text(max_size=3))
        out.append(Area(name="area1", x=draw(st.integers(-9, 9)), y=0.5, w=480, h=height, label=label))
    if draw(st.booleans()):
        out.append(Note(name="note1", x=0, y=1, w=240, h=140, text=draw(st.sampled_from(("", "# one\ntwo"))), locked=draw(st.booleans())))
    return out


@st.composite
def _upper(draw: st.DrawFn, refs: list[tuple[str, str]], up: set[str]) -> list[AnyRecord]:
    """A macvlan, a vxlan and a vlan on top of what is there, and what stands alone."""
    out: list[AnyRecord] = []
    if refs and draw(st.booleans()):
        ns, name = draw(st.sampled_from(refs))
        out.append(Macvlan(namespace=ns, name="m0", parent=f"{ns}/{name}", mtu=draw(mtus), mode=draw(st.sampled_from(("bridge", "vepa")))))
    if refs and draw(st.booleans()):
        ns, name = draw(st.sampled_from(refs))
        remote = draw(st.sampled_from((None, "10.0.0.9", "2001:db8::9")))
        out.append(Vxlan(namespace=ns, name="x0", vni=draw(st.integers(0, 3)), parent=f"{ns}/{name}", remote=remote, mtu=draw(mtus)))
    if refs and draw(st.booleans()):
        below, name = draw(st.sampled_from(refs))
        ns = draw(st.sampled_from((below, "host")))
        loose, protocol = draw(st.booleans()), draw(st.sampled_from(("802.1Q", "802.1ad")))
        vlan = Vlan(
            namespace=ns, name="v0", parent=f"{below}/{name}", vid=draw(st.integers(0, 3)), protocol=protocol, loose_binding=loose,
            up=(loose or f"{below}/{name}" in up) and draw(st.booleans()), mac=draw(st.none() | macs), addresses=draw(some_addresses),
        )  # fmt: skip
        out.append(vlan)
    if refs and draw(st.booleans()):
        out.append(Dummy(namespace=refs[0][0], name="d0", mtu=draw(mtus), mac=draw(st.none() | macs), up=draw(st.booleans())))
        out.append(Ifb(namespace=refs[0][0], name="i0", mtu=draw(mtus), mac=draw(st.none() | macs)))
    return out
