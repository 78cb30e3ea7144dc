"""The kernel's own decisions about a packet, asked for over rtnetlink(7): which route, which neighbour, which bridge port."""

import ipaddress
import socket
import struct
from typing import Any

import msgspec

from agent.netlink import decode_ip, words
from agent.netlink.namespaces import Netns
from agent.netlink.wire import Batch, Refusal, as_u32, attributes, ndmsg, rtmsg
from topology.journey.packet import PROTOCOLS
from topology.journey.sighting import NeighbourLookup, RouteLookup
from topology.model import routing

_RTA_DST, _RTA_SRC, _RTA_IIF, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_METRICS = 1, 2, 3, 4, 5, 7, 8
_RTA_TABLE, _RTA_MARK, _RTA_VIA, _RTAX_MTU = 15, 16, 18, 2
_RTA_IP_PROTO, _RTA_SPORT, _RTA_DPORT = 27, 28, 29
_NUMBERS = {name: number for number, name in PROTOCOLS.items()}
_FIB_MATCH = 0x2000
"""RTM_F_FIB_MATCH: answer with the entry of the routing table instead of with the decision."""
_NDA_DST, _NDA_LLADDR = 1, 2
_RT = struct.Struct("=BBBBBBBBI")
_ND = struct.Struct("=BxxxiHBB")


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _ask_route(batch: Batch, question: RouteLookup, devices: dict[str, int], flags: int) -> None:
    packed = ipaddress.ip_address(question.dst).packed
    batch.begin(decode_ip.RTM_GETROUTE, 0, rtmsg(_family(question.dst), len(packed) * 8, flags=flags))
    batch.put(_RTA_DST, packed)
    if question.src:
        batch.put(_RTA_SRC, ipaddress.ip_address(question.src).packed)
        # the kernel uses a source only with its prefix length (rtm_src_len)
        start = batch.messages()[-1][0] + 16
        batch.buffer[start + 2] = len(packed) * 8
    if question.iif in devices:
        batch.u32(_RTA_IIF, devices[question.iif])
    elif question.oif in devices:
        batch.u32(_RTA_OIF, devices[question.oif])
    if question.mark:
        batch.u32(_RTA_MARK, question.mark)
    batch.buffer[batch.messages()[-1][0] + 16 + 3] = question.tos
    _ask_ports(batch, question)
    batch.end()


def _ask_ports(batch: Batch, question: RouteLookup) -> None:
    """What rules of ip-rule(8) with `ipproto`, `sport`, `dport` match."""
    number = _NUMBERS.get(question.protocol)
    if number is None:
        return
    batch.put(_RTA_IP_PROTO, bytes([number]))
    for attribute, port in ((_RTA_SPORT, question.sport), (_RTA_DPORT, question.dport)):
        if port:
            batch.put(attribute, struct.pack(">H", port))


def route(netns: Netns, question: RouteLookup, names: dict[int, str]) -> RouteLookup:
    """The decision for `dst` from `src`, received on `iif`, with `mark`: as `ip route get` shows it, with the entry of the routing table
    that it comes from. `names`: ifindex → name."""
    devices = {name: index for index, name in names.items()}
    batch = Batch()
    _ask_route(batch, question, devices, 0)
    _ask_route(batch, question, devices, _FIB_MATCH)
    decision, entry = netns.channel.ask(batch)
    if isinstance(decision, Refusal):
        return _answered(question, entry, names, decision.errno)
    return _answered(question, entry, names, 0, decision)


def _answered(
    question: RouteLookup, entry: Refusal | bytes | None, names: dict[int, str], errno: int, decision: Refusal | bytes | None = None
) -> RouteLookup:
    """The question with its answer: `entry` of the routing table, and the `decision`, unless it is an error (`errno`)."""
    fields: dict[str, Any] = {"errno": errno}
    if isinstance(entry, bytes):
        family, prefix, _, _, table, _, _, kind, _ = _RT.unpack_from(entry)
        found = attributes(entry, _RT.size)
        address = found.get(_RTA_DST) or bytes(4 if family == socket.AF_INET else 16)
        fields["route"] = routing.destination_text(ipaddress.ip_network((address, prefix)))
        fields["table"] = as_u32(found[_RTA_TABLE]) if _RTA_TABLE in found else table
        fields["type"] = words.ROUTE_TYPES[kind]
    if isinstance(decision, bytes):
        found = attributes(decision, _RT.size)
        fields["type"] = words.ROUTE_TYPES[decision[7]]
        fields["dev"] = names.get(as_u32(found[_RTA_OIF]), "") if _RTA_OIF in found else ""
        via = found.get(_RTA_GATEWAY) or found.get(_RTA_VIA, b"")[2:]
        fields["via"] = str(ipaddress.ip_address(via)) if via else ""
        fields["source"] = str(ipaddress.ip_address(found[_RTA_PREFSRC])) if _RTA_PREFSRC in found else ""
        metrics = attributes(found.get(_RTA_METRICS, b""))
        fields["mtu"] = as_u32(metrics[_RTAX_MTU]) if _RTAX_MTU in metrics else 0
    return msgspec.structs.replace(question, **fields)


def neighbour(netns: Netns, dev: str, index: int, address: str) -> NeighbourLookup:
    """The neighbour entry for `address` on `dev`; without state where there is none."""
    batch = Batch()
    batch.begin(decode_ip.RTM_GETNEIGH, 0, ndmsg(_family(address), index))
    batch.put(_NDA_DST, ipaddress.ip_address(address).packed)
    batch.end()
    answer = netns.channel.ask(batch)[0]
    if not isinstance(answer, bytes):
        return NeighbourLookup(ns=netns.name, dev=dev, address=address)
    _, _, state, _, _ = _ND.unpack_from(answer)
    mac = attributes(answer, _ND.size).get(_NDA_LLADDR, b"").hex(":")
    return NeighbourLookup(ns=netns.name, dev=dev, address=address, mac=mac, state=words.NEIGHBOUR_STATES.get(state, "none"))


def fdb(netns: Netns, names: dict[int, str]) -> dict[str, str]:
    """MAC address → port, of all bridges of the namespace."""
    facts = [decode_ip.fdb(netns.name, body) for _, body in netns.channel.dump(decode_ip.RTM_GETNEIGH, ndmsg(decode_ip.AF_BRIDGE))]
    return {fact.mac: names.get(fact.index, "") for fact in facts if fact is not None and not fact.own}
