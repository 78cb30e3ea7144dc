"""The files of /proc/sys and /sys that root of a lab can write: none changes anything of the machine. Each day others are tried, by the
seed; all with VETHBOARD_ESCAPE=all."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.sandbox import limits as enforced
from tests.escape.forms import ALL
from tests.support import Stack
from topology.model.limits import Limits

SET_UP = """
ip link add br0 type bridge; ip link add a0 type veth peer name a1; ip link set a0 master br0 up; ip link set a1 up; ip link set br0 up
iptables -t nat -A POSTROUTING -j MASQUERADE; ip6tables -t nat -A POSTROUTING -j MASQUERADE
sysctl -q net.ipv4.ip_forward=1; ip link set lo up
"""
FOR_GOOD = "nf_hooks_lwtunnel"
"""Is switched on for the whole machine, and never off: `vethboard doctor` names it. The test does not write it."""
WRITE = f"""
import json, os, random, re, sys
done, found = {{}}, []
def others(text):
    words = text.split()
    if words and all(re.fullmatch(r"-?\\d+", word) for word in words):
        numbers = [int(word) for word in words]
        for change in (lambda n: 1 - n if n in (0, 1) else n + 1, lambda n: n - 1, lambda n: n * 2, lambda n: 0):
            yield " ".join(str(change(n)) for n in numbers)
    yield from ("1", "0", "reno", "none", text.swapcase())
def read(path):
    with open(path, errors="replace") as f:
        return f.read(4096).strip()
for top in ("/proc/sys", "/sys"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if name != "{FOR_GOOD}" and not os.path.islink(path) and os.access(path, os.W_OK):
                found.append(path)
seed, most = map(int, sys.argv[1:])
for path in random.Random(seed).sample(sorted(found), min(most, len(found))):
    try: before = read(path)
    except OSError: before = ""
    for value in others(before):
        if value == before: continue
        try:
            with open(path, "w") as f: f.write(value)
        except OSError:
            continue
        done[path] = before
        break
with open("/tmp/before.json", "w") as f: json.dump(done, f)
print(json.dumps(sorted(done)))
"""
RESTORE = """
import json
for path, value in reversed(json.load(open("/tmp/before.json")).items()):
    try:
        with open(path, "w") as f: f.write(value)
    except OSError: pass
"""
MOST = 1_000_000 if ALL else 300
"""Files that are tried."""
PLACES = ("/proc/sys", "/sys/module", "/sys/class/net", "/sys/kernel/mm")
COUNTS = ("random", "-nr", "-state", "_count", "loadavg", "pty/nr", "ns_last_pid", "entropy", "nr_open", "transparent_hugepage", "numa")
"""Parts of the names of what changes by itself."""


def machine() -> dict[str, str]:
    """Small files of the machine that say how it is set."""
    out = {}
    for top in PLACES:
        for path in Path(top).rglob("*") if top != "/sys/class/net" else Path(top).glob("*/*"):
            wanted = "parameters" in path.parts or top != "/sys/module"
            if wanted and not any(part in str(path) for part in COUNTS):
                with suppress(OSError, UnicodeDecodeError):
                    if path.is_file():
                        out[str(path)] = path.read_text()[:4096]
    return out


@pytest.fixture
def writing(stack: Stack) -> Iterator[str]:
    stack.cli("new", "writing")
    stack.inside("writing", "host", "sh", "-c", SET_UP)
    yield "writing"
    stack.cli("destroy", "writing")


def test_nothing_that_a_lab_writes_changes_the_machine(stack: Stack, writing: str, seed: int) -> None:
    before, again = machine(), machine()
    steady = {path for path, text in before.items() if again.get(path) == text}
    written = json.loads(stack.inside(writing, "host", "python3", "-c", WRITE, str(seed), str(MOST)))
    try:
        now = machine()
        changed = {path for path in steady if path in now and now[path] != before[path]}
        assert changed == set()
    finally:
        stack.inside(writing, "host", "python3", "-c", RESTORE)
    assert len(written) > 100, "they are real ones"
    assert any(path.startswith("/sys/") for path in written)
    assert len(steady) > 500


def test_the_numbers_of_namespaces_are_limited() -> None:
    """Each kind that this kernel counts has a limit of its own in a lab."""
    known = {path.name for path in Path("/proc/sys/user").glob("max_*_namespaces")}
    assert known <= set(enforced.counted(Limits())), "a kind of namespace that is new"
