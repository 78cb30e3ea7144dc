"""Star of N namespaces on one bridge: `vethboard apply` beside the C floor and beside `ip -batch`, in one run, in turn.

`deploy_seconds` is the server's: from having the document until the kernel, read back, is what it says. The floor and `ip -batch` run
in a user and network namespace of their own, as a lab does.
"""

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support import Stack

APART = (
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "sh",
    "-ec",
    'mount -t tmpfs none /run; mkdir /run/netns; exec "$@"',
    "sh",
)


def document(n: int) -> dict[str, object]:
    """The star: bridge br0 in `sw`, hosts with eth0 10.0.x.y/16 and lo up."""
    ports = {f"p{k}": {"kind": "veth", "peer": f"h{k}/eth0", "master": "br0"} for k in range(n)}
    namespaces: dict[str, object] = {"host": {}, "sw": {"interfaces": {"br0": {"kind": "bridge"}, **ports}}}
    for k in range(n):
        eth0 = {"kind": "veth", "peer": f"sw/p{k}", "addresses": [f"10.0.{k // 250}.{k % 250 + 1}/16"]}
        namespaces[f"h{k}"] = {"interfaces": {"lo": {}, "eth0": eth0}}
    return {"vethboard": 1, "name": f"star-{n}", "namespaces": namespaces}


def compile_floor(source: Path, folder: Path) -> Path:
    """The C program that says the least time."""
    binary = folder / "floor_star"
    subprocess.run(["gcc", "-O2", "-o", binary, source / "floor_star.c", "-lpthread"], check=True)
    return binary


def floor(binary: Path, n: int) -> float:
    out = subprocess.run([*APART, str(binary), str(n)], check=True, capture_output=True, text=True).stdout
    return float(out.split(" up ")[1].split()[0])


def ip_batch(script: Path, n: int) -> float:
    out = subprocess.run([*APART, str(script), str(n)], check=True, capture_output=True, text=True).stdout
    return float(out.split(" up ")[1].split()[0])


def ours(stack: Stack, file: Path) -> tuple[float, float]:
    """deploy_seconds, and what the command line took around it."""
    begin = time.monotonic()
    done = json.loads(stack.cli("apply", "bench-star", str(file), "--json"))
    whole = time.monotonic() - begin
    stack.cli("destroy", "bench-star")
    return done["deploy_seconds"], whole - done["deploy_seconds"]


def run(stack: Stack, source: Path | None, sizes: tuple[int, ...] = (100, 500), rounds: int = 5) -> None:
    """Prints medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        binary = compile_floor(source, Path(folder)) if source else None
        for n in sizes:
            file = Path(folder) / f"star-{n}.json"
            file.write_text(json.dumps(document(n)))
            times: dict[str, list[float]] = {"vethboard": [], "around": [], "floor": [], "ip -batch": []}
            for _ in range(rounds):
                deploy, around = ours(stack, file)
                times["vethboard"].append(deploy)
                times["around"].append(around)
                if source and binary:
                    times["floor"].append(floor(binary, n))
                    times["ip -batch"].append(ip_batch(source / "star_ipbatch.sh", n))
            medians = {name: statistics.median(values) for name, values in times.items() if values}
            print(f"star {n:4}: " + "  ".join(f"{name} {value:.3f} s" for name, value in medians.items()))
            if source:
                pairs = {name: [a / b for a, b in zip(times["vethboard"], times[name], strict=True)] for name in ("floor", "ip -batch")}
                print("           " + "  ".join(f"vethboard / {name}: {statistics.median(r):.2f}" for name, r in pairs.items()))
