"""Applies that fail in the middle, in every way that can be brought about: afterwards the kernel is as it was, or what is left is named."""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.lab.kernel import Kernel
from agent.netlink.namespaces import Netns
from agent.netlink.wire import NetlinkError, Refusal
from protocol import private as p
from topology.document import document
from topology.model.netfilter import DRIVERS, Driver
from topology.model.problems import Code
from topology.model.records import Chain, Records
from topology.observe.facts import AnyFact
from topology.observe.observed import Observed
from topology.plan import steps as s
from topology.plan.plan import plan

EXAMPLES = Path(__file__).parents[2] / "examples"


class Lab:
    """A lab process without its client."""

    def __init__(self, driver: Driver = "legacy") -> None:
        self.observed = Observed({})
        self.kernel = Kernel(driver, lambda _facts: None)
        self.again()

    def again(self) -> Records:
        """What an observer sees who comes now."""
        self.observed = Observed(self.kernel.baseline)
        self.observed.fold(self.kernel.everything())
        return self.observed.records

    def steps(self, wanted: Records) -> tuple[s.AnyStep, ...]:
        return plan(wanted, self.again(), None, self.kernel.baseline, self.observed.initial_mac)

    def apply(self, wanted: Records) -> p.Applied:
        return self.apply_steps(self.steps(wanted))

    def apply_steps(self, steps: tuple[s.AnyStep, ...]) -> p.Applied:
        return self.kernel.apply(p.Apply(id=1, steps=steps))

    def build(self, wanted: Records) -> Records:
        assert self.apply(wanted).problem is None
        return self.again()


def example(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return found


def with_lab(body: Callable[[Lab], None], driver: Driver = "legacy") -> None:
    async def run() -> None:
        body(Lab(driver))

    asyncio.run(run())


def with_rules(name: str, *rules: str, namespace: str = "host", table: str = "filter") -> Records:
    """The records of an example with these rules, which a document might be refused for."""
    chain = Chain(namespace=namespace, family="ipv4", table=table, name="INPUT" if table == "filter" else "PREROUTING", rules=rules)
    return {**document.load(json.dumps(example(name))), chain.id: chain}


def strangely_built(count: int) -> Records:
    """Another document, with namespaces of other names, so that it takes many steps from an example to it."""
    ends = {f"v{n}": {"kind": "veth", "peer": f"n{n}/eth0"} for n in range(count)}
    inside = {f"n{n}": {"interfaces": {"eth0": {"kind": "veth", "peer": f"host/v{n}"}}} for n in range(count)}
    return document.load(json.dumps({"vethboard": 1, "namespaces": {"host": {"interfaces": ends}, **inside}}))


def test_a_typo_is_found_before_the_first_step() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        index = os.stat("/run/netns/web").st_ino
        done = lab.apply(with_rules("two-subnets-router", "-p tcp --dprt 80 -j DROP"))
        assert done.problem is not None
        assert done.problem.message == 'unknown option "--dprt"'
        assert (done.problem.rule, done.problem.causes) == (1, ())
        assert os.stat("/run/netns/web").st_ino == index
        assert lab.again() == before

    with_lab(body)


def test_what_the_kernel_refuses_of_rules_is_found_before_the_first_step() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(with_rules("container-host", "-s 10.0.0.1 -j DROP"))
        done = lab.apply(with_rules("container-host", "-s 10.0.0.1 -j DROP", "-j DNAT --to-destination 10.0.0.1", namespace="web"))
        assert done.problem is not None
        assert done.problem.subject == "chain:web/ipv4/filter/INPUT"
        assert lab.again() == before

    with_lab(body)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("rule", ["-s 10.0.0.9/32 -h", "-p tcp --help", "-V", "-6 -j DROP"])
def test_help_in_a_rule_is_no_success(driver: Driver, rule: str) -> None:
    def body(lab: Lab) -> None:
        before = lab.build(with_rules("two-namespaces", "-s 10.0.0.1/32 -j DROP", "-s 10.0.0.2/32 -j DROP", namespace="ns0"))
        for rules in (
            ("-s 10.0.0.1/32 -j DROP", "-s 10.0.0.2/32 -j DROP", rule),  # one step: read back
            ("-s 10.0.0.1/32 -j DROP", rule),  # a rule that is replaced: their number is no proof
        ):
            done = lab.apply(with_rules("two-namespaces", *rules, namespace="ns0"))
            assert done.problem is not None, rules
            assert done.problem.code == Code.REFUSED
            assert lab.again() == before
        assert lab.apply(with_rules("two-subnets-router", rule)).problem is not None  # many steps: tried before
        assert lab.again() == before

    with_lab(body, driver)


def test_a_word_that_looks_like_help_may_be_a_comment() -> None:
    def body(lab: Lab) -> None:
        lab.build(with_rules("two-namespaces", '-m comment --comment "-h" -j DROP'))

    with_lab(body)


def test_a_lock_that_is_held_is_named_and_nothing_is_changed() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        holder = subprocess.Popen(["flock", "/run/xtables.lock", "sleep", "30"], start_new_session=True)
        time.sleep(0.3)
        for wanted in (with_rules("container-host", "-j DROP"), with_rules("two-subnets-router", "-j DROP")):
            done = lab.apply(wanted)
            assert done.problem is not None
            assert done.problem.code == Code.UNAVAILABLE
            assert f"process {holder.pid} (flock /run/xtables.lock sleep 30)" in done.problem.message
            assert done.problem.causes == ()
        os.killpg(holder.pid, signal.SIGKILL)
        assert lab.again() == before

    with_lab(body)


def test_a_lock_that_is_taken_during_the_apply_is_waited_for_by_the_roll_back() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(with_rules("container-host", "-s 10.0.0.1/32 -j DROP"))
        wanted = {**strangely_built(3), **{k: r for k, r in with_rules("two-namespaces", "-j ACCEPT").items() if k.startswith("chain:")}}
        taken = os.open("/run/xtables.lock", os.O_RDWR | os.O_CREAT)
        alone = lab.kernel.filters.driver.alone
        assert [step for step in lab.steps(wanted) if isinstance(step, s.ChangeTable) and step.expects]

        def late(place: Netns) -> contextlib.AbstractContextManager[bool]:
            fcntl.flock(taken, fcntl.LOCK_EX)
            threading.Timer(4, lambda: fcntl.flock(taken, fcntl.LOCK_UN)).start()
            lab.kernel.filters.driver.alone = alone  # type: ignore[method-assign]
            return alone(place)

        lab.kernel.filters.driver.alone = late  # type: ignore[method-assign]
        done = lab.apply(wanted)
        assert done.problem is not None
        assert done.problem.code == Code.UNAVAILABLE
        assert done.problem.causes == ()
        assert lab.again() == before

    with_lab(body)


def test_a_program_that_is_killed() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        stop = threading.Event()
        lock = os.open("/run/xtables.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)  # it waits for that until it is killed

        def kill() -> None:
            while not stop.is_set():
                for entry in os.listdir("/proc"):
                    if entry.isdecimal() and int(entry) > 1:
                        try:
                            if b"legacy-restore" in Path("/proc", entry, "cmdline").read_bytes():
                                os.kill(int(entry), signal.SIGKILL)
                                stop.set()
                        except OSError:
                            continue

        killer = threading.Thread(target=kill)
        killer.start()
        done = lab.apply(with_rules("two-subnets-router", "-j DROP"))
        stop.set()
        killer.join()
        os.close(lock)
        assert done.problem is not None
        assert lab.again() == before

    with_lab(body)


@pytest.mark.parametrize(
    "error", [NetlinkError(Refusal(16, "Device or resource busy")), TimeoutError("timed out"), OSError(105, "ENOBUFS"), KeyError("x")]
)
@pytest.mark.parametrize("what", ["request", "dump"])
def test_a_socket_that_fails_in_the_middle(what: str, error: Exception) -> None:
    """The error is raised after so many uses of a socket, at each place of the apply in turn."""

    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        channel = type(lab.kernel.namespaces.host.channel)
        real: Callable[..., object] = getattr(channel, what)
        for at in range(0, 40, 3):
            left = [at]

            def failing(self: object, *args: object, left: list[int] = left) -> object:
                left[0] -= 1
                if left[0] == -1:
                    raise error
                return real(self, *args)

            steps = lab.steps(strangely_built(5))
            setattr(channel, what, failing)
            done = lab.kernel.apply(p.Apply(id=1, steps=steps))
            setattr(channel, what, real)
            if left[0] > -1:
                break
            if done.problem is None:  # it hit a reading that was repeated
                assert lab.apply(before).problem is None
            else:
                assert done.problem.causes == (), at
            assert _without_nsids(lab.again()) == _without_nsids(before), at

    with_lab(body)


def test_a_namespace_that_cannot_be_entered() -> None:
    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        source = example("container-host")
        source["namespaces"]["web"]["sysctls"] = {"net.ipv4.ip_forward": 1}  # type: ignore[index]
        source["namespaces"]["extra"] = {}  # type: ignore[index]
        steps = lab.steps(document.load(json.dumps(source)))
        web = lab.kernel.namespaces["web"]
        fd = web.fd

        def visit(netns: object, work: Callable[[], object]) -> object:
            lab.kernel.namespaces.visit = real  # type: ignore[method-assign]
            web.fd = os.open("/dev/null", os.O_RDONLY)  # setns(2): EINVAL
            try:
                return real(netns, work)  # type: ignore[arg-type]
            finally:
                web.fd = fd

        real = lab.kernel.namespaces.visit
        lab.kernel.namespaces.visit = visit  # type: ignore[method-assign,assignment]
        done = lab.kernel.apply(p.Apply(id=1, steps=steps))
        assert done.problem is not None
        assert done.problem.errno == 22
        assert done.problem.causes == ()
        assert lab.again() == before

    with_lab(body)


def test_an_id_that_the_kernel_has_not_freed_is_waited_for() -> None:
    """A process is in a deleted namespace for a while: so long it keeps the nsid that the roll-back needs."""

    def body(lab: Lab) -> None:
        before = lab.build(document.load(json.dumps(example("container-host"))))
        assert any(getattr(r, "nsid", None) is not None for r in before.values())
        stays = [subprocess.Popen(["ip", "netns", "exec", name, "sleep", "1.5"]) for name in ("web", "db", "client")]
        time.sleep(0.3)
        bad = s.AddAddress(subject="interface:host/nope", namespace="host", dev="nope", address="10.0.0.1/24")
        done = lab.kernel.apply(p.Apply(id=1, steps=(*lab.steps(strangely_built(4)), bad)))
        assert done.problem is not None
        assert done.problem.message == 'Cannot find device "nope"'
        assert done.problem.causes == ()
        assert lab.again() == before
        for stay in stays:
            stay.wait()

    with_lab(body)


def test_what_cannot_be_restored_is_named() -> None:
    """The rule of an extension that nobody can load any more: the table is restored as far as it can be."""

    def body(lab: Lab) -> None:
        before = lab.build(with_rules("two-namespaces", "-s 10.0.0.1/32 -j DROP", "-s 10.0.0.2/32 -j DROP", namespace="ns0"))
        restore = lab.kernel.filters.driver.restore

        def refuse(place: object, family: object, text: str, **more: object) -> object:
            text = text.replace("10.0.0.2/32", "10.0.0.2/99")
            return restore(place, family, text, **more)  # type: ignore[arg-type]

        lab.kernel.filters.driver.restore = refuse  # type: ignore[method-assign,assignment]
        bad = s.AddAddress(subject="interface:host/nope", namespace="host", dev="nope", address="10.0.0.1/24")
        done = lab.kernel.apply(p.Apply(id=1, steps=(*lab.steps(strangely_built(2)), bad)))
        lab.kernel.filters.driver.restore = restore  # type: ignore[method-assign]
        assert done.problem is not None
        assert [c.subject for c in done.problem.causes] == ["chain:ns0/ipv4/filter/INPUT"]
        after = lab.again()
        assert {k for k in before if before[k] != after.get(k)} == {"chain:ns0/ipv4/filter/INPUT"}
        assert getattr(after["chain:ns0/ipv4/filter/INPUT"], "rules", None) == ("-s 10.0.0.1/32 -j DROP",)

    with_lab(body)


def _without_nsids(records: Records) -> Records:
    return {k: msgspec.structs.replace(r, nsid=None) if k.startswith("namespace:") else r for k, r in records.items()}  # type: ignore[type-var]


# ---- edits that the server has not concluded -------------------------------------------------------------------------


def test_an_edit_is_remembered_until_it_is_concluded() -> None:
    def body(lab: Lab) -> None:
        first = lab.build(document.load(json.dumps(example("two-namespaces"))))
        wanted = {**first, **{k: r for k, r in strangely_built(2).items() if k not in first}}
        for _ in range(2):  # the rounds of one edit
            assert lab.kernel.apply(p.Apply(id=1, steps=lab.steps(wanted), edit=7)).problem is None
        subprocess.run(["ip", "netns", "add", "later"], check=True)
        lab.kernel.catch_up()
        found = lab.kernel.open_edit()
        assert found is not None
        assert found.number == 7
        assert _without_nsids(_observed(lab, found.before)) == _without_nsids(first)
        after = _observed(lab, (*found.before, *found.changes))
        assert {"namespace:n0", "namespace:n1"} <= after.keys()
        assert "namespace:later" not in after
        lab.kernel.conclude(6)
        assert lab.kernel.open_edit() is not None
        lab.kernel.conclude(7)
        assert lab.kernel.open_edit() is None

    with_lab(body)


def test_what_an_edit_renames_is_remembered() -> None:
    def body(lab: Lab) -> None:
        subprocess.run(["ip", "link", "add", "br0", "type", "bridge"], check=True)
        steps = (s.MoveInterface(subject="interface:host/br0", namespace="host", name="br0", to_namespace="host", to_name="br1"),)
        assert lab.kernel.apply(p.Apply(id=1, steps=steps, edit=7)).problem is None
        found = lab.kernel.open_edit()
        assert found is not None
        assert found.moves == {"host/br1": "host/br0"}

    with_lab(body)


def test_of_a_refused_edit_nothing_is_open() -> None:
    def body(lab: Lab) -> None:
        lab.build(document.load(json.dumps(example("two-namespaces"))))
        bad = s.AddAddress(subject="interface:host/nope", namespace="host", dev="nope", address="10.0.0.1/24")
        steps = (*lab.steps(strangely_built(2)), bad)
        assert lab.kernel.apply(p.Apply(id=1, steps=steps, edit=3)).problem is not None
        assert lab.kernel.open_edit() is None
        assert lab.kernel.apply(p.Apply(id=2, steps=lab.steps(strangely_built(2)), edit=3)).problem is None
        assert lab.kernel.apply(p.Apply(id=3, steps=(bad,), edit=3)).problem is not None
        assert lab.kernel.open_edit() is not None, "its first round is done"

    with_lab(body)


def test_a_process_is_fresh_until_its_document_is_built() -> None:
    def body(lab: Lab) -> None:
        lab.build(document.load(json.dumps(example("two-namespaces"))))
        assert lab.kernel.fresh
        lab.kernel.conclude(0)
        assert not lab.kernel.fresh

    with_lab(body)


def _observed(lab: Lab, facts: tuple[AnyFact, ...]) -> Records:
    observed = Observed(lab.kernel.baseline)
    observed.fold(facts)
    return observed.records.whole()
