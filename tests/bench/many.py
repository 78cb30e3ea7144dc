"""The facts of a large lab, as its process tells them in one snapshot."""

from topology.model.records import HOST
from topology.observe import facts as f


def _mac(end: int, number: int) -> str:
    return f"02:00:00:{end:02x}:{number >> 8:02x}:{number & 255:02x}"


def facts_of_star(namespaces: int) -> list[f.AnyFact]:
    """A bridge `br0` in `host`, and on each of its ports `p0`, `p1`, … a namespace `n0`, `n1`, … with `eth0`, an address, a route."""
    out: list[f.AnyFact] = [
        f.LinkFact(ns=HOST, index=1, name="lo", kind="loopback", flags=1, mtu=65536),
        f.LinkFact(ns=HOST, index=2, name="br0", kind="bridge", flags=1, mtu=1500, mac=_mac(1, 0)),
    ]
    for number in range(namespaces):
        out += _port(number)
    for number in range(namespaces):
        out += _namespace(number)
    return out


def _port(number: int) -> list[f.AnyFact]:
    index, mac = 10 + number, _mac(1, number)
    return [
        f.LinkFact(
            ns=HOST, index=index, name=f"p{number}", kind="veth", flags=1, mtu=1500, mac=mac, master=2, port=f.PortFact(),
            link=2, link_ns=f"n{number}",
        ),
        f.FdbFact(ns=HOST, index=index, mac=mac, state="local"),
        f.VlansFact(ns=HOST, index=index, vlans=(f.VlanRow(vid=1, pvid=True, untagged=True),)),
    ]  # fmt: skip


def _namespace(number: int) -> list[f.AnyFact]:
    ns = f"n{number}"
    return [
        f.Resync(ns=ns),
        f.NamespaceFact(ns=ns, inode=number + 5),
        f.LinkFact(ns=ns, index=1, name="lo", kind="loopback", flags=1, mtu=65536),
        f.LinkFact(ns=ns, index=2, name="eth0", kind="veth", flags=1, mtu=1500, mac=_mac(2, number), link=10 + number, link_ns=HOST),
        f.AddressFact(ns=ns, index=2, address=f"10.0.{number >> 8}.{number & 255}/16"),
        f.RouteFact(ns=ns, to="default", via="10.0.255.254", index=2),
        *(f.SysctlFact(ns=ns, key=f"net.ipv4.conf.eth0.k{key}", value="0") for key in range(20)),
    ]
