"""What the kernel refuses of a lab's document at a start: left out, named, kept in the document, and tried again when asked."""

from collections.abc import Iterator

import pytest

from cli.client import Client
from protocol.public import Done, Edit, Export, Exported, NewLab, Open, Snapshot, StartLab, StopLab
from tests.support import Stack, eventually
from topology.edit import commands as c
from topology.model.records import Route

DOCUMENT = {
    "vethboard": 1,
    "namespaces": {
        "a": {"interfaces": {"e0": {"kind": "veth", "peer": "b/e0", "addresses": ["10.0.0.1/24", "2001:db8::1/64"]}}},
        "b": {"interfaces": {"e0": {"kind": "veth", "peer": "a/e0", "addresses": ["10.0.0.2/24"]}}},
    },
}
LOST = ("route:a/10.8.0.0/24", "route:a/10.9.0.0/24")
GATEWAY_GONE = """
ip addr add 10.7.0.1/24 dev e0
ip route add 10.8.0.0/24 via 10.7.0.9
ip route add 10.9.0.0/24 via 10.7.0.10
ip route add 10.6.0.0/24 via 10.0.0.2
ip addr del 10.7.0.1/24 dev e0
"""


def snapshot(client: Client, lab: str) -> Snapshot:
    found = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(found, Snapshot)
    return found


@pytest.mark.parametrize("policy", ["follow", "flag", "enforce"])
def test_one_refused_entry_is_a_problem_of_that_entry(stack: Stack, policy: str) -> None:
    lab = f"left-out-{policy}"
    with stack.client() as client:
        client.request(NewLab(id="new", lab=lab, document=DOCUMENT))
        stack.inside(lab, "a", "sh", "-ec", GATEWAY_GONE)
        client.request(StopLab(id="stop", lab=lab))  # at once: what a shell has just done is kept
        before = snapshot(client, lab).desired
        assert set(LOST) <= before.keys()
        client.request(Edit(id="policy", lab=lab, commands=(c.SetLab(policy=policy),)))  # type: ignore[arg-type]
        started = client.request(StartLab(id="start", lab=lab))
        assert isinstance(started, Done)
        assert [(p.subject, p.message) for p in started.left_out] == [(key, "Nexthop has invalid gateway") for key in LOST]
        assert "10.6.0.0/24 via 10.0.0.2" in stack.inside(lab, "a", "ip", "route")
        eventually(lambda: set(LOST) == set(snapshot(client, lab).drift))
        found = snapshot(client, lab)
        assert {k: r for k, r in found.desired.items() if k != "lab:"} == {k: r for k, r in before.items() if k != "lab:"}
        assert set(LOST) <= {w.subject for w in found.warnings}

        # what a shell does beside it is seen to as always, and does not touch it
        stack.inside(lab, "b", "ip", "link", "set", "e0", "mtu", "1400")
        mtu = {"follow": 1400, "flag": 1400, "enforce": 1500}[policy]
        eventually(lambda: f" mtu {mtu} " in stack.inside(lab, "b", "ip", "link", "show", "e0"))
        eventually(lambda: set(LOST) <= set(snapshot(client, lab).drift))
        assert set(LOST) <= snapshot(client, lab).desired.keys()

        # made possible, it is tried again when its drift is reverted
        stack.cli("policy", lab, "flag")
        stack.inside(lab, "a", "ip", "addr", "add", "10.7.0.1/24", "dev", "e0")
        client.request(Edit(id="revert", lab=lab, commands=(c.RevertDrift(ids=LOST),)))
        assert "10.8.0.0/24 via 10.7.0.9" in stack.inside(lab, "a", "ip", "route")
        eventually(lambda: not set(LOST) & set(snapshot(client, lab).drift))
        eventually(lambda: not set(LOST) & {w.subject for w in snapshot(client, lab).warnings})
    stack.cli("destroy", lab)


@pytest.mark.parametrize(
    ("family", "route"),
    [
        ("-4", "default via 10.0.0.99 dev e0 onlink"),
        ("-4", "10.12.0.0/24 via inet6 2001:db8::2 dev e0"),
        ("-6", "2001:db8:9::/64 dev e0 src 2001:db8::1"),
    ],
)
def test_a_route_that_a_shell_made_comes_back(stack: Stack, family: str, route: str) -> None:
    lab = "route-" + str(abs(hash(route)) % 1000)
    with stack.client() as client:
        client.request(NewLab(id="new", lab=lab, document=DOCUMENT))
        eventually(lambda: "tentative" not in stack.inside(lab, "a", "ip", "addr"))
        stack.inside(lab, "a", "ip", "route", "add", *route.split())
        eventually(lambda: any(isinstance(r, Route) for r in snapshot(client, lab).desired.values()))
        shown = stack.inside(lab, "a", "ip", family, "route", "show", route.split()[0])
        client.request(StopLab(id="stop", lab=lab))
        started = client.request(StartLab(id="start", lab=lab))
        assert isinstance(started, Done)
        assert started.left_out == ()
        assert stack.inside(lab, "a", "ip", family, "route", "show", route.split()[0]) == shown
        client.request(NewLab(id="again", lab=f"{lab}-2", document=stack.json("export", lab)))  # type: ignore[arg-type]
    stack.cli("destroy", lab)
    stack.cli("destroy", f"{lab}-2")


def test_export_and_stop_say_what_documents_do_not_hold(stack: Stack) -> None:
    with stack.client() as client:
        client.request(NewLab(id="new", lab="unheld", document=DOCUMENT))
        exported = client.request(Export(id="before", lab="unheld"))
        assert isinstance(exported, Exported)
        assert exported.unheld == ()
        stack.inside("unheld", "a", "tc", "qdisc", "add", "dev", "e0", "root", "tbf", "rate", "1mbit", "burst", "10k", "latency", "50ms")
        stack.inside("unheld", "b", "ip", "rule", "add", "from", "10.0.0.0/24", "lookup", "100")
        expected = [("interface:a/e0", "qdisc tbf"), ("namespace:b", "ip rule 32765: from 10.0.0.0/24 lookup 100")]
        eventually(lambda: [(p.subject, p.message) for p in _exported(client, "unheld").unheld] == expected)
        only = client.request(Export(id="part", lab="unheld", ids=("namespace:b",)))
        assert isinstance(only, Exported)
        assert [p.subject for p in only.unheld] == ["namespace:b"]
        done = client.request(StopLab(id="stop", lab="unheld"))
        assert isinstance(done, Done)
        assert [(p.subject, p.message) for p in done.unheld] == expected
    stack.cli("destroy", "unheld")


def _exported(client: Client, lab: str) -> Exported:
    found = client.request(Export(id=client.next_id(), lab=lab))
    assert isinstance(found, Exported)
    return found


@pytest.fixture
def own() -> Iterator[Stack]:
    made = Stack()
    yield made
    made.close()


def test_a_server_that_is_started_again_knows_what_was_left_out(own: Stack) -> None:
    with own.client() as client:
        client.request(NewLab(id="new", lab="again", document=DOCUMENT))
        own.inside("again", "a", "sh", "-ec", GATEWAY_GONE)
        client.request(StopLab(id="stop", lab="again"))
        client.request(StartLab(id="start", lab="again"))
    own.kill("server")
    own.live("again")
    own.inside("again", "b", "ip", "link", "set", "e0", "mtu", "1400")
    with own.client() as client:
        eventually(lambda: getattr(snapshot(client, "again").desired["interface:b/e0"], "mtu", None) == 1400)
        found = snapshot(client, "again")
        assert set(LOST) <= found.desired.keys()
        assert set(LOST) <= set(found.drift)
        assert any("a change or a start failed there" in w.message for w in found.warnings)
        client.request(Edit(id="edit", lab="again", commands=(c.AddNamespace(name="more"),)))
        undone = client.request(Edit(id="undo", lab="again", commands=(c.Undo(),)))
        assert isinstance(undone, Done)
        assert set(LOST) <= snapshot(client, "again").desired.keys()
    own.cli("destroy", "again")


def test_many_routes_that_lost_their_gateway_are_left_out_at_once(stack: Stack) -> None:
    lines = "\n".join(f"route add 10.{80 + n // 200}.{n % 200}.0/24 via 10.7.0.9" for n in range(300))
    shell = f"ip addr add 10.7.0.1/24 dev e0; printf '%s\n' '{lines}' | ip -batch -; ip addr del 10.7.0.1/24 dev e0"
    with stack.client() as client:
        client.request(NewLab(id="new", lab="many", document=DOCUMENT))
        stack.inside("many", "a", "sh", "-ec", shell)
        client.request(StopLab(id="stop", lab="many"))
        started = client.request(StartLab(id="start", lab="many"))
        assert isinstance(started, Done)
        assert len(started.left_out) == 300
        assert len({p.subject for p in started.left_out}) == 300
        assert {p.message for p in started.left_out} == {"Nexthop has invalid gateway"}
    stack.cli("destroy", "many")


def test_what_belongs_to_the_uplink_is_held() -> None:
    stack = Stack("--allow-uplink")
    try:
        stack.cli("new", "up")
        stack.cli("uplink", "up", "on")
        eventually(lambda: "uplink0" in stack.inside("up", "host", "ip", "route"))
        stack.inside("up", "host", "ip", "link", "set", "lo", "alias", "seen")
        with stack.client() as client:
            eventually(lambda: [(p.subject, p.message) for p in _exported(client, "up").unheld] == [("interface:host/lo", "alias seen")])
    finally:
        stack.close()
