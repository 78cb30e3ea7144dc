"""What libxtables says of options, and that the browser finds no fault with a rule that iptables itself has printed.

UPDATE=1 writes tests/vectors/printed-rules.json anew: the rules of tests/data/rules.txt as iptables prints them, with its options.
"""

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from agent.filter import option_types
from agent.filter.extensions import listing
from protocol.private import ListExtensions
from tests.kernel.test_apply import Kernel, with_kernel
from tests.kernel.test_rules import listed, reference
from topology.model.netfilter import FAMILIES, Family
from topology.model.records import Namespace, as_records
from topology.rules.vocabulary import Extension, Option, read

FILE = Path(__file__).parents[1] / "vectors" / "printed-rules.json"


def vocabulary(family: Family) -> dict[tuple[str, str], Extension]:
    run = listing(ListExtensions(id=1, channel=1, family=family))
    said = subprocess.run(run.argv, capture_output=True, text=True, check=True).stdout
    return {(e.kind, e.name): e for e in read(option_types.listing(family) + said)[1]}


def option(found: dict[tuple[str, str], Extension], kind: str, extension: str, name: str) -> Option:
    return next(o for o in found[kind, extension].options if name in o.names)


@pytest.mark.parametrize("family", FAMILIES)
def test_types_are_those_of_libxtables(family: Family) -> None:
    found = vocabulary(family)

    def shape(kind: str, extension: str, name: str) -> tuple[int, str, bool]:
        one = option(found, kind, extension, name)
        return one.arity, one.value, one.negate

    assert shape("match", "set", "--match-set") == (2, "text", True)
    assert shape("target", "SET", "--add-set")[0] == 2
    assert shape("target", "SET", "--exist")[0] == 0
    assert shape("target", "CONNMARK", "--save-mark") == (0, "none", False)
    assert shape("target", "CONNMARK", "--nfmask") == (1, "number", False)
    assert shape("match", "hashlimit", "--hashlimit-htable-expire") == (1, "number", False)
    assert shape("match", "hashlimit", "--hashlimit-rate-match")[0] == 0
    assert shape("match", "sctp", "--chunk-types")[0] == 2
    assert shape("match", "tcp", "--tcp-flags") == (2, "text", True)
    assert shape("match", "tcp", "--syn") == (0, "none", True)
    assert shape("match", "udp", "--dport") == (1, "port", True)
    assert shape("match", "mark", "--mark") == (1, "mark", True)
    assert shape("match", "time", "--contiguous")[0] == 0
    assert shape("match", "statistic", "--mode")[:1] == (1,)
    assert sum(len(e.options) for e in found.values()) > 280


def test_rules_as_they_are_printed() -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ref")))
        rules: list[dict[str, str]] = []
        for family in FAMILIES:
            reference(kernel, family)
            for table, lines in listed(kernel, family, "ref").items():
                for line in lines:
                    if line.startswith("-A "):
                        _, chain, *rule = line.split(" ", 2)
                        rules.append({"family": family, "table": table, "chain": chain, "rule": rule[0] if rule else ""})
        extensions = {family: [_bare(e) for e in vocabulary(family).values()] for family in FAMILIES}
        version = subprocess.run(["iptables", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        found = {"version": version, "extensions": json.loads(msgspec.json.encode(extensions)), "rules": rules}
        if os.environ.get("UPDATE"):
            FILE.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n")
        kept = json.loads(FILE.read_text())
        assert kept["version"] != version or kept == found

    with_kernel(body)


def _bare(extension: Extension) -> Extension:
    """Without the words for people, which the browser's faults do not need."""
    options = tuple(msgspec.structs.replace(o, help="", argument="") for o in extension.options)
    return msgspec.structs.replace(extension, options=options, help="", summary="")
