"""Rules: loaded and read beside `iptables-restore` and `iptables-save -c`, and how long until one edit is told to another client."""

import json
import statistics
import subprocess
import sys
import time

from protocol.public import Delta, Edit, NewLab, Open
from tests.bench.rules_apart import rules
from tests.bench.star import APART
from tests.support import ROOT, Stack
from topology.edit.commands import AddRule, NumberedRule, RemoveRules

SIZES = (100, 1_000, 10_000)
ROUNDS = 25


def _apart(driver: str, rounds: int) -> None:
    argv = [*APART, sys.executable, "-m", "tests.bench.rules_apart", driver, str(rounds), *map(str, SIZES)]
    found = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    for size, rows in found.items():
        for ours, theirs, what in (("step", "restore", f"iptables-{driver}-restore"), ("read", "save", f"iptables-{driver}-save -c")):
            a, b = (statistics.median(row[k] for row in rows) for k in (ours, theirs))
            ratio = statistics.median(row[ours] / row[theirs] for row in rows)
            verb = "load" if ours == "step" else "read"
            print(f"rules {size:>6} {verb} ({driver}): {a * 1000:.1f} ms, {what} {b * 1000:.1f} ms, ratio {ratio:.2f}")


def _document(count: int) -> dict[str, object]:
    return {"vethboard": 1, "namespaces": {"ns0": {"filter": {"ipv4": {"filter": {"INPUT": {"rules": list(rules(count))}}}}}}}


def _edits(stack: Stack) -> None:
    """One client edits a table of 1,000 rules; another hears of it."""
    with stack.client() as author, stack.client() as viewer:
        author.request(NewLab(id="new", lab="bench-rules", document=_document(1000)))
        viewer.request(Open(id="open", lab="bench-rules"))
        took: list[float] = []
        for n in range(ROUNDS):
            text = f"-s 10.200.0.{n + 1}/32 -j DROP"
            for command in (
                AddRule(namespace="ns0", chain="INPUT", rule=text, at=500),
                RemoveRules(namespace="ns0", chain="INPUT", rules=(NumberedRule(at=500, was=text),)),
            ):
                began = time.perf_counter()
                author.send(Edit(id=f"e{n}", lab="bench-rules", commands=(command,)))
                while not (isinstance(event := viewer.receive(10), Delta) and event.observed):
                    pass
                took.append(time.perf_counter() - began)
        median, worst = statistics.median(took) * 1000, max(took) * 1000
        print(f"one edit in 1,000 rules, told to another client: {median:.0f} ms (median), {worst:.0f} ms (worst)")
    stack.cli("destroy", "bench-rules")


def run(stack: Stack, rounds: int = 7) -> None:
    """Prints medians and ratios."""
    for driver in ("legacy", "nft"):
        _apart(driver, rounds)
    _edits(stack)
    for size in SIZES:
        with stack.client() as client:
            done = client.request(NewLab(id="n", lab="bench-load", document=_document(size)))
            seconds = getattr(done, "deploy_seconds", None) or 0.0
            print(f"rules {size:>6} in a document, a new lab included, until read back: {seconds * 1000:.0f} ms")
        stack.cli("destroy", "bench-load")
