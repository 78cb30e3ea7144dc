"""What the agent reports once and not again: facts of the kernel, and limits that a lab has reached."""

import asyncio
from pathlib import Path

import pytest

from agent.lab.limit_watch import LimitWatch
from agent.limit_events import Counter, LimitEvents
from agent.netlink.fact_cache import GROUPS, CachedFact, FactCache, key
from topology.model.limits import RESERVED_NAMESPACES, Limits
from topology.observe.facts import (
    AddressFact,
    AddressGone,
    AnyFact,
    FdbFact,
    FdbGone,
    IngressFact,
    LinkFact,
    LinkGone,
    NeighbourFact,
    NeighbourGone,
    PolicyRulesFact,
    Proxied,
    ProxiesFact,
    RouteFact,
    RouteGone,
    SysctlFact,
    VlanRow,
    VlansFact,
)
from topology.observe.policy import PolicyRule

LINK = LinkFact(ns="a", index=2, name="br0", kind="bridge")
ADDRESS = AddressFact(ns="a", index=2, address="10.0.0.1/24")
ROUTE = RouteFact(ns="a", to="10.1.0.0/16", via="10.0.0.2", index=2)
NEIGHBOUR = NeighbourFact(ns="a", index=2, address="10.0.0.2", mac="02:00:00:00:00:02", state="permanent")
FDB = FdbFact(ns="a", index=3, mac="02:00:00:00:00:03", vlan=7)
VLANS = VlansFact(ns="a", index=2, vlans=(VlanRow(vid=7),))
RULES = PolicyRulesFact(ns="a", rows=(PolicyRule(family="ipv4", priority=7, table=9),))
PROXIES = ProxiesFact(ns="a", rows=(Proxied(index=2, address="10.0.0.7"),))
INGRESS = IngressFact(ns="a", rows={2: "clsact"})
SYSCTL = SysctlFact(ns="a", key="net.ipv4.ip_forward", value="1")
GONE: list[tuple[CachedFact, AnyFact | None]] = [
    (LINK, LinkGone(ns="a", index=2)),
    (ADDRESS, AddressGone(ns="a", index=2, address="10.0.0.1/24")),
    (ROUTE, RouteGone(ns="a", to="10.1.0.0/16", via="10.0.0.2", index=2, metric=0, table=254)),
    (NEIGHBOUR, NeighbourGone(ns="a", index=2, address="10.0.0.2")),
    (FDB, FdbGone(ns="a", index=3, mac="02:00:00:00:00:03", vlan=7, destination=None, own=False)),
    (VLANS, VlansFact(ns="a", index=2)),
    (RULES, PolicyRulesFact(ns="a")),
    (PROXIES, ProxiesFact(ns="a")),
    (INGRESS, IngressFact(ns="a")),
    (SYSCTL, None),
]
"""A fact of each type, and what withdraws it."""
FACTS = [fact for fact, _ in GONE]


def gone_of(*facts: CachedFact) -> list[AnyFact | None]:
    return [gone for wanted in facts for fact, gone in GONE if fact is wanted]


def filled() -> FactCache:
    cache = FactCache()
    for fact in FACTS:
        assert cache.put(fact) == [fact]
    return cache


def test_a_fact_of_each_type() -> None:
    assert {type(fact) for fact in FACTS} == set(GROUPS)
    assert [type(fact) for fact in filled().facts()] == list(GROUPS)


def test_only_a_change_is_reported() -> None:
    cache = filled()
    assert [cache.put(fact) for fact in FACTS] == [[]] * len(FACTS)
    other = AddressFact(ns="a", index=2, address="10.0.0.1/24", flags=("tentative",))
    assert cache.put(other) == [other]


@pytest.mark.parametrize(("fact", "gone"), GONE, ids=[type(fact).__name__ for fact in FACTS])
def test_what_is_gone_is_withdrawn_once(fact: CachedFact, gone: AnyFact | None) -> None:
    cache = filled()
    assert cache.discard(type(fact), key(fact)) == ([gone] if gone is not None else [])
    assert cache.discard(type(fact), key(fact)) == []
    assert not cache.has_any(type(fact))


def test_a_link_is_gone_with_what_it_has() -> None:
    cache = filled()
    assert cache.discard_link(2) == gone_of(ROUTE, ADDRESS, NEIGHBOUR, LINK)
    assert list(cache.facts()) == [RULES, PROXIES, INGRESS, FDB, SYSCTL]
    assert cache.discard_link(2) == []


def test_a_port_that_leaves_its_bridge() -> None:
    cache = filled()
    own = FdbFact(ns="a", index=3, mac="02:00:00:00:00:04", own=True)
    cache.put(own)
    assert cache.discard_fdb(3) == gone_of(FDB)
    assert own in cache.facts()


def test_all_facts_of_a_type_at_once() -> None:
    cache = filled()
    other = AddressFact(ns="a", index=2, address="10.0.0.9/24")
    assert cache.replace(AddressFact, [other]) == [*gone_of(ADDRESS), other]
    assert cache.replace_all([other, LINK], [LinkFact, AddressFact]) == []


# ---- limits ----------------------------------------------------------------------------------------------------------


def test_namespaces_are_reported_when_there_are_too_many() -> None:
    watch = LimitWatch(Limits(namespaces=10))
    most = 10 - RESERVED_NAMESPACES

    def reported(count: int) -> list[str]:
        return [problem.message for problem in watch.newly_reached(count) if problem.message.startswith("namespaces")]

    assert [reported(n) for n in (most - 1, most, most, most - 1, most)] == [
        [], [f"namespaces: {most} of {most}"], [], [], [f"namespaces: {most} of {most}"],
    ]  # fmt: skip


def test_a_counter_that_grows_is_reported_and_not_again_at_once(tmp_path: Path) -> None:
    file = tmp_path / "pids.events"
    file.write_text("low 3\nmax 1\n")
    counter = Counter("lab", "processes", 60, file, "max")
    assert counter.read() == 1
    assert Counter("lab", "processes", 60, tmp_path / "none", "max").read() == 0
    reported: list[tuple[str, str]] = []

    async def listen() -> None:
        events = LimitEvents(lambda lab, problem: reported.append((lab, problem.message)))
        events.watch_file(counter)
        events.watch_file(Counter("lab", "memory", 60, tmp_path / "none", "oom"))  # there is none
        for text in ("low 4\nmax 1\n", "low 4\nmax 2\n", "low 4\nmax 3\n"):
            file.write_text(text)
            await asyncio.sleep(0.05)
        events.forget("lab")
        file.write_text("max 9\n")
        await asyncio.sleep(0.05)
        events.close()

    asyncio.run(listen())
    assert reported == [("lab", "processes: 60 of 60")]
