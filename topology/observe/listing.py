"""The output of iptables-save, parsed fast: a table of 10,000 rules is read each second while somebody looks at it."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple, cast

import msgspec

from topology.model.netfilter import ChainPolicy, Table
from topology.observe.facts import ChainCounters, ChainFact
from topology.rules.tokens import is_open

_CHAIN = re.compile(r":(\S+) (\S+) \[(\d+):(\d+)\]")
_PAIRS = msgspec.json.Decoder(tuple[tuple[int, int], ...])


class Listed(NamedTuple):
    """One table: its chains, and their counters (all 0 where the text has none)."""

    table: Table
    chains: tuple[ChainFact, ...]
    counters: dict[str, ChainCounters]


def read(text: str, counters: bool) -> Iterator[Listed]:
    """The tables of a text that iptables-save (with `counters`: `iptables-save -c`) printed: all rules of a chain stand together.

    A line break in double quotes is a part of its rule: comments may have any character.
    """
    lines = _lines(text)
    at = 0
    while at < len(lines):
        if lines[at].startswith("*"):
            end = lines.index("COMMIT", at) if "COMMIT" in lines[at:] else len(lines)
            yield _table(cast("Table", lines[at][1:]), lines[at + 1 : end], counters)
            at = end
        at += 1


def is_doubtful(text: str) -> bool:
    """Whether the text does not say for certain where its rules end: iptables-save prints names that hold quotes or line breaks as they
    are, and a comment may hold what looks like rules."""
    lines = text.split("\n")
    if '"' in text and any(map(_is_open, lines)):
        return True
    heads = {line[:7] for line in lines}  # few: long enough for COMMIT alone
    return not all(head.startswith(_BEGINNINGS) or head in ("", "COMMIT") for head in heads)


_BEGINNINGS = ("-A ", "[", ":", "*", "#")


def _lines(text: str) -> list[str]:
    """The lines of the text, with those joined that a line break in double quotes has parted."""
    lines = text.split("\n")
    if '"' not in text or not any(map(_is_open, lines)):
        return lines
    out: list[str] = []
    parts: list[str] = []
    for line in lines:
        parts.append(line)
        if not _is_open("\n".join(parts)):
            out.append("\n".join(parts))
            parts = []
    return [*out, *parts]


def _is_open(line: str) -> bool:
    """Whether a quote of the rule is not closed in this line. The name of its chain is printed as it is."""
    return '"' in line and line[:1] in ("-", "[") and is_open(line.partition("-A ")[2].partition(" ")[2])


def _table(table: Table, lines: list[str], counters: bool) -> Listed:
    declared = [found for line in takewhile(_declares, lines) if (found := _CHAIN.fullmatch(line)) is not None]
    runs = dict(_runs(lines, len(declared)))
    chains: list[ChainFact] = []
    counted: dict[str, ChainCounters] = {}
    for name, policy, packets, size in (found.groups() for found in declared):
        run = runs.get(name, [])
        stated = cast("ChainPolicy", policy) if policy != "-" else None
        command = f"-A {name} "
        chains.append(ChainFact(name=name, policy=stated, rules=_rules(run, command)))
        if counters:
            own = (int(packets), int(size)) if stated is not None else None
            counted[name] = ChainCounters(policy=own, rules=_counters(run, command))
    return Listed(table, tuple(chains), counted)


def _rules(run: list[str], command: str) -> tuple[str, ...]:
    """What stands behind the commands."""
    if run and run[0].startswith("["):
        return tuple([line.partition(command)[2] for line in run])
    begin = len(command)
    return tuple([line[begin:] for line in run])


def _declares(line: str) -> bool:
    return line.startswith(":")


def _runs(lines: list[str], begin: int) -> Iterator[tuple[str, list[str]]]:
    """The lines of each chain that has rules."""
    while begin < len(lines):
        name = _chain(lines[begin])
        end = _end(lines, begin, name)
        yield name, lines[begin:end]
        begin = end


def _end(lines: list[str], begin: int, name: str) -> int:
    return bisect_left(lines, True, begin, key=lambda line: _chain(line) != name)


def _chain(line: str) -> str:
    """The chain of a line `[0:0] -A CHAIN RULE`."""
    return line.partition("-A ")[2].partition(" ")[0]


def _counters(run: list[str], command: str) -> tuple[tuple[int, int], ...]:
    """The counters before the commands, read as JSON: nothing reads numbers faster."""
    if not run or not run[0].startswith("["):
        return ((0, 0),) * len(run)
    before = ",".join([line.partition(command)[0] for line in run])
    return _PAIRS.decode(
        "[" + before.replace(command[:-1], "").replace(":", ",") + "]"
    )  # a rule without conditions and target has no blank
