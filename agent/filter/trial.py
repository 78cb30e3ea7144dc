"""Texts of iptables-restore that are tried in a namespace made for this only: what is loaded, how it is printed, what is refused."""

from typing import NamedTuple, cast

from agent.filter import lock, printing
from agent.filter.drivers import FilterDriver
from agent.filter.partly import LeftOut, complete, first_refused, load, stand_ins
from agent.filter.programs import Ended
from agent.netlink.namespaces import Namespaces, Netns
from protocol.private import LeftOutLine, TrialMode
from topology.model.netfilter import HOOKS, TABLES, Family, Table
from topology.model.problems import Code, Problem
from topology.observe import listing
from topology.plan.table_check import ignored_line, ignored_word
from topology.plan.table_plan import command
from topology.rules.refusal import place, refusal
from topology.rules.tokens import tokens

_END = "vethboard-end"
"""A chain behind a text that is tried: where it is missing afterwards, iptables-restore has ended before, whatever it reported."""


class Trial(NamedTuple):
    """What is tried: `text`, by iptables-restore, on the rules of `base`; `mode` as in `protocol.private.TryRules`."""

    text: str
    base: str = ""
    mode: TrialMode = "rules"


class Tried(NamedTuple):
    """`text`: what iptables-save prints of it; or why it was refused, and at which line (from 0; -1: not known). `left_out`: the lines
    that were left out, with `partly`."""

    text: str = ""
    line: int = -1
    problem: Problem | None = None
    left_out: tuple[LeftOutLine, ...] = ()


def attempt(namespaces: Namespaces, driver: FilterDriver, family: Family, trial: Trial) -> Tried:
    """Try it in a namespace that is made for this only, and read it back."""
    with namespaces.scratch() as scratch:
        one = _Attempt(driver, scratch, family, trial)
        return one.partly() if trial.mode == "partly" else one.whole()


class _Attempt:
    def __init__(self, driver: FilterDriver, scratch: Netns, family: Family, trial: Trial) -> None:
        self._driver, self._scratch, self._family, self._trial = driver, scratch, family, trial
        self._text = trial.text if trial.text.endswith("\n") or not trial.text else trial.text + "\n"
        self._lines = self._text.split("\n")[:-1]
        self._tables = {line[1:].strip() for line in self._lines if line.startswith("*")}

    def _restore(self, text: str) -> Ended:
        return self._driver.restore(self._scratch, self._family, text, flush=self._trial.mode != "keep")

    def _save(self) -> str:
        return self._driver.save(self._scratch, self._family, False).out

    def _begin(self) -> None:
        """Make the scratch namespace what it is before the text."""
        have = {line[1:] for line in self._save().split("\n") if line.startswith("*")}
        self._driver.restore(self._scratch, self._family, "".join(f"*{t}\nCOMMIT\n" for t in TABLES if t in have), flush=True)
        self._stand_ins()

    def _stand_ins(self) -> None:
        if self._trial.mode == "keep":  # iptables-nft-restore 1.8.9: -F does nothing in a table whose chains are not there before
            have = [table for table in TABLES if table in self._tables]
            text = "".join("\n".join((f"*{table}", *(f":{chain} ACCEPT" for chain in HOOKS[table]), "COMMIT\n")) for table in have)
            self._driver.restore(self._scratch, self._family, text, flush=True)
        stand_ins(self._driver, self._scratch, self._family, self._trial.base)

    # ---- as far as it can be -----------------------------------------------------------------------------------------

    def partly(self) -> Tried:
        """Leave out what is refused."""
        ended, left_out, _ = load(self._driver, self._scratch, self._family, self._trial.text)
        if ended.code != 0:
            message = refusal(ended.err).message or ended.err.strip()
            return Tried(problem=lock.problem(ended, None) or Problem(code=Code.REFUSED, message=message))
        return Tried(self._save(), left_out=tuple(LeftOutLine(one.line, self._problem(one)) for one in left_out))

    # ---- all or nothing ----------------------------------------------------------------------------------------------

    def whole(self) -> Tried:
        """All of it, or why not."""
        self._stand_ins()
        end = self._end()
        ended = self._restore(self._text + end)
        if ended.code == 0:
            return self._loaded(end)
        if (locked := lock.problem(ended, None)) is not None:
            return Tried(problem=locked)
        said = refusal(ended.err)
        if said.line is not None and said.line > len(self._lines):  # it is not complete: ask again, without what stands behind it
            said = refusal(self._restore(self._text).err)
        return self._refused(said.line, said.message or ended.err.strip())

    def _end(self) -> str:
        """What is put behind the text, in a table that it does not have; nothing where it has all of them, or is not complete."""
        meant = [line.strip() for line in self._lines if line.strip() and not line.startswith("#")]
        free = next((table for table in TABLES if table not in self._tables), None)
        return f"*{free}\n:{_END} - [0:0]\nCOMMIT\n" if free is not None and meant and meant[-1] == "COMMIT" else ""

    def _loaded(self, end: str) -> Tried:
        out = self._save()
        if end and f"\n:{_END} " not in out:
            return self._ended_early(end)
        if self._trial.mode == "rules":
            have = {(t.table, c.name): c.rules for t in listing.read(out, counters=False) for c in t.chains}
            if (at := ignored_line(self._lines, have, self._family)) is not None:
                word = ignored_word(self._lines[at], self._family)
                return self._refused(at + 1, f"{_REPORTED}, but did not load this: {word} is no part of a rule")
        if (unprintable := self._unprintable()) is not None:
            return unprintable
        return Tried(out.replace(f":{_END} - [0:0]\n", ""))

    def _unprintable(self) -> Tried | None:
        """The first rule that is loaded, but could not be kept."""
        table: Table = "filter"
        for at, line in enumerate(self._lines):
            table = cast("Table", line[1:].strip()) if line.startswith("*") else table
            rule = _rule_of(line) if printing.is_doubtful(line) else ""
            if rule and (fault := printing.unprintable(self._driver, self._scratch, self._family, table, rule)) is not None:
                return Tried(line=at, problem=Problem(code=Code.REFUSED, message=fault.message, hint=fault.hint, span=fault.span))
        return None

    def _ended_early(self, end: str) -> Tried:
        """The line at which iptables-restore has ended and yet reported success: nothing behind it is done."""
        good, bad = 0, len(self._lines)
        while bad - good > 1:
            middle = (good + bad) // 2
            self._begin()
            self._restore(complete(self._lines[:middle]) + end)
            good, bad = (middle, bad) if f"\n:{_END} " in self._save() else (good, middle)
        word = ignored_word(self._lines[good], self._family)
        return self._refused(
            good + 1, f"{_REPORTED}, but did not load this: " + (f"{word} is no part of a rule" if word else "it ended here")
        )

    def _refused(self, line: int | None, message: str) -> Tried:
        """Which line is meant, where the program only names the end of the table."""
        at = line - 1 if line is not None and 0 < line <= len(self._lines) else -1
        if at < 0 or self._lines[at].strip() == "COMMIT" or not message:
            flush = self._trial.mode != "keep"
            found = first_refused(self._driver, self._scratch, self._family, self._lines, self._begin, flush)
            at, message = (found.line, found.message or message) if found is not None else (at, message)
        return Tried(line=at, problem=self._problem(LeftOut(at, message)))

    def _problem(self, found: LeftOut) -> Problem:
        line = self._lines[found.line] if 0 <= found.line < len(self._lines) else ""
        rule = command(line)[3] if line.startswith("-A ") and len(tokens(line)) > 1 else ""
        return Problem(code=Code.REFUSED, message=found.message, span=place(found.message, rule) if rule else None)


def _rule_of(line: str) -> str:
    """The rule of a line that adds or replaces one; empty for any other line."""
    words = tokens(line)
    words = words[1:] if words and words[0].value.startswith("[") else words
    if len(words) < 2 or words[0].value not in ("-A", "-I", "-R", "--append", "--insert", "--replace"):
        return ""
    numbered = len(words) > 2 and words[0].value not in ("-A", "--append") and words[2].value.isdigit()
    return line[words[2 if numbered else 1].end :].strip(" \t")


_REPORTED = "iptables-restore reported success"
