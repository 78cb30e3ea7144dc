"""Random documents on the kernel: applied twice is nothing, the export is the document, the exported script builds the same network."""

import os
import random
import subprocess
from functools import cache

import pytest

from tests.documents import made
from tests.kernel.test_apply import Kernel, with_kernel
from topology.document import document
from topology.model import ids
from topology.model.drawing import is_drawing
from topology.model.kinds import BY_WORD
from topology.model.records import Namespace, Records, as_records
from topology.observe.normal import comparable, drift
from topology.observe.unheld import unheld
from topology.plan.iproute2 import script

COUNT = int(os.environ.get("VETHBOARD_DOCUMENTS", "16"))
"""How many documents are tried: few in script/test; 2,000 by hand, VETHBOARD_DOCUMENTS=2000."""


@cache
def kinds() -> frozenset[str]:
    """The words of the kinds that this kernel has."""
    return frozenset(word for word, kind in BY_WORD.items() if kind.KIND.builtin or _has(word))


@cache
def vlans() -> bool:
    """Whether its bridges filter VLANs."""
    line = "ip link add br0 type bridge vlan_filtering 1"
    return subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", line], capture_output=True).returncode == 0


def _has(word: str) -> bool:
    on = {"vlan": "id 5", "vxlan": "id 5 dstport 4789", "macvlan": ""}.get(word, "")
    link = "link br0 " if BY_WORD[word].KIND.lower is not None and BY_WORD[word].KIND.lower.required else ""  # type: ignore[union-attr]
    line = f"ip link add br0 type bridge && ip link add {link}x0 type {word} {on}"
    return subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", line], capture_output=True).returncode == 0


def exported(kernel: Kernel, records: Records) -> str:
    """What `vethboard export --observed` prints."""
    kept = {key: r for key, r in records.items() if key == ids.LAB or is_drawing(key)}
    return document.dump({**kept, **comparable(kernel.observed.records, records)})


def differences(kernel: Kernel, records: Records) -> str:
    """What differs, in words of the commands that would settle it; empty where nothing does."""
    return "\n".join([*drift(records, kernel.observed.records), *kernel.shell_to(records)])


def applied(records: Records) -> None:
    def body(kernel: Kernel) -> None:
        kernel.watch.on_events()  # begins to watch the sysctls of host
        for _ in range(3):  # as the server does
            kernel.desired = kernel.observed.like = records
            kernel.observed.fold(())
            if not kernel.steps_to(records):
                break
            done = kernel.apply(records)
            if done.problem is not None:
                raise AssertionError(f"refused: {done.problem}")
        assert not (found := differences(kernel, records)), found
        assert exported(kernel, records) == document.dump(records), "the export is the document"
        assert not (beside := unheld(kernel.observed.live.whole())), beside
        kernel.want(as_records(Namespace(name="host")))
        assert kernel.steps_to(as_records(Namespace(name="host"))) == ()

    with_kernel(body)


def scripted(records: Records) -> None:
    """In a bare namespace."""

    def body(kernel: Kernel) -> None:
        kernel.watch.on_events()
        kernel.desired = kernel.observed.like = records
        done = subprocess.run(["sh", "-c", script(records)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr)
        kernel.watch.barrier()
        kernel.look(*(r.name for r in records.values() if isinstance(r, Namespace)))
        assert not (found := differences(kernel, records)), found

    with_kernel(body, "nft")  # what iptables is here


@pytest.mark.parametrize("number", range(COUNT))
def test_applied_twice_is_nothing_and_the_export_is_the_document(seed: int, number: int) -> None:
    applied(made(random.Random(f"{seed}/{number}"), kinds(), vlans())[1])


@pytest.mark.parametrize("number", range(COUNT))
def test_the_script_builds_the_same_network(seed: int, number: int) -> None:
    scripted(made(random.Random(f"{seed}/{number}"), kinds(), vlans())[1])


def test_an_ipv6_source_is_one_when_dad_has_ended() -> None:
    ends = {"e0": {"kind": "veth", "peer": "b/e0", "addresses": ["2001:db8::1/64"]}}, {"e0": {"kind": "veth", "peer": "a/e0"}}
    routes = [{"to": "2001:db8:9::/64", "dev": "e0", "src": "2001:db8::1"}, {"to": "10.9.0.0/16", "via": "2001:db8::2"}]
    records = document.load({"vethboard": 1, "namespaces": {"a": {"interfaces": ends[0], "routes": routes}, "b": {"interfaces": ends[1]}}})
    applied(records)
    scripted(records)
