"""A table of nftables for each session: it sets the trace flag of the packets that are followed, and shows at which hooks they pass.

`meta nftrace set 1` sets the flag that both packet filters look at: nftables then reports the packet (NFT_MSG_TRACE), and so do the legacy
tables, as they do after their own TRACE target (net/ipv4/netfilter/ip_tables.c). So no rule is ever added to the user's chains, whose
counters and rule numbers stay as they were. The table belongs to the socket that made it (NFT_TABLE_F_OWNER): it is deleted when that is
closed, in whatever way. Messages: linux/netfilter/nf_tables.h.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from agent.netlink.wire import NLM_F_ACK, NLM_F_CREATE, Batch
from topology.journey.sighting import Hook
from topology.model.netfilter import Family

SUBSYSTEM = 10
NEWTABLE, DELTABLE, NEWCHAIN, NEWRULE, GETRULE, TRACE = 0, 2, 3, 6, 7, 17
_BATCH_BEGIN, _BATCH_END = 16, 17
_FAMILIES: dict["Family | None", int] = {None: 1, "ipv4": 2, "ipv6": 10}
"""NFPROTO_INET, which is both; NFPROTO_IPV4, NFPROTO_IPV6."""
_TABLE_NAME, _TABLE_FLAGS, _OWNER = 1, 2, 2
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE = 1, 3, 4, 5, 7
_HOOK_NUMBER, _HOOK_PRIORITY = 1, 2
_RULE_TABLE, _RULE_CHAIN, _RULE_EXPRESSIONS = 1, 2, 4
_LIST_ELEMENT, _EXPRESSION_NAME, _EXPRESSION_DATA, _DATA_VALUE = 1, 1, 2, 1
_REGISTER = 1
_TRANSPORT = 2
META_L4PROTO, _META_NFTRACE = 16, 12
_ACCEPT = 1
_EQUAL, _NOT_EQUAL = 0, 1
_BE64 = struct.Struct(">Q")
_BE32, _S32, _U16 = struct.Struct(">I"), struct.Struct(">i"), struct.Struct("=H")

HOOKS: dict[Hook, int] = {"prerouting": 0, "input": 1, "forward": 2, "output": 3, "postrouting": 4}
FIRST, LAST = -350, 290
"""Priorities: after defragmentation and before table raw; after table nat (linux/netfilter_ipv4.h)."""
_CHAIN_FIRST: tuple[Hook, ...] = ("prerouting", "output", "postrouting")
"""Hooks that need a chain before all others. A packet comes to input and forward from prerouting only: the next line about it shows that it
did."""
MATCHED_IN = ("prerouting-enter", "output-enter")
"""The chains whose rules set the trace flag: each packet comes to one of these first."""
_CHAIN_LAST: tuple[Hook, ...] = ("prerouting", "input", "postrouting")
"""Hooks that need a chain after all others. From output and forward every packet comes to postrouting, with nothing between: the first
chain there shows it."""


class Bytes(NamedTuple):
    """Bytes at `offset` of the transport header are `value`, or with `some` have one of its bits set."""

    offset: int
    value: bytes
    some: bool = False


class Match(NamedTuple):
    """How to recognise a packet: its IP protocol, and bytes from its transport header on. `rate`: at most so many a second, 0: all."""

    protocol: int
    bytes: tuple[Bytes, ...]
    rate: int = 0


class Table(NamedTuple):
    """`family` None: both. A table of one family does not see packets of the other."""

    name: str
    family: Family | None = None


def header(family: int, resource: int = 0) -> bytes:
    """`struct nfgenmsg`."""
    return struct.pack(">BBH", family, 0, resource)


def _u32(batch: Batch, attribute: int, value: int) -> None:
    batch.put(attribute, _BE32.pack(value & 0xFFFFFFFF))


def make_table(table: Table, matches: Sequence[Match]) -> Batch:
    """The messages that make the table: chains before and after all others where they are needed, and in those before prerouting and output
    a rule per match. Every packet of the namespace passes these chains: what that costs is in docs/adr/0011."""
    batch = _begin()
    _message(batch, NEWTABLE, table, NLM_F_CREATE)
    batch.text(_TABLE_NAME, table.name)
    _u32(batch, _TABLE_FLAGS, _OWNER)
    batch.end()
    for hook in _CHAIN_FIRST:
        _chain(batch, table, f"{hook}-enter", hook, FIRST)
    for hook in _CHAIN_LAST:
        _chain(batch, table, f"{hook}-leave", hook, LAST)
    for chain in MATCHED_IN:
        for match in matches:
            _rule(batch, table, chain, match)
    return _end(batch)


def delete_table(table: Table) -> Batch:
    """The messages that delete it."""
    batch = _begin()
    _message(batch, DELTABLE, table)
    batch.text(_TABLE_NAME, table.name)
    batch.end()
    return _end(batch)


def _message(batch: Batch, kind: int, table: Table, flags: int = 0) -> None:
    batch.begin(SUBSYSTEM << 8 | kind, flags, header(_FAMILIES[table.family]))


def _begin() -> Batch:
    batch = Batch()
    batch.begin(_BATCH_BEGIN, 0, header(0, SUBSYSTEM))
    batch.end()
    return batch


def _end(batch: Batch) -> Batch:
    """Close the transaction. Its last message asks for the acknowledgement: before Linux 6.10 the end itself was not acknowledged."""
    last = batch.messages()[-1][0]
    _U16.pack_into(batch.buffer, last + 6, _U16.unpack_from(batch.buffer, last + 6)[0] | NLM_F_ACK)
    batch.begin(_BATCH_END, 0, header(0, SUBSYSTEM))
    batch.end()
    return batch


def _chain(batch: Batch, table: Table, name: str, hook: Hook, priority: int) -> None:
    _message(batch, NEWCHAIN, table, NLM_F_CREATE)
    batch.text(_CHAIN_TABLE, table.name)
    batch.text(_CHAIN_NAME, name)
    at = batch.nest(_CHAIN_HOOK)
    _u32(batch, _HOOK_NUMBER, HOOKS[hook])
    batch.put(_HOOK_PRIORITY, _S32.pack(priority))
    batch.close(at)
    _u32(batch, _CHAIN_POLICY, _ACCEPT)
    batch.text(_CHAIN_TYPE, "filter")
    batch.end()


def _rule(batch: Batch, table: Table, chain: str, match: Match) -> None:
    _message(batch, NEWRULE, table, NLM_F_CREATE)
    batch.text(_RULE_TABLE, table.name)
    batch.text(_RULE_CHAIN, chain)
    at = batch.nest(_RULE_EXPRESSIONS)
    _expression(batch, "meta", [(1, _BE32.pack(_REGISTER)), (2, _BE32.pack(META_L4PROTO))])
    _compare(batch, bytes([match.protocol]))
    for part in match.bytes:
        size = _BE32.pack(len(part.value))
        _expression(batch, "payload", [(1, _BE32.pack(_REGISTER)), (2, _BE32.pack(_TRANSPORT)), (3, _BE32.pack(part.offset)), (4, size)])
        if part.some:
            same, none = _BE32.pack(_REGISTER), bytes(len(part.value))
            _expression(batch, "bitwise", [(1, same), (2, same), (3, size), (4, part.value), (5, none)], nested=(4, 5))
            _compare(batch, none, _NOT_EQUAL)
        else:
            _compare(batch, part.value)
    if match.rate:
        _expression(batch, "limit", [(1, _BE64.pack(match.rate)), (2, _BE64.pack(1)), (3, _BE32.pack(match.rate))])
    _expression(batch, "immediate", [(1, _BE32.pack(_REGISTER)), (2, b"\1")], nested=(2,))
    _expression(batch, "meta", [(2, _BE32.pack(_META_NFTRACE)), (3, _BE32.pack(_REGISTER))])
    batch.close(at)
    batch.end()


def _compare(batch: Batch, value: bytes, how: int = _EQUAL) -> None:
    _expression(batch, "cmp", [(1, _BE32.pack(_REGISTER)), (2, _BE32.pack(how)), (3, value)], nested=(3,))


def _expression(batch: Batch, name: str, attributes: Sequence[tuple[int, bytes]], nested: tuple[int, ...] = ()) -> None:
    """One expression of a rule. Attributes in `nested` are values (NFTA_DATA_VALUE)."""
    element = batch.nest(_LIST_ELEMENT)
    batch.text(_EXPRESSION_NAME, name)
    data = batch.nest(_EXPRESSION_DATA)
    for attribute, value in attributes:
        if attribute in nested:
            inside = batch.nest(attribute)
            batch.put(_DATA_VALUE, value)
            batch.close(inside)
        else:
            batch.put(attribute, value)
    batch.close(data)
    batch.close(element)
