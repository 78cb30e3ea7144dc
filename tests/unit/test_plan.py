"""Laws of the plan: it ends at what is wanted, it is empty when nothing differs, and the way back is a plan too."""

from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.strategies import labs
from topology.model.base import PortVlan
from topology.model.kinds.vlan import Vlan
from topology.model.records import Bridge, Namespace, Records, Veth, as_records, replace
from topology.observe.normal import comparable, normalise
from topology.plan import iproute2, kernel_model
from topology.plan import steps as s
from topology.plan.kernel_model import Model, with_default_pvid
from topology.plan.plan import plan

BASELINE = {"net.ipv4.ip_forward": "0", "net.ipv4.ip_local_port_range": "32768 60999"}
FRESH = as_records(Namespace(name="host"))


def after(observed: Records, steps: s.Plan) -> Records:
    """What the model of the kernel is after the steps, in normal form."""
    model = Model(observed)
    for step in steps:
        model.do(step)
    return normalise(model.records, BASELINE)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(labs(), labs())
def test_a_plan_ends_at_what_is_wanted(desired: Records, observed: Records) -> None:
    observed = comparable(observed, desired)
    want = comparable(desired, desired)
    if any(isinstance(r, Namespace) and r.nsid is not None for r in observed.values()):
        observed = {k: replace(r, nsid=None) if isinstance(r, Namespace) else r for k, r in observed.items()}
    steps = plan(desired, observed, baseline=BASELINE)
    reached = after(observed, steps)
    assert reached == normalise(want, BASELINE)
    assert plan(desired, reached, baseline=BASELINE) == ()


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(labs())
def test_deploy_and_idempotence(desired: Records) -> None:
    steps = plan(desired, FRESH, baseline=BASELINE)
    assert after(FRESH, steps) == normalise(comparable(desired, desired), BASELINE)
    assert plan(desired, comparable(desired, desired), baseline=BASELINE) == ()


def pair(one: str, other: str) -> list[Veth]:
    (a, _, b), (c, _, d) = one.partition("/"), other.partition("/")
    return [Veth(namespace=a, name=b, peer=other), Veth(namespace=c, name=d, peer=one)]


def test_an_end_that_is_elsewhere_was_moved() -> None:
    spaces = [Namespace(name="host"), Namespace(name="ns0")]
    observed = as_records(*spaces, *pair("host/veth0", "host/veth1"))
    desired = as_records(*spaces, *pair("ns0/veth0", "host/veth1"))
    steps = plan(desired, observed)
    assert [type(step) for step in steps] == [s.MoveInterface, s.SetUp]


def test_every_step_has_its_lines_and_its_effect() -> None:
    assert iproute2._COMMANDS.keys() == kernel_model._EFFECTS.keys() == {*get_args(s.AnyStep)}


def test_a_vlan_that_stays_down_keeps_its_ipv6_address() -> None:
    bridge = Bridge(namespace="host", name="br0")
    vlan = Vlan(namespace="host", name="v0", parent="host/br0", vid=7, up=False, addresses=("10.0.0.1/24", "2001:db8::1/64"))
    desired = as_records(Namespace(name="host"), bridge, vlan)
    reached = after(FRESH, plan(desired, FRESH, baseline=BASELINE))
    assert reached[vlan.id] == vlan


def test_names_that_are_exchanged_need_one_in_between() -> None:
    observed = as_records(Namespace(name="host"), *pair("host/a", "host/b"), *pair("host/c", "host/d"))
    desired = as_records(Namespace(name="host"), *pair("host/c", "host/b"), *pair("host/a", "host/d"))
    steps = plan(desired, observed, {"host/a": "host/c", "host/c": "host/a"})
    assert [type(step) for step in steps] == [s.MoveInterface] * 3
    assert after(observed, steps) == desired


@pytest.mark.parametrize(
    ("vlans", "old", "new", "expected"),
    [
        ("1pu 5", 1, 7, "5 7pu"),  # the default PVID moves
        ("1pu 7", 1, 7, "1pu 7"),  # not where the new one is there already
        ("1p", 1, 7, "1p"),  # nor where it was made another than the default
        ("1pu 5", 1, 0, "5"),
        ("5pu", 0, 7, "5u 7pu"),  # from none, every port gets it
        ("7", 0, 7, "7"),
    ],
)
def test_a_new_default_pvid_and_ports_with_vlans_of_their_own(vlans: str, old: int, new: int, expected: str) -> None:
    def read(text: str) -> tuple[PortVlan, ...]:
        return tuple(PortVlan(vid=int(word.rstrip("pu")), pvid="p" in word, untagged="u" in word) for word in text.split())

    assert with_default_pvid(read(vlans), old, new) == read(expected)
