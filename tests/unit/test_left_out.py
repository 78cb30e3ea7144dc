"""A document without what the kernel refuses of it."""

import pytest

from topology.document.document import load
from topology.edit.left_out import left_out
from topology.model.records import Records
from topology.plan import steps as s
from topology.plan.plan import plan

DOCUMENT = """{"vethboard": 1, "namespaces": {
  "host": {"interfaces": {"br0": {"kind": "bridge"}, "p": {"kind": "veth", "peer": "a/e0", "master": "br0"}}},
  "a": {"nsid": 7, "sysctls": {"net.ipv4.ip_forward": "1", "net.ipv4.ip_default_ttl": "9"},
        "interfaces": {"e0": {"kind": "veth", "peer": "host/p", "mtu": 1400, "addresses": ["10.0.0.1/24", "10.7.0.1/24"]},
                       "m": {"kind": "macvlan", "parent": "a/e0"}},
        "routes": [{"to": "default", "via": "10.7.0.9"}, {"to": "10.9.0.0/16", "via": "10.0.0.9"}]}}}"""


def steps_of(records: Records) -> dict[str, s.AnyStep]:
    return {type(step).__name__ + str(getattr(step, "address", "")) + getattr(step, "key", ""): step for step in plan(records, {})}


@pytest.mark.parametrize(
    ("step", "gone", "changed"),
    [
        ("AddAddress10.7.0.1/24", set(), {"interface:a/e0", "route:a/default"}),
        ("SetSysctlnet.ipv4.ip_forward", set(), {"namespace:a"}),
        ("SetNsid", set(), {"namespace:a"}),
        ("AddRoute", {"route:a/default"}, set()),
    ],
)
def test_the_part_alone(step: str, gone: set[str], changed: set[str]) -> None:
    records = load(DOCUMENT)
    smaller = left_out(records, steps_of(records)[step])
    assert records.keys() - smaller.keys() == gone
    assert {key for key in smaller if smaller[key] != records[key]} == changed


def test_an_interface_takes_with_it_what_is_made_on_it() -> None:
    records = load(DOCUMENT)
    add = next(step for step in plan(records, {}) if isinstance(step, s.AddInterface) and step.peer is not None)
    smaller = left_out(records, add)
    assert records.keys() - smaller.keys() >= {"interface:host/p", "interface:a/e0", "interface:a/m", "route:a/default"}
    assert "interface:host/br0" in smaller
    bridge = next(step for step in plan(records, {}) if isinstance(step, s.AddInterface) and step.interface.name == "br0")
    assert left_out(records, bridge)["interface:host/p"].master is None  # type: ignore[union-attr]


def test_a_step_that_makes_nothing_of_the_document_leaves_it_as_it_is() -> None:
    records = load(DOCUMENT)
    assert left_out(records, s.DeleteInterface(subject="interface:a/e0", namespace="a", name="e0")) == records
    assert left_out(records, s.AddNamespace(subject="namespace:x", name="x")) == records
