"""The topologies of `examples/`, ready to be made into labs."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from protocol.public import Example

FOLDER = Path(__file__).resolve().parents[2] / "examples"


@cache
def all_examples() -> tuple[Example, ...]:
    """All there are, those without rules first, of them the smallest. Each is deployed by a test, so each is a document."""
    documents = [msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) for path in sorted(FOLDER.glob("*.json"))]
    documents.sort(key=lambda d: (_ruled(d), len(d["namespaces"])))
    return tuple(Example(name=d["name"], description=d["description"], document=d) for d in documents)


def _ruled(document: dict[str, Any]) -> bool:
    return any("filter" in namespace for namespace in document["namespaces"].values())
