"""What labs cost: how long until a new one is ready, how much memory one keeps for itself, how much processor many of them use when nothing
happens. Measured on the agent and its labs alone, and once more with a server attached to all."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from protocol import private as p
from tests.integration.agent_client import Agent
from tests.support import Stack
from topology.document.document import load
from topology.plan.plan import plan
from topology.plan.steps import AnyStep

LABS, NAMESPACES, IDLE_SECONDS = 60, 10, 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


def document(namespaces: int) -> dict[str, object]:
    """A bridge in `host` and a namespace on each port."""
    ports = {f"p{n}": {"kind": "veth", "peer": f"n{n}/eth0", "master": "br0"} for n in range(namespaces)}
    others = {
        f"n{n}": {"interfaces": {"lo": {}, "eth0": {"kind": "veth", "peer": f"host/p{n}", "addresses": [f"10.0.0.{n + 1}/24"]}}}
        for n in range(namespaces)
    }
    return {"vethboard": 1, "name": "bench", "namespaces": {"host": {"interfaces": {"br0": {"kind": "bridge"}, **ports}}, **others}}


def _steps() -> tuple[AnyStep, ...]:
    return plan(load(document(NAMESPACES)), load({"vethboard": 1, "name": "bench", "namespaces": {"host": {}}}))


def private_memory(pid: int) -> float:
    """MB that no other process shares (proc_pid_smaps(5))."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def processor(pid: int) -> float:
    """Seconds that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pid_of(run: Path, lab: str) -> int:
    return int(msgspec.json.decode((run / "labs" / f"{lab}.json").read_bytes())["pid"])


def ready_times(agent: Agent, rounds: int = 20) -> tuple[list[float], list[float]]:
    """Milliseconds from asking for a lab until it was attached to and has told all that it is; in turn with what unshare(1) takes
    for the namespaces alone."""
    out, reference = [], []
    for n in range(rounds):
        since = time.monotonic()
        subprocess.run(["unshare", "--user", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "true"], check=True)
        reference.append((time.monotonic() - since) * 1000)
        since = time.monotonic()
        agent.ask(p.Start(id=1, lab=f"ready-{n}"))
        agent.lab(f"ready-{n}").attach()
        out.append((time.monotonic() - since) * 1000)
        agent.ask(p.Stop(id=2, lab=f"ready-{n}"))
    return out, reference


def many() -> tuple[float, float, float]:
    """MB of a lab, and the share of one processor that agent and server, and all labs, use when nothing happens; in percent."""
    stack = Stack()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lab.json")
            file.write_text(json.dumps(document(NAMESPACES)))
            for n in range(LABS):
                stack.cli("apply", f"idle-{n}", str(file))
        labs = [pid_of(stack.run, f"idle-{n}") for n in range(LABS)]
        others = [int(pid) for pid in Path(f"/proc/{stack.process.pid}/task/{stack.process.pid}/children").read_text().split()]
        others = [pid for pid in others if pid not in labs]
        time.sleep(5)
        before = sum(map(processor, labs)), sum(map(processor, others))
        time.sleep(IDLE_SECONDS)
        after = sum(map(processor, labs)), sum(map(processor, others))
        memory = statistics.median(map(private_memory, labs))
        return memory, *(100 * (b - a) / IDLE_SECONDS for a, b in zip(before, after, strict=True))
    finally:
        stack.close()


def run() -> None:
    """Print the numbers."""
    agent = Agent()
    try:
        times, reference = ready_times(agent)
        ratio = statistics.median(a / b for a, b in zip(times, reference, strict=True))
        print(f"a new lab is ready after {statistics.median(times):.0f} ms (median), {max(times):.0f} ms (worst of {len(times)}),", end=" ")
        print(f"{ratio:.1f} × unshare(1) with the same namespaces ({statistics.median(reference):.0f} ms)")
    finally:
        agent.close()
    memory, labs, others = many()
    print(f"a lab with {NAMESPACES} namespaces keeps {memory:.1f} MB for itself")
    print(f"{LABS} labs of {NAMESPACES} namespaces, idle: {labs:.1f} % of a processor, agent and server {others:.1f} %")


if __name__ == "__main__":
    run()
