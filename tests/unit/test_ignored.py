"""What a kernel takes without an error and does not show: said of attributes alone; all else somebody changes at the same time."""

from server.lab.ignored import ignored
from topology.model.problems import Code
from topology.model.records import Bridge
from topology.plan import steps as s


def test_only_attributes_of_interfaces_can_be_unknown_to_a_kernel() -> None:
    up = s.SetUp(subject="interface:host/br0", namespace="host", name="br0", up=False)
    assert ignored([up]).problem.code is Code.CONFLICT
    made = s.AddInterface(subject="interface:host/br0", interface=Bridge(namespace="host", name="br0"))
    assert ignored([made]).problem.code is Code.UNSUPPORTED
