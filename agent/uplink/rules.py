"""What may pass from a lab to the outside, as iptables rules of the wall's namespace. No input or output here."""

import ipaddress
from collections.abc import Iterable

from topology.model.problems import invalid

LAB_SIDE, OUT_SIDE = "lab", "out"
"""The wall's two interfaces: the other end of the lab's `uplink0`, and the tap of slirp4netns."""
GUEST, GATEWAY, DNS, WALL = "10.0.2.100", "10.0.2.2", "10.0.2.3", "10.0.2.1"
"""slirp4netns' own addresses, and the one from which the wall refuses."""

_SLIRP = "10.0.2.0/24"
"""What else slirp4netns answers for."""

Network = ipaddress.IPv4Network

_NEVER = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3")
"""This host, loopback, groups and what is reserved: no administrator can list these."""
NOT_PUBLIC = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
    "100.64.0.0/10",  # RFC 6598, shared; 100.100.100.200 is a cloud's metadata
    "169.254.0.0/16",  # RFC 3927, link-local; 169.254.169.254 is most clouds' metadata
    "168.63.129.16/32",  # a public address that is the metadata and agent address of a cloud's machines
    "192.0.0.0/24", "198.18.0.0/15",  # RFC 6890, RFC 2544; 192.0.0.192 is a cloud's metadata
)  # fmt: skip
"""Networks that are not the internet, which an administrator may list."""


def network(text: str) -> Network:
    """What an administrator lists: an IPv4 address or network. Raises ProblemError."""
    try:
        found = Network(text)
    except ValueError as e:
        raise invalid(str(e), "--uplink-to", "an IPv4 network, such as 10.1.0.0/16, or an address") from None
    if any(found.overlaps(Network(never)) for never in _NEVER):
        raise invalid(f"{text} has addresses of the machine's loopback, or of groups", "--uplink-to", "list a part without these")
    if found.subnet_of(Network(_SLIRP)):
        raise invalid(f"{text} is slirp4netns' own", "--uplink-to", f"what has an address in {_SLIRP} cannot be reached by an uplink")
    return found


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """All of them. Raises ProblemError."""
    return tuple(network(text) for text in texts)


def rules(own: Iterable[str], listed: Iterable[Network]) -> str:
    """For iptables-restore(8). `own`: the machine's addresses, of which only those pass that are listed by themselves; `listed`: what
    passes although it is not public.

    Rules look at the destination alone and keep no state: so fragments and packets of any protocol meet the same ones.
    """
    listed = tuple(listed)
    alone = {str(n.network_address) for n in listed if n.prefixlen == 32}
    lines = [
        "*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", ":outward - [0:0]",
        f"-A FORWARD -i {OUT_SIDE} -o {LAB_SIDE} -d {GUEST} -j ACCEPT",
        f"-A FORWARD -i {LAB_SIDE} -o {OUT_SIDE} -s {GUEST} -j outward",
        # 10.0.2.3 is the machine's DNS server, whichever that is, at every port: it may be one on the machine's loopback
        f"-A outward -d {DNS} -p udp -m udp --dport 53 -j ACCEPT",
        f"-A outward -d {DNS} -p tcp -m tcp --dport 53 -j ACCEPT",
        f"-A outward -d {GATEWAY} -p icmp -j ACCEPT",
        *(_refuse(net) for net in (_SLIRP, *_NEVER)),
        *(_refuse(address) for address in sorted(set(own)) if address not in alone),
        *(f"-A outward -d {net} -j ACCEPT" for net in listed),
        *(_refuse(net) for net in NOT_PUBLIC),
        "-A outward -j ACCEPT",
        "COMMIT",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _refuse(net: str) -> str:
    return f"-A outward -d {net} -j REJECT --reject-with icmp-admin-prohibited"
