"""Rules that iptables-save prints so that iptables-restore does not read them as they were: it does not quote every word with a blank.

Such a rule could be loaded, but not kept: the document has rules as they are printed, and from that it could not be loaded again.
"""

from agent.filter.drivers import FilterDriver
from agent.netlink.namespaces import Netns
from topology.model.netfilter import HOOKS, Family, Table
from topology.observe import listing
from topology.rules.chains import RuleFault, jump_target
from topology.rules.refusal import refusal
from topology.rules.tokens import quote, tokens

_CHAIN = "vethboard-print"
_ESCAPED = frozenset({"--comment", "--log-prefix", "--nflog-prefix"})
"""Printed by xtables_save_string()."""
_QUOTED = frozenset({"--string", "--hex-string"})
"""Printed in quotes, as they are."""


def is_doubtful(rule: str) -> bool:
    """Whether the rule has a word that has to be quoted, and that is not a text which iptables-save is known to quote."""
    if '"' not in rule and "\\" not in rule:
        return False
    words = tokens(rule)
    return any(
        word.raw != word.value and before not in _ESCAPED and (before not in _QUOTED or any(c in word.value for c in "\"'\\"))
        for before, word in zip(["", *(w.value for w in words)], words, strict=False)
    )


def unprintable(driver: FilterDriver, scratch: Netns, family: Family, table: Table, rule: str) -> RuleFault | None:
    """Why the rule cannot be kept; None where it can, or where it is refused for another reason. All rules of the scratch namespace go."""
    target = jump_target(rule)
    own = [_CHAIN, *([target] if target is not None and target not in HOOKS[table] else [])]
    chains = "".join(f":{quote(name)} - [0:0]\n" for name in own)
    if driver.restore(scratch, family, f"*{table}\n{chains}-A {_CHAIN} {rule}\nCOMMIT\n", flush=True).code != 0:
        chains = f":{_CHAIN} - [0:0]\n"  # the target is one of iptables
        if driver.restore(scratch, family, f"*{table}\n{chains}-A {_CHAIN} {rule}\nCOMMIT\n", flush=True).code != 0:
            return None
    printed = driver.save(scratch, family, False, table).out
    again = driver.restore(scratch, family, printed, flush=True)
    if again.code == 0 and _rules(driver.save(scratch, family, False, table).out) == _rules(printed):
        return None
    shown = next(iter(_rules(printed)), "")
    said = refusal(again.err).message
    word = next((w for w in tokens(rule) if w.raw != w.value and f" {w.value} " in f" {shown} "), None)
    return RuleFault(
        "iptables takes this, but prints it so that it cannot be loaded again" + (f": {said}" if said else ""),
        f"iptables-save prints: {shown}" + (f"; take a name without blanks and quotes for {word.raw}" if word is not None else ""),
        (word.start, word.end) if word is not None else None,
    )


def _rules(printed: str) -> tuple[str, ...]:
    return tuple(rule for table in listing.read(printed, counters=False) for chain in table.chains for rule in chain.rules)
