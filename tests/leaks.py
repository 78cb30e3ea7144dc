"""What a machine has of the things that Vethboard makes: counted before and after."""

import os
from pathlib import Path


def machine() -> dict[str, set[str]]:
    """Namespaces, mounts, links and agent processes of the machine, as sets of names, to be compared."""
    namespaces: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        for kind in ("net", "user", "mnt", "pid"):
            try:
                namespaces.add(os.readlink(process / "ns" / kind))
            except OSError:
                continue
    netns = Path("/run/netns")
    return {
        "namespaces": namespaces,
        "mounts": {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()},
        "links": set(os.listdir("/sys/class/net")),
        "named": set(os.listdir(netns)) if netns.exists() else set(),
        "run": {str(p) for p in Path("/run").glob("vethboard*")},
    }


def left_over(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is there now and was not; empty when nothing leaked."""
    return {kind: gone for kind in before if (gone := after[kind] - before[kind])}
