"""Chains and connections: what cannot be an edit, because it changes nothing that a document holds."""

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
    """Base of what is asked about one table of a namespace."""

    lab: str
    namespace: str
    family: Family = "ipv4"
    table: Table = "filter"


class CheckRule(OfTable, frozen=True, kw_only=True, tag="check-rule"):
    """Would the lab's iptables take this rule for this chain? Nothing is changed. Answer: `RuleChecked`."""

    chain: str
    rule: str


class ZeroCounters(OfTable, frozen=True, kw_only=True, tag="zero-counters"):
    """`iptables -Z`: of a rule, of a chain, of the whole table. Answer: `Done`."""

    chain: str | None = None
    rule: int | None = None


class ExportRules(Request, frozen=True, kw_only=True, tag="export-rules"):
    """What `iptables-save` prints there (with `counters`, `iptables-save -c`); of a lab that does not run, what it would. Answer:
    `Exported`."""

    lab: str
    namespace: str
    family: Family = "ipv4"
    counters: bool = False


class Vocabulary(Request, frozen=True, kw_only=True, tag="vocabulary"):
    """Every match and target that the lab's iptables has. Answer: `VocabularyOf`."""

    lab: str
    family: Family = "ipv4"


class Analyse(Request, frozen=True, kw_only=True, tag="analyse"):
    """Which rules of a namespace can never match, as far as their text tells. Answer: `Analysed`."""

    lab: str
    namespace: str


class FlushConntrack(Request, frozen=True, kw_only=True, tag="flush-conntrack"):
    """`conntrack -F`. Answer: `Done`."""

    lab: str
    namespace: str


class DeleteConnection(Request, frozen=True, kw_only=True, tag="delete-connection"):
    """`conntrack -D` of one entry, as it was shown. Answer: `Done`."""

    lab: str
    namespace: str
    connection: Connection


# ---- results ---------------------------------------------------------------------------------------------------------


class RuleChecked(Result, frozen=True, kw_only=True, tag="rule-checked"):
    """`text`: the rule as iptables-save would print it, where it is taken; `problem` says why it is not, and `span` where in the text."""

    text: str | None = None
    problem: Problem | None = None


class VocabularyOf(Result, frozen=True, kw_only=True, tag="vocabulary"):
    """`version` is what `iptables --version` says."""

    version: str
    extensions: tuple[Extension, ...]


class RuleNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that can never match. `chain` is a record's id, `rule` a number from 1; `by` the number of the rule that shadows it.

    `shadowed`: an earlier rule of the chain takes all its packets. `after-end`: an earlier rule without conditions ends the chain.
    `no-interface`: the interface that it names does not exist. `unused`: no rule jumps to the chain (`rule` 0).
    """

    chain: str
    rule: int
    reason: Literal["shadowed", "after-end", "no-interface", "unused"]
    by: int | None = None
    interface: str = ""


class Analysed(Result, frozen=True, kw_only=True, tag="analysed"):
    notes: tuple[RuleNote, ...]
