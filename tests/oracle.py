"""An independent reading of a lab: what `ip -j` and `bridge -j` print, brought into rows that can be compared with Vethboard's own.

It shares no code with the netlink layer and none with the fold.
"""

import ipaddress
import json
from collections.abc import Callable
from typing import Any

from topology.model.records import Interface, Records, Route
from topology.observe.live import LinkLive, LiveRecords, NamespaceLive

Inside = Callable[[str, tuple[str, ...]], str]
Rows = set[tuple[Any, ...]]


def _links(namespace: str, links: list[dict[str, Any]]) -> Rows:
    rows: Rows = set()
    for link in links:
        kind = link.get("linkinfo", {}).get("info_kind") or ("loopback" if link["link_type"] == "loopback" else "")
        up = "UP" in link["flags"]
        rows.add(("link", namespace, link["ifname"], link["ifindex"], kind, up, link["mtu"], link["address"], link.get("master")))
        for a in link["addr_info"]:
            if a["scope"] == "global" and "dynamic" not in a:
                rows.add(("address", namespace, link["ifname"], f"{a['local']}/{a['prefixlen']}"))
    return rows


def _routes(namespace: str, routes: list[dict[str, Any]]) -> Rows:
    rows: Rows = set()
    for r in routes:
        if r.get("protocol") in ("kernel", "ra") or r["dst"] == "multicast":
            continue
        default = "::/0" if ":" in r.get("gateway", "") else "default"
        to = default if r["dst"] == "default" else str(ipaddress.ip_network(r["dst"], strict=False))
        rows.add(("route", namespace, to, r.get("gateway"), r.get("type", "unicast")))
    return rows


def kernel(inside: Inside) -> Rows:
    """The lab as iproute2 sees it."""
    named = [n["name"] for n in json.loads(inside("host", ("ip", "-j", "netns", "list")) or "[]")]
    rows: Rows = set()
    for namespace in ["host", *named]:
        text = inside(
            namespace,
            ("sh", "-c", "ip -j -d addr show; echo; ip -j route show; echo; ip -j -6 route show; echo; cat /proc/sys/net/ipv4/ip_forward"),
        )
        links, v4, v6, forward = (part for part in text.split("\n") if part.strip())
        rows |= _links(namespace, json.loads(links)) | _routes(namespace, json.loads(v4)) | _routes(namespace, json.loads(v6))
        rows.add(("forward", namespace, forward.strip()))
    return rows


def shown(observed: Records, live: LiveRecords) -> Rows:
    """The same rows from what a browser is given."""
    rows: Rows = set()
    for fact in live.values():
        if isinstance(fact, LinkLive):
            kind = fact.type
            rows.add(("link", fact.namespace, fact.name, fact.index, kind, fact.up, fact.mtu, fact.mac, fact.master))
            for a in fact.addresses:
                if a.scope == "global":
                    rows.add(("address", fact.namespace, fact.name, a.address))
        elif isinstance(fact, NamespaceLive):
            rows.add(("forward", fact.name, fact.sysctls["net.ipv4.ip_forward"]))
    for record in observed.values():
        if isinstance(record, Route):
            rows.add(("route", record.namespace, record.to, record.via, record.type))
        elif isinstance(record, Interface):
            for address in record.addresses:
                assert ("address", record.namespace, record.name, address) in rows, f"{record.id}: {address} in the document only"
    return rows
