"""What a kernel takes without an error and does not show; but an interface that is not up or down, somebody has set so."""

from server.lab.ignored import ignored
from topology.model.problems import Code
from topology.model.records import Bridge
from topology.plan import steps as s


def test_no_kernel_ignores_up_and_down() -> None:
    up = s.SetUp(subject="interface:host/br0", namespace="host", name="br0", up=False)
    assert ignored([up]).problem.code is Code.CONFLICT
    made = s.AddInterface(subject="interface:host/br0", interface=Bridge(namespace="host", name="br0"))
    assert ignored([made]).problem.code is Code.UNSUPPORTED
