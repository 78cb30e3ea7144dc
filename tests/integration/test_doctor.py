"""doctor makes a real sandbox: it says no where no lab can start, in the kernel's words, and changes nothing of the machine."""

import asyncio
import errno
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent import doctor as tried
from agent.sandbox.starter import Order
from protocol.public import Check
from tests.leaks import left_over, machine
from tests.support import ROOT


def doctor(*before: str) -> dict[str, Check]:
    """By name."""
    argv = [*before, sys.executable, "-m", "agent", "--check", "--json"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, timeout=120)
    return {check.name: check for check in msgspec.json.decode(done.stdout, type=list[Check])}


@pytest.mark.machine
def test_a_machine_that_can() -> None:
    before, groups = machine(), {str(p) for p in Path("/sys/fs/cgroup").glob("**/vethboard-doctor*")}
    found = doctor()
    assert not left_over(before, machine())
    assert {str(p) for p in Path("/sys/fs/cgroup").glob("**/vethboard-doctor*")} == groups
    assert found["sandbox"].ok
    assert found["a packet between two namespaces"].ok
    assert found["firewall legacy"].ok or found["firewall nft"].ok


UNABLE = {
    "no user namespaces": (
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"',
        "sh",
    ),
    "ids that are mapped": ("unshare", "--user", "--map-root-user"),
}
"""What stands before the command, and makes it one on a machine where no lab can start."""


@pytest.mark.parametrize("name", UNABLE)
def test_a_machine_that_cannot(name: str) -> None:
    found = doctor(*UNABLE[name])["sandbox"]
    assert (found.ok, found.needed) == (False, True)
    assert "no lab can start: " in found.detail
    assert ("max_user_namespaces" if name == "no user namespaces" else "ids are mapped") in found.mend


def test_modules_that_make_interfaces_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a kernel that loads modules by itself, and has not loaded them."""
    monkeypatch.setattr(tried, "_loads_modules", lambda: True)
    monkeypatch.setattr(tried, "_is_loaded", lambda _module: False)
    made: list[Order] = []

    class Recorder:
        def begin(self, order: Order, *_: object) -> None:
            made.append(order)
            raise OSError(errno.EPERM, "not here")

    found = {check.name: check for check in asyncio.run(tried.checks(Recorder()))}  # type: ignore[arg-type]
    assert {"gre", "dummy", "ifb"}.isdisjoint(made[0].kinds)
    assert {"bridge", "veth", "vxlan"} <= set(made[0].kinds)
    assert "gre0, gretap0, erspan0 would appear on this machine" in found["gre"].detail
    assert found["sandbox"].detail == "no lab can start: [Errno 1] not here"
