"""A text of iptables-restore, loaded as far as it can be: one rule that cannot be restored makes the whole table fail."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from agent.filter.drivers import FilterDriver
from agent.filter.programs import Ended
from agent.netlink.namespaces import Netns
from topology.model.netfilter import HOOKS, Family, Table
from topology.observe import listing
from topology.plan.table_check import ignored_line, ignored_word
from topology.plan.table_texts import STAND_IN
from topology.rules.refusal import refusal
from topology.rules.tokens import is_open, quote, tokens

_MOST = 1000
"""Lines that are left out at most, before the whole table is."""
_FEW = 8
"""In so many lines the refused one is searched one after the other; in more, by halves first."""


class LeftOut(NamedTuple):
    """A line (from 0) that cannot be loaded, and why, in iptables' words."""

    line: int
    message: str


def load(driver: FilterDriver, scratch: Netns, family: Family, text: str, instead: bool = False) -> tuple[Ended, list[LeftOut], str]:
    """Load the text, without the lines that are refused, each of which becomes an empty one, or with `instead` a rule that says nothing.
    How the last attempt ended, the lines that were left out, and what was loaded."""
    lines = text.split("\n")
    out: list[LeftOut] = []
    while True:
        ended = driver.restore(scratch, family, "\n".join(lines), flush=True)
        found = _ignored(driver, scratch, family, lines) if ended.code == 0 else _refused(driver, scratch, family, lines, ended)
        if found is None or len(out) > _MOST:
            return ended, out, "\n".join(lines)
        for at in _with_it(lines, found.line):
            is_rule = instead and lines[at].startswith("-A ")
            lines[at] = f"-A {quote(tokens(lines[at])[1].value)} {STAND_IN}{at}" if is_rule else ""
        out.append(found)


def stand_ins(driver: FilterDriver, scratch: Netns, family: Family, saved: str) -> str:
    """Load what iptables-save has printed; where a rule cannot be loaded, another one stands in its place. What was loaded."""
    return load(driver, scratch, family, saved, instead=True)[2] if saved else ""


def _with_it(lines: Sequence[str], at: int) -> Iterator[int]:
    """The lines that go with one that is refused: with `*TABLE` the whole table."""
    yield at
    if lines[at].startswith("*"):
        end = next((n for n in range(at, len(lines)) if lines[n] == "COMMIT"), len(lines) - 1)
        yield from range(at + 1, end + 1)


def _ignored(driver: FilterDriver, scratch: Netns, family: Family, lines: Sequence[str]) -> LeftOut | None:
    """A line that iptables-restore has ended at, or passed over, and yet reported success."""
    if not any(line.startswith("-A ") and ignored_word(line, family) is not None for line in lines):
        return None
    saved = driver.save(scratch, family, False).out
    have = {(t.table, c.name): c.rules for t in listing.read(saved, counters=False) for c in t.chains}
    found = ignored_line(lines, have, family)
    if found is None:
        return None
    message = f"iptables-restore reported success, but did not load this: {ignored_word(lines[found], family)} is no part of a rule"
    return LeftOut(found, message)


def _refused(driver: FilterDriver, scratch: Netns, family: Family, lines: Sequence[str], ended: Ended) -> LeftOut | None:
    """The line that was refused; None where none is found."""
    said = refusal(ended.err)
    at = said.line - 1 if said.line is not None and said.line <= len(lines) else -1
    if at >= 0 and said.message and lines[at] not in ("COMMIT", ""):
        return LeftOut(at, said.message)
    empty = "".join(f"{line}\nCOMMIT\n" for line in lines if line.startswith("*"))
    found = first_refused(driver, scratch, family, lines, lambda: driver.restore(scratch, family, empty, flush=True), True)
    if found is not None:
        return found
    table = next((n for n in range(at, -1, -1) if lines[n].startswith("*")), None)
    return LeftOut(table, said.message or ended.err.strip()) if table is not None else None


def first_refused(
    driver: FilterDriver, scratch: Netns, family: Family, lines: Sequence[str], begin: Callable[[], object], flush: bool
) -> LeftOut | None:
    """The commands of the text one by one, in the order of their lines: the first that is refused. `begin`: makes the scratch namespace
    what it is before the text; `flush`: the text is loaded without --noflush."""

    def are_loaded(count: int) -> bool:
        begin()
        return driver.restore(scratch, family, complete(lines[:count]), flush=flush).code == 0

    good, bad = 0, len(lines)
    while bad - good > 1 and len(lines) > _FEW:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if are_loaded(middle) else (good, middle)
    are_loaded(good)
    table = next((lines[n][1:].strip() for n in range(good - 1, -1, -1) if lines[n].startswith("*")), "")
    for at in range(good, len(lines)):
        table = lines[at][1:].strip() if lines[at].startswith("*") else table
        message = _message(driver, scratch, family, table, lines[at])
        if message is not None:
            return LeftOut(at, message)
    return None


def complete(lines: Sequence[str]) -> str:
    """The lines as a text, with a COMMIT where the last table lacks it."""
    text = "\n".join([*lines, ""])
    return text if f"\n{text}".count("\n*") <= text.count("COMMIT\n") else text + "COMMIT\n"


def _message(driver: FilterDriver, scratch: Netns, family: Family, table: str, line: str) -> str | None:
    """What iptables says against the command that does what a line of iptables-restore does; None where it takes it."""
    argv = _command(line, table)
    if not argv:
        return None
    ended = driver.iptables(scratch, family, ["-t", table, *argv])
    if ended.code != 0 and argv[0] == "-N":  # a chain that is there is emptied
        ended = driver.iptables(scratch, family, ["-t", table, "-F", argv[1]])
    return refusal(ended.err).message if ended.code != 0 else None


def _command(line: str, table: str) -> list[str]:
    """The arguments of iptables for a line of iptables-restore; none for a line that does nothing."""
    if line.startswith(":"):
        name, policy, *_ = [*line[1:].split(), "-", "-"]
        if policy != "-":  # iptables inhibits -P CHAIN DROP in nat, which iptables-restore takes
            return ["-P", name, "ACCEPT" if (table, policy) == ("nat", "DROP") else policy]
        return ["-N", name] if name not in HOOKS.get(cast("Table", table), ()) else []
    words = tokens(line)
    if words and words[0].value.startswith("["):
        words = words[1:]
    return [t.value for t in words] if line[:1] in "-[" and words and not is_open(line) else []
