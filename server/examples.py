"""The topologies of `examples/`, ready to be made into labs."""

from functools import cache
from pathlib import Path

import msgspec

from protocol.public import Example
from topology.base import Json

FOLDER = Path(__file__).resolve().parents[1] / "examples"


@cache
def all_examples() -> tuple[Example, ...]:
    """All there are, those without rules first, then those with the fewest namespaces. Each is deployed by a test, so each is a document."""
    documents = [msgspec.json.decode(path.read_bytes(), type=dict[str, Json]) for path in sorted(FOLDER.glob("*.json"))]
    documents.sort(key=lambda d: (any("filter" in n for n in d["namespaces"].values()), len(d["namespaces"])))
    return tuple(Example(name=d["name"], description=d["description"], document=d) for d in documents)
