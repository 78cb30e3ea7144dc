"""Laws of names and record ids: what is put together comes apart again, and records are called what `ids` says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import labs
from tests.unit.test_laws import quick
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import HOST, Area, Chain, Interface, Lab, Namespace, Note, Placement, Records, Style

names = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1, max_size=15)
interface_names = st.text(st.characters(exclude_characters="/:", exclude_categories=("Cs",)), min_size=1, max_size=15)


@quick
@given(names, interface_names)
def test_a_ref_is_read_as_it_is_written(namespace: str, name: str) -> None:
    ref = ids.Ref(namespace, name)
    assert ids.Ref.parse(str(ref)) == ref
    assert str(ref) == ids.join(namespace, name)
    assert (ids.namespace_of(str(ref)), ids.name_of(str(ref))) == ref
    assert ids.is_ref(str(ref))


@quick
@given(names)
def test_a_namespace_alone_is_a_ref_without_a_name(namespace: str) -> None:
    assert ids.Ref.parse(namespace) == ids.Ref(namespace, "")
    assert (ids.namespace_of(namespace), ids.name_of(namespace)) == (namespace, "")
    assert not ids.is_ref(namespace)


@quick
@given(names, interface_names)
def test_the_id_of_an_interface_comes_apart_again(namespace: str, name: str) -> None:
    ref = ids.join(namespace, name)
    assert ids.Ref(namespace, name).id == ids.interface(ref) == ids.node(ref)
    assert (ids.kind_of(ids.interface(ref)), ids.subject_of(ids.interface(ref))) == ("interface", ref)
    assert ids.ref_of(ids.interface(ref)) == ref
    assert ids.is_interface(ids.interface(ref))
    assert not ids.is_namespace(ids.interface(ref))


@quick
@given(names)
def test_the_ids_of_a_node_hold_its_name(node: str) -> None:
    assert ids.node(node) == ids.namespace(node)
    assert ids.is_namespace(ids.node(node))
    for make, kind in ((ids.namespace, "namespace"), (ids.placement, "placement"), (ids.style, "style"), (ids.namespace_live, "netns")):
        assert (ids.kind_of(make(node)), ids.subject_of(make(node))) == (kind, node)


@quick
@given(labs())
def test_records_are_called_what_ids_says(lab: Records) -> None:
    for key, record in lab.items():
        match record:
            case Lab():
                assert key == ids.LAB
            case Namespace():
                assert key == ids.namespace(record.name)
            case Interface():
                assert key == ids.interface(record.ref) == ids.Ref(record.namespace, record.name).id
            case Placement():
                assert key == ids.placement(record.node)
            case Style():
                assert key == ids.style(record.node)
            case Chain():
                assert key == ids.chain(record.namespace, record.family, record.table, record.name)
            case Area() | Note():
                assert ids.subject_of(key) == record.name


@quick
@given(names, st.text(min_size=1, max_size=28))
def test_the_id_of_a_chain_comes_apart_again(namespace: str, name: str) -> None:
    assert ids.chain_parts(ids.chain(namespace, "ipv4", "filter", name)) == (namespace, "ipv4", "filter", name)


@quick
@given(labs())
def test_a_node_is_a_record(lab: Records) -> None:
    for node in Graph(lab).nodes():
        assert ids.node(node) in lab or node == HOST


@pytest.mark.parametrize("name", ["", "A", "a_b", "x" * 41, "../x", "a\n", "é"])
def test_what_is_no_name_of_a_lab(name: str) -> None:
    assert ids.LAB_NAME.fullmatch("two-namespaces")
    assert not ids.LAB_NAME.fullmatch(name)
