"""The documents in the folder `examples/`."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from protocol.public import Example

FOLDER = Path(__file__).resolve().parents[2] / "examples"


@cache
def all_examples() -> tuple[Example, ...]:
    """All examples: first those without iptables rules, then by the number of namespaces. They are valid: a test deploys each of them."""
    documents = [msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) for path in sorted(FOLDER.glob("*.json"))]
    documents.sort(key=lambda d: (_has_rules(d), len(d["namespaces"])))
    return tuple(Example(name=d["name"], description=d["description"], document=d) for d in documents)


def _has_rules(document: dict[str, Any]) -> bool:
    return any("filter" in namespace for namespace in document["namespaces"].values())
