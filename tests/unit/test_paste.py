import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ROOT
from tests.unit.strategies import labs
from tests.unit.test_edit import after, refusal
from tests.unit.test_laws import quick
from topology.document.document import dump, load, to_json
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.edit.paste import fragment
from topology.model.base import Json
from topology.model.graph import Graph
from topology.model.kinds import BY_WORD
from topology.model.problems import ProblemError
from topology.model.records import Area, Bridge, Chain, Namespace, Note, Placement, Records, Style, Veth, as_records, replace
from topology.rules.chains import order

SPACES = ("namespace:ns0", "namespace:ns1", "namespace:ns2")


def example(name: str) -> Records:
    return load((ROOT / "examples" / f"{name}.json").read_text())


def copied(records: Records, *ids: str) -> dict[str, Json]:
    out: dict[str, Json] = json.loads(dump(fragment(records, ids)))
    return out


def addresses(records: Records, ref: str) -> tuple[str, ...]:
    record = records[f"interface:{ref}"]
    assert isinstance(record, Veth | Bridge)
    return record.addresses


def test_a_copy_holds_what_is_in_it_and_the_links_among_it() -> None:
    records = example("bridge-with-three")
    alone = copied(records, "namespace:ns0")
    assert alone["namespaces"] == {"host": {}, "ns0": {"interfaces": {"lo": {}}}}
    both = copied(records, "interface:host/br0", "namespace:ns0")
    assert sorted(both["namespaces"]["host"]["interfaces"]) == ["br0", "p0"]
    assert both["namespaces"]["ns0"]["interfaces"]["eth0"]["peer"] == "host/p0"


def test_a_bridge_taken_alone_stands_in_host_and_is_pasted_where_one_says() -> None:
    bridge = c.AddInterface(interface=Bridge(namespace="sw", name="br0"))
    records = after(as_records(Namespace(name="host")), c.AddNamespace(name="sw"), bridge)
    document = copied(records, "interface:sw/br0")
    assert document["namespaces"]["host"]["interfaces"] == {"br0": {"kind": "bridge"}}
    again = after(records, c.Paste(document=document, into="sw"))
    assert "interface:sw/br1" in again
    assert "placement:sw/br1" in again


def test_an_interface_that_needs_no_other_is_copied_alone() -> None:
    dummy, ifb = (BY_WORD[kind](namespace="ns0", name=f"{kind}0", addresses=("10.9.0.1/24",)) for kind in ("dummy", "ifb"))
    records = after(example("two-namespaces"), c.AddInterface(interface=dummy), c.AddInterface(interface=ifb))
    document = copied(records, "interface:ns0/ifb0", "interface:ns0/dummy0", "interface:ns0/veth0")
    assert {name: body["kind"] for name, body in document["namespaces"]["host"]["interfaces"].items()} == {"dummy0": "dummy", "ifb0": "ifb"}
    assert "interface:ns0/ifb1" in after(records, c.Paste(document=document, into="ns0"))
    assert {"interface:ns0/dummy1"} == after(records, c.Duplicate(ids=("interface:ns0/dummy0",))).keys() - records.keys()
    for single in ("veth0", "lo"):
        assert "nothing to copy" in refusal(records, c.Duplicate(ids=(f"interface:ns0/{single}",))).message


def test_into_another_lab_everything_stays_as_it_is() -> None:
    records = example("bridge-with-three")
    document = copied(records, "interface:host/br0", *SPACES)
    fresh = after(as_records(Namespace(name="host")), c.Paste(document=document, at=(0, 0)))
    kept = {k: r for k, r in records.items() if k != "lab:" and not k.startswith("placement:")}
    assert {k: r for k, r in fresh.items() if not k.startswith("placement:")} == kept
    assert fresh["placement:ns0"].x == 0  # type: ignore[union-attr]  # a placement


def test_in_the_same_lab_names_are_new() -> None:
    records = example("bridge-with-three")
    made = edit(records, c.Paste(document=to_json(records)))
    assert made.made == ("interface:host/br1", "namespace:ns3", "namespace:ns4", "namespace:ns5")
    new = after(records, c.Paste(document=to_json(records)))
    assert new["interface:ns3/eth0"] == Veth(namespace="ns3", name="eth0", peer="host/p3", addresses=("10.0.1.1/24",))


def test_a_duplicate_is_plugged_into_the_same_bridge_with_the_next_free_address() -> None:
    new = after(example("bridge-with-three"), c.Duplicate(ids=SPACES[:2]))
    assert addresses(new, "ns3/eth0") == ("10.0.1.4/24",)
    assert addresses(new, "ns4/eth0") == ("10.0.1.5/24",)
    assert Graph(new).master(new["interface:host/p3"]) == new["interface:host/br0"]  # type: ignore[arg-type]  # a veth


def test_routes_and_sysctls_come_along() -> None:
    records = example("two-subnets-router")
    new = after(records, c.Duplicate(ids=tuple(k for k in records if k.startswith("namespace:") and k != "namespace:host")))
    doubled = {k.replace("left2", "left").replace("right2", "right").replace("r2", "r") for k in new.keys() - records.keys()}
    assert doubled <= records.keys()
    assert {k for k in records if k.startswith(("route:", "interface:")) and "host" not in k} <= doubled


def rules(records: Records, key: str) -> tuple[str, ...]:
    chain = records[f"chain:{key}"]
    assert isinstance(chain, Chain)
    return chain.rules


def chains(records: Records, namespace: str) -> list[Chain]:
    return sorted((r for r in records.values() if isinstance(r, Chain) and r.namespace == namespace), key=order)


def filtered() -> Records:
    """Two namespaces on a bridge, with rules."""
    own = Chain(namespace="ns0", family="ipv4", table="filter", name="web", rules=("-i eth0 -p tcp -m tcp --dport 80 -j ACCEPT",))
    built_in = Chain(namespace="ns0", family="ipv4", table="filter", name="INPUT", policy="DROP", rules=("-j web",))
    host = Chain(
        namespace="host",
        family="ipv4",
        table="nat",
        name="POSTROUTING",
        policy="ACCEPT",
        rules=("-j LOG --log-prefix -o", "! -o br0 -j MASQUERADE"),
    )
    return {**example("bridge-with-three"), **as_records(own, built_in, host)}


def test_chains_and_their_rules_come_along() -> None:
    records = filtered()
    copy = copied(records, "namespace:ns0")
    for command in (c.Duplicate(ids=("namespace:ns0",)), c.Paste(document=copy), c.Paste(document=copy, into="ns1")):
        new = after(records, command)
        assert chains(new, "ns3") == [replace(chain, namespace="ns3") for chain in chains(records, "ns0")]
        assert all(chains(new, name) == chains(records, name) for name in ("host", "ns0", "ns1"))


def test_pasted_rules_name_the_interfaces_as_they_are_called_now_and_follow_those_that_are_there() -> None:
    records = filtered()
    again = after(records, c.Paste(document=to_json(records)))
    key = "host/ipv4/nat/POSTROUTING"
    assert rules(again, key) == (*rules(records, key), "! -o br1 -j MASQUERADE")
    into = after(records, c.Paste(document=to_json(records), into="ns1"))
    assert rules(into, "ns1/ipv4/nat/POSTROUTING") == rules(records, key)  # there the bridge is br0 as well
    assert rules(into, key) == rules(records, key)


def test_styles_areas_and_notes_come_along_unlocked() -> None:
    area, note = Area(name="area1", x=0, y=0, w=9, h=9), Note(name="todo", x=1, y=1, w=9, h=9, text="*", locked=True)
    records = as_records(Namespace(name="host"), Namespace(name="ns0"), Style(node="ns0", icon="router", locked=True), area, note)
    new = after(records, c.Duplicate(ids=("namespace:ns0", "area:area1", "note:todo"), by=(10, 10)))
    assert new["area:area2"] == Area(name="area2", x=10, y=10, w=9, h=9)
    assert new["note:todo2"] == Note(name="todo2", x=11, y=11, w=9, h=9, text="*")
    assert new["style:ns1"] == Style(node="ns1", icon="router")


def test_what_cannot_be_copied_is_refused() -> None:
    records = example("two-namespaces")
    assert "nothing to copy" in refusal(records, c.Duplicate(ids=())).message
    assert refusal(records, c.Duplicate(ids=("namespace:host",))).subject == "namespace:host"
    assert refusal(records, c.Duplicate(ids=("namespace:gone",))).subject == "namespace:gone"
    assert refusal(records, c.Paste(document={"vethboard": 1, "nonsense": 1})).subject == "$.nonsense"


@quick
@given(labs(), st.data())
def test_a_copy_is_a_sound_document_and_its_paste_a_sound_lab(lab: Records, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.sampled_from(sorted(lab)), unique=True))
    try:
        part = fragment(lab, ids)
    except ProblemError:
        return
    document = json.loads(dump(part))
    assert len(Graph(load(document)).interfaces) == len(Graph(part).interfaces)
    try:
        new = after(lab, c.Paste(document=document))
    except ProblemError as error:
        reasons = ("gateway", "twice", "already exists")  # what a lab may hold and no edit may make; a VNI that is taken
        assert any(reason in error.problem.message for reason in reasons)  # noqa: PT017
        return
    grown = ("namespace:", "chain:host/")  # what is pasted adds to them
    assert lab.items() <= {**new, **{k: lab[k] for k in lab if k.startswith(grown)}}.items()


@pytest.mark.parametrize("name", ["web", "ns0", "abcdefghijklmno", "eth99"])
def test_names_that_are_taken(name: str) -> None:
    lab = after(as_records(Namespace(name="host")), c.AddInterface(interface=Bridge(namespace="host", name=name)))
    new = after(lab, c.Duplicate(ids=(f"interface:host/{name}",)))
    (made,) = {k for k in new.keys() - lab.keys() if k.startswith("interface:")}
    assert len(made.partition("/")[2]) <= 15


def test_a_bridge_duplicated_within_its_namespace_does_not_cover_the_original() -> None:
    records = example("bridge-with-three")
    new = after(records, c.Duplicate(ids=("interface:host/br0",)))
    old, copy = (new[f"placement:host/{name}"] for name in ("br0", "br1"))
    assert isinstance(old, Placement)
    assert isinstance(copy, Placement)
    assert (old.x, old.y) != (copy.x, copy.y)
