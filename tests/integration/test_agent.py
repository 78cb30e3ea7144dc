"""The agent and its labs, as the server sees them: real processes, a real kernel."""

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from protocol import private as p
from server.control import Control
from server.metrics import Metrics
from tests.integration.agent_client import Agent, Lab
from tests.support import eventually
from topology.model.problems import Code, ProblemError
from topology.model.records import Route, Veth
from topology.observe import facts as f
from topology.plan import steps as s


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    agent = Agent()
    yield agent
    agent.close()


@pytest.fixture
def lab(agent: Agent, request: pytest.FixtureRequest) -> Iterator[Lab]:
    name = re.sub("[^a-z0-9]+", "-", request.node.name).strip("-").removeprefix("test-")[:40]
    assert agent.ask(p.Start(id=1, lab=name)).problem is None
    lab = agent.lab(name)
    lab.attach()
    yield lab
    assert agent.ask(p.Stop(id=2, lab=name)).problem is None


def pid_of(agent: Agent, lab: str) -> int:
    pid: int = msgspec.json.decode((agent.run / "labs" / f"{lab}.json").read_bytes())["pid"]
    return pid


def test_nothing_of_the_machine_is_there(lab: Lab) -> None:
    script = "ls -A /home /root; ls /etc/shadow /usr/local/src/x; cat /proc/1/root/etc/shadow; ls /var/lib"
    _, out, _ = lab.run("host", "sh", "-c", script)
    assert "shadow" not in out
    assert lab.run("host", "sh", "-c", "touch /usr/x")[0] != 0
    assert lab.run("host", "sh", "-c", "mount -o remount,rw /usr")[0] != 0
    assert lab.run("host", "sh", "-c", "echo b > /proc/sysrq-trigger")[0] != 0
    assert lab.run("host", "sh", "-c", "echo x > /proc/sys/kernel/core_pattern")[0] != 0
    assert lab.run("host", "mknod", "/tmp/disk", "b", "8", "0")[0] != 0
    assert lab.run("host", "dmesg")[0] != 0
    processes = lab.run("host", "ps", "-e", "-o", "pid=")[1].split()
    assert len(processes) == 2


def test_ip_netns_word_for_word(lab: Lab) -> None:
    assert (
        lab.run("host", "sh", "-ec", "ip netns add ns0; ip netns exec ns0 ip link set lo up; ip netns set ns0 7; ip netns")[1].strip()
        == "ns0 (id: 7)"
    )
    assert lab.run("ns0", "ping", "-c1", "-W1", "127.0.0.1")[0] == 0
    script = "ip link add br0 type bridge; brctl show br0; ethtool -i br0; ip netns identify $$"
    code, out, _ = lab.run("ns0", "sh", "-c", script)
    assert code == 0
    assert "br0" in out
    assert "driver: bridge" in out
    assert out.split()[-1] == "ns0"
    assert lab.run("host", "ip", "netns", "del", "ns0")[0] == 0
    assert lab.run("ns0", "true") == (1, "", 'Cannot open network namespace "ns0": No such file or directory')


@pytest.mark.parametrize("tool", ["iptables-legacy", "iptables-nft"])
def test_iptables(lab: Lab, tool: str) -> None:
    assert (
        lab.run("host", "sh", "-ec", f"{tool} -A INPUT -p icmp -j DROP; {tool} -S INPUT")[1].splitlines()[1] == "-A INPUT -p icmp -j DROP"
    )


def test_exit_codes_and_streams(lab: Lab) -> None:
    assert lab.run("host", "sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")
    assert lab.run("host", "sh", "-c", "kill -9 $$")[0] == 137
    assert lab.run("host", "nope") == (127, "", 'exec of "nope" failed: No such file or directory')
    assert lab.run("host", "cat", stdin=b"x" * 300_000)[1] == "x" * 300_000
    assert lab.run("host", "sh", "-c", "tty && stty size", tty=True)[1].split() == ["/dev/pts/0", "24", "80"]
    assert len(lab.run("host", "head", "-c", "9000000", "/dev/zero")[1]) == 9_000_000


def test_facts_come_by_themselves(lab: Lab) -> None:
    lab.number += 1
    run = p.Run(id=lab.number, channel=9, namespace="host", argv=("sh", "-c", "ip netns add later; ip -n later link set lo up; sleep 0.2"))
    told = [x for e in lab.events(run) if isinstance(e, p.Facts) for x in e.facts if x.ns == "later"]
    assert any(isinstance(x, f.NamespaceFact) for x in told)
    assert any(isinstance(x, f.LinkFact) and x.up for x in told)


def test_a_refused_step_undoes_the_others(lab: Lab) -> None:
    veth = Veth(namespace="a", name="v0", peer="host/v1", up=False)
    steps: tuple[s.AnyStep, ...] = (
        s.AddNamespace(subject="namespace:a", name="a"),
        s.AddInterface(subject=veth.id, interface=veth, peer=Veth(namespace="host", name="v1", peer="a/v0", up=False)),
        s.AddRoute(subject="route:a/default", route=Route(namespace="a", to="default", via="10.0.0.1")),
    )
    applied = lab.events(p.Apply(id=50, steps=steps))[-1]
    assert isinstance(applied, p.Applied)
    assert applied.problem is not None
    assert applied.problem.message == "Nexthop has invalid gateway"
    assert applied.failed == 2
    assert lab.run("host", "sh", "-c", "ip netns; ip -br link")[1].split()[0] == "lo"
    assert lab.events(p.Apply(id=51, steps=steps[:2]))[-1] == p.Applied(id=51)


def test_labs_outlive_the_agent(agent: Agent, lab: Lab) -> None:
    lab.run("host", "ip", "netns", "add", "kept")
    agent.process.kill()
    agent.process.wait()
    agent.start()
    assert "labs-outlive-the-agent" in agent.ask(p.Hello(id=1)).labs
    _, facts = agent.lab("labs-outlive-the-agent").attach()
    assert any(x.ns == "kept" for x in facts.facts)


def test_a_lab_that_dies_is_told(agent: Agent) -> None:
    assert agent.ask(p.Start(id=1, lab="dies")).problem is None
    os.kill(pid_of(agent, "dies"), signal.SIGKILL)
    gone = msgspec.json.decode(agent.control.recv(timeout=10), type=p.AnyControlEvent)
    assert gone == p.LabGone(lab="dies", reason="its process was ended by signal 9 (SIGKILL)")
    assert agent.ask(p.Start(id=2, lab="dies")).problem is None
    pid = pid_of(agent, "dies")
    assert agent.ask(p.Stop(id=3, lab="dies")).problem is None
    assert not Path(f"/proc/{pid}").exists()
    assert not list((agent.run / "labs").glob("dies*"))


def test_nobody_waits_for_the_end_of_another_lab(agent: Agent) -> None:
    assert agent.ask(p.Start(id=1, lab="ends")).problem is None
    for request in (p.Stop(id=2, lab="ends"), p.Hello(id=3)):
        agent.control.send(msgspec.json.encode(request).decode())
    answers = [msgspec.json.decode(agent.control.recv(timeout=30), type=p.AnyControlEvent) for _ in range(2)]
    assert [a.id for a in answers if isinstance(a, p.ControlAnswer)] == [3, 2]


def test_labs_start_and_stop_at_once(agent: Agent) -> None:
    control = Control(agent.run / "agent.sock", Metrics())
    names = [f"at-once-{i}" for i in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda lab: control.ask(lambda id: p.Start(id=id, lab=lab)), names))
        assert set(names) <= set(control.ask(lambda id: p.Hello(id=id)).labs)
        list(pool.map(lambda lab: control.ask(lambda id: p.Stop(id=id, lab=lab)), names))
    assert not set(names) & set(control.ask(lambda id: p.Hello(id=id)).labs)


def caught(agent: Agent) -> int:
    """The next process that the agent starts, stopped (SIGSTOP) before it has done much."""
    file = Path(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children")
    known = set(file.read_text().split())
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for pid in set(file.read_text().split()) - known:
            os.kill(int(pid), signal.SIGSTOP)
            return int(pid)
    raise AssertionError("it started none")


def test_a_start_that_hangs_delays_no_other_lab(agent: Agent, lab: Lab) -> None:
    control = Control(agent.run / "agent.sock", Metrics())
    names = [f"beside-{i}" for i in range(4)]
    with ThreadPoolExecutor(6) as pool:
        process = pool.submit(caught, agent)
        time.sleep(0.1)
        hanging = pool.submit(control.ask, lambda id: p.Start(id=id, lab="hangs"))
        pid = process.result()
        began = time.monotonic()
        list(pool.map(lambda name: control.ask(lambda id: p.Start(id=id, lab=name)), names))
        assert lab.run("host", "echo", "there")[1] == "there\n"
        assert time.monotonic() - began < 10
        assert not hanging.done()
        assert "hangs" not in control.ask(lambda id: p.Hello(id=id)).labs
        os.kill(pid, signal.SIGCONT)
        hanging.result(timeout=20)
        list(pool.map(lambda name: control.ask(lambda id: p.Stop(id=id, lab=name)), [*names, "hangs"]))


def test_a_start_that_hangs_can_be_stopped_and_leaves_nothing(agent: Agent) -> None:
    control = Control(agent.run / "agent.sock", Metrics())
    with ThreadPoolExecutor(2) as pool:
        process = pool.submit(caught, agent)
        time.sleep(0.1)
        hanging = pool.submit(control.ask, lambda id: p.Start(id=id, lab="hangs"))
        pid = process.result()
        control.ask(lambda id: p.Stop(id=id, lab="hangs"))
        with pytest.raises(ProblemError) as caught_error:
            hanging.result(timeout=10)
        assert caught_error.value.problem.code == Code.UNAVAILABLE
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    assert not list((agent.run / "labs").glob("hangs*"))
    control.ask(lambda id: p.Start(id=id, lab="hangs"))
    control.ask(lambda id: p.Stop(id=id, lab="hangs"))


def test_starts_and_stops_that_come_together_are_all_answered(agent: Agent) -> None:
    """As after the agent hung: what the server asked meanwhile, and gave up, is there at once; a start may be stopped before it began."""
    os.kill(agent.process.pid, signal.SIGSTOP)
    asked = [p.Start(id=1, lab="both"), p.Stop(id=2, lab="both"), p.Stop(id=3, lab="both"), p.Start(id=4, lab="both")]
    for request in asked:
        agent.control.send(msgspec.json.encode(request).decode())
    os.kill(agent.process.pid, signal.SIGCONT)
    events = [msgspec.json.decode(agent.control.recv(timeout=30), type=p.AnyControlEvent) for _ in asked]
    answers = {e.id: e.problem for e in events if isinstance(e, p.ControlAnswer)}
    assert answers.keys() == {1, 2, 3, 4}
    assert answers[4] is None or answers[1] is None
    assert agent.ask(p.Stop(id=5, lab="both")).problem is None


def test_a_lab_starts_again_at_once_after_its_end(agent: Agent) -> None:
    control = Control(agent.run / "agent.sock", Metrics())
    for _ in range(5):
        control.ask(lambda id: p.Start(id=id, lab="again"))
        control.ask(lambda id: p.Stop(id=id, lab="again"))


@pytest.mark.usefixtures("lab")
def test_uplink_off_is_always_allowed(agent: Agent) -> None:
    name = "uplink-off-is-always-allowed"
    assert agent.ask(p.SetUplink(id=70, lab=name, on=False)).problem is None
    refused = agent.ask(p.SetUplink(id=71, lab=name, on=True)).problem
    assert refused is not None
    assert refused.code == Code.DENIED
    assert agent.ask(p.Hello(id=72)).uplinks == ()


def test_a_fork_bomb_stays_in_its_lab(lab: Lab) -> None:
    """It ends at the limit; the lab still answers, and so does the machine."""
    script = "for i in $(seq 3000); do sleep 30 & done; echo made"
    lab.run("host", "timeout", "10", "sh", "-c", script + " 2>/dev/null")
    count = int(lab.run("host", "sh", "-c", "echo /proc/[0-9]* | wc -w")[1] or 0)
    assert count <= 1100


def test_strangers_are_refused(agent: Agent) -> None:
    assert (agent.run / "agent.sock").stat().st_mode & 0o077 == 0
    bad = agent.ask(p.Start(id=4, lab="../x"))
    assert bad.problem is not None
    assert bad.problem.code == "invalid"
