"""Limits on a kernel with cgroup version 2: they hold for the second lab as for the first, also where all groups were taken away meanwhile;
where one cannot be enforced, it is said, or the lab is refused."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from agent.sandbox import limits as enforced
from protocol import private as p
from tests.integration.agent_client import Agent, Lab
from topology.model.problems import Code

ROOT = Path("/sys/fs/cgroup")
_numbers = count()
pytestmark = [pytest.mark.links, pytest.mark.skipif(not (ROOT / "cgroup.controllers").exists(), reason="cgroup version 1")]
FORKS = """import os, signal
n = 0
try:
    while n < 200:
        if os.fork() == 0: signal.pause()
        n += 1
except OSError: pass
print(n)
os.killpg(0, signal.SIGKILL) if n > 190 else None"""


@pytest.fixture
def service() -> Iterator[Path]:
    """A group that was delegated to the agent, as systemd does it; only the agent is in it."""
    for name in ("pids", "memory", "cpu"):
        if name in (ROOT / "cgroup.controllers").read_text().split():
            (ROOT / "cgroup.subtree_control").write_text(f"+{name}")
    group = ROOT / f"service-{os.getpid()}-{next(_numbers)}"
    group.mkdir()
    yield group
    for below in sorted(group.rglob("*"), reverse=True):
        if below.is_dir():
            below.rmdir()
    group.rmdir()


def started(service: Path, *options: str) -> Agent:
    """In the group, and with nobody else: its parent is one that has only it."""
    return Agent(*options, before=("sh", "-c", f'echo $$ > {service}/cgroup.procs; exec "$@"', "sh"))


def lab(agent: Agent, name: str) -> Lab:
    answer = agent.ask(p.Start(id=1, lab=name))
    assert answer.problem is None, answer.problem
    return agent.lab(name)


def groups(service: Path) -> list[Path]:
    return sorted(service.glob("vethboard-????????/*/"))


def holds(service: Path, agent: Agent, name: str) -> None:
    """The lab's group is below the service's own, with the limit of processes, which holds."""
    one = lab(agent, name)
    attached, _ = one.attach()
    (group,) = groups(service)
    assert not any(words.startswith("processes") for words in attached.unenforced), attached.unenforced
    assert (group.name, (group / "pids.max").read_text().strip()) == (name, "40")
    assert not any(words.startswith("processes") for words in attached.unenforced)
    code, out, _ = one.run("host", "setsid", "-w", "python3", "-c", FORKS)
    assert (code, int(out) < 40) == (0, True)
    assert agent.ask(p.Stop(id=2, lab=name)).problem is None
    assert groups(service) == []


def test_limits_hold_for_each_lab(service: Path, tmp_path: Path) -> None:
    (tmp_path / "limits.json").write_text('{"processes": 40}')
    agent = started(service, "--limits", str(tmp_path / "limits.json"))
    try:
        for name in ("one", "two"):
            holds(service, agent, name)
        checks = agent.ask(p.Doctor(id=3)).checks
        assert checks is not None
        found = {check.name: check for check in checks}
        assert "limits of labs" in found, found.get("sandbox")
        assert "processes" not in found["limits of labs"].detail
        holds(service, agent, "three")
    finally:
        agent.close()
    assert [g for g in service.iterdir() if g.is_dir() and g.name != "vethboard-agent"] == []


@pytest.mark.parametrize("options", [(), ("--require-limits",)])
def test_a_limit_that_does_not_hold_is_said_or_the_lab_is_refused(service: Path, options: tuple[str, ...]) -> None:
    agent = started(service, *options)
    try:
        (ROOT / "cgroup.subtree_control").write_text("-pids")
        answer = agent.ask(p.Start(id=1, lab="one"))
        if options:
            assert answer.problem is not None
            assert answer.problem.code is Code.UNSUPPORTED
            said: tuple[str, ...] = (answer.problem.message,)
        else:
            said = agent.lab("one").attach()[0].unenforced
        assert any("processes: the cgroup controller pids is not delegated" in words for words in said)
    finally:
        agent.close()
        (ROOT / "cgroup.subtree_control").write_text("+pids")


def test_which_version_is_used() -> None:
    assert enforced.version() == 2
