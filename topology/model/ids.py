"""Names of things in a lab: `Ref` is how an interface is named (`ns0/veth0`), and a record id is `KIND:NAME` (`interface:ns0/veth0`).

Every record id is made and taken apart here. A record's own `id` property is made with these functions; so is the `subject` of a problem.
"""

import re
from typing import Final, NamedTuple

LAB: Final = "lab:"
"""The id of the lab's own record."""

LAB_NAME: Final = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
"""What the name of a lab may be: it is a file name, a host name (hostname(7)) and part of addresses."""


class Ref(NamedTuple):
    """An interface or a bridge, named by its namespace and its own name. As text it is `namespace/name`."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """`ns0/veth0` → Ref("ns0", "veth0"). Neither part can hold a slash; text without one is a namespace, with an empty name."""
        namespace, _, name = text.partition("/")
        return cls(namespace, name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def id(self) -> str:
        """`interface:ns0/veth0`."""
        return f"interface:{self.namespace}/{self.name}"


def namespace_of(ref: str) -> str:
    """`ns0` of `ns0/veth0`, and of `ns0`."""
    return ref.partition("/")[0]


def name_of(ref: str) -> str:
    """`veth0` of `ns0/veth0`; empty for `ns0`."""
    return ref.partition("/")[2]


def join(namespace: str, name: str) -> str:
    """`ns0/veth0`, the text of a `Ref`."""
    return f"{namespace}/{name}"


def kind_of(record_id: str) -> str:
    """`interface` of `interface:ns0/veth0`."""
    return record_id.partition(":")[0]


def subject_of(record_id: str) -> str:
    """`ns0/veth0` of `interface:ns0/veth0`: the id without its kind."""
    return record_id.partition(":")[2]


def is_ref(node: str) -> bool:
    """Whether `node` names an interface (`host/br0`) and not a namespace (`ns0`)."""
    return "/" in node


def ref_of(text: str) -> str:
    """`ns0/veth0` of `ns0/veth0`, and of the record id `interface:ns0/veth0`."""
    return text.removeprefix(interface(""))


def interface(ref: str) -> str:
    """The id of the interface `ns0/veth0`."""
    return f"interface:{ref}"


def is_interface(record_id: str) -> bool:
    """Whether it is the id of an interface."""
    return kind_of(record_id) == "interface"


def namespace(name: str) -> str:
    """The id of a namespace."""
    return f"namespace:{name}"


def is_namespace(record_id: str) -> bool:
    """Whether it is the id of a namespace."""
    return kind_of(record_id) == "namespace"


def node(text: str) -> str:
    """The id of what is drawn as a node: of the namespace `ns0`, or of the bridge `host/br0`."""
    return interface(text) if is_ref(text) else namespace(text)


def placement(node: str) -> str:
    """The id of the place of a node."""
    return f"placement:{node}"


def style(node: str) -> str:
    """The id of the style of a node."""
    return f"style:{node}"


def chain(namespace: str, family: str, table: str, name: str) -> str:
    """The id of a chain."""
    return f"chain:{namespace}/{family}/{table}/{name}"


class ChainParts(NamedTuple):
    """What the id of a chain is made of."""

    namespace: str
    family: str
    table: str
    name: str


def chain_parts(record_id: str) -> ChainParts:
    """The parts of `chain:ns0/ipv4/filter/INPUT`. A chain's own name may hold slashes. Raises TypeError for another id."""
    return ChainParts(*subject_of(record_id).split("/", 3))


def neighbour(namespace: str, dev: str, address: str) -> str:
    """The id of a neighbour entry."""
    return f"neighbour:{namespace}/{dev}/{address}"


def route(namespace: str, to: str, *words: str) -> str:
    """The id of a route. `words`: what else distinguishes it from others to the same prefix, as `ip route` prints it (`table 100`)."""
    return " ".join((f"route:{namespace}/{to}", *words))


def fdb(namespace: str, dev: str, mac: str, *words: str) -> str:
    """The id of an FDB entry. `words`: what else distinguishes it from others of the same address, as bridge(8) prints it (`vlan 10`)."""
    return " ".join((f"fdb:{namespace}/{dev}/{mac}", *words))


def area(name: str) -> str:
    """The id of an area."""
    return f"area:{name}"


def note(name: str) -> str:
    """The id of a note."""
    return f"note:{name}"


def ip_of(address: str) -> str:
    """`10.0.1.1` of `10.0.1.1/24`."""
    return address.partition("/")[0]


def link_live(ref: str) -> str:
    """The id of the live record of the interface `ns0/veth0`."""
    return f"link:{ref}"


def namespace_live(name: str) -> str:
    """The id of the live record of a namespace."""
    return f"netns:{name}"


def terminal(name: str) -> str:
    """The id of a terminal."""
    return f"terminal:{name}"


def capture(name: str) -> str:
    """The id of a capture."""
    return f"capture:{name}"


def file(path: str) -> str:
    """The id of a file or folder of the lab, as a problem's subject."""
    return f"file:{path}"


def live(kind: str, name: str) -> str:
    """The id of a live record of another kind (`topology.observe.live`), named by its namespace or interface."""
    return f"{kind}:{name}"
