"""Rules, counters and tracked connections: requests that change nothing in the document."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from topology.model.netfilter import Family, Table
from topology.model.problems import Problem
from topology.observe.facts import Connection
from topology.rules.vocabulary import Extension, Option

__all__ = [
    "Analyse", "Analysed", "CheckRule", "DeleteConnection", "ExportRules", "Extension", "FlushConntrack", "OfTable", "Option",
    "RuleChecked", "RuleNote", "Vocabulary", "VocabularyOf", "ZeroCounters",
]  # fmt: skip

# ---- requests --------------------------------------------------------------------------------------------------------


class OfTable(Request, frozen=True, kw_only=True):
    """Base of the requests about one iptables table of a namespace."""

    lab: str
    namespace: str
    family: Family = "ipv4"
    table: Table = "filter"


class CheckRule(OfTable, frozen=True, kw_only=True, tag="check-rule"):
    """Whether the lab's iptables accepts this rule in this chain. Nothing is changed. Answer: `RuleChecked`."""

    chain: str
    rule: str


class ZeroCounters(OfTable, frozen=True, kw_only=True, tag="zero-counters"):
    """`iptables -Z`: zero the counters of a rule (a number from 1), of a chain, or of the whole table. Answer: `Done`."""

    chain: str | None = None
    rule: int | None = None


class ExportRules(Request, frozen=True, kw_only=True, tag="export-rules"):
    """What iptables-save(8) prints in a namespace, with `counters` as with `-c`. Of a lab that is not live it is made from the document.
    Answer: `Exported`."""

    lab: str
    namespace: str
    family: Family = "ipv4"
    counters: bool = False


class Vocabulary(Request, frozen=True, kw_only=True, tag="vocabulary"):
    """All matches and targets (iptables-extensions(8)) of the lab's iptables, with their options. Answer: `VocabularyOf`."""

    lab: str
    family: Family = "ipv4"


class Analyse(Request, frozen=True, kw_only=True, tag="analyse"):
    """Which rules of a namespace can never match, judged by their text. Answer: `Analysed`."""

    lab: str
    namespace: str


class FlushConntrack(Request, frozen=True, kw_only=True, tag="flush-conntrack"):
    """`conntrack -F`: delete all tracked connections of a namespace. Answer: `Done`."""

    lab: str
    namespace: str


class DeleteConnection(Request, frozen=True, kw_only=True, tag="delete-connection"):
    """`conntrack -D`: delete one tracked connection, given as the live record shows it. Answer: `Done`."""

    lab: str
    namespace: str
    connection: Connection


# ---- results ---------------------------------------------------------------------------------------------------------


class RuleChecked(Result, frozen=True, kw_only=True, tag="rule-checked"):
    """`text`: the accepted rule as iptables-save would print it. `problem`: why it is refused; its `span` says where in the text."""

    text: str | None = None
    problem: Problem | None = None


class VocabularyOf(Result, frozen=True, kw_only=True, tag="vocabulary"):
    """`version`: the output of `iptables --version`. `extensions`: the verdicts, then the others by name."""

    version: str
    extensions: tuple[Extension, ...]


class RuleNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that can never match. `chain`: the record id. `rule`: its number from 1. `by`: the number of the rule that is the reason.

    `shadowed`: an earlier rule of the chain matches all its packets. `after-end`: an earlier rule without a match ends the chain.
    `no-interface`: the `interface` that it names does not exist. `unused`: no rule jumps to the chain (`rule` is 0).
    """

    chain: str
    rule: int
    reason: Literal["shadowed", "after-end", "no-interface", "unused"]
    by: int | None = None
    interface: str = ""


class Analysed(Result, frozen=True, kw_only=True, tag="analysed"):
    """The rules that can never match, chain by chain."""

    notes: tuple[RuleNote, ...]
