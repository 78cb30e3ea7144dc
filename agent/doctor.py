"""What this kernel and system can do: a sandbox like that of a lab is made, with a rule and a packet in it. Nothing of the machine is
changed, and no module is loaded of which interfaces would appear on it."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import msgspec

from agent import sandbox, tools
from agent.guard.storm import KernelThreads
from agent.sandbox import limits as enforced
from agent.sandbox import seccomp, uids
from agent.sandbox.starter import Order, Starter
from agent.trial import MODULES, NEEDED, check
from protocol.public import Check
from topology.model.kinds import BY_WORD
from topology.model.limits import Limits, human

_SHELL_ONLY = ("vlan", "dummy", "ipvlan", "vrf", "wireguard", "gre")
"""Kinds that no document can hold, but a shell in a lab can make."""
KINDS = tuple(dict.fromkeys((*(word for word, kind in BY_WORD.items() if not kind.KIND.builtin), *_SHELL_ONLY)))
_APPEAR = {
    "gre": "gre0, gretap0, erspan0", "ipip": "tunl0", "sit": "sit0", "ip6tnl": "ip6tnl0", "vti": "ip_vti0", "dummy": "dummy0",
    "ifb": "ifb0, ifb1", "bond": "bond0",
}  # fmt: skip
"""Kind of interface → what the kernel makes by itself, on the machine too, when its module is loaded."""
_NEIGHBOURS = 65536
_CONNECTION_BYTES = 320
"""`struct nf_conn` with its extensions, about."""
_SECONDS = 60.0
_numbers = count(1)


async def checks(starter: Starter) -> list[Check]:
    """Each thing that was tried: whether it works, why not, and how to make it work."""
    root = os.geteuid() == 0
    found = [check("root", root, "the agent makes namespaces", "sudo script/up", needed=True)]
    risky = {kind: _not_probed(kind) for kind in KINDS if _would_appear(kind)}
    if root:
        found += await _tried(starter, tuple(kind for kind in KINDS if kind not in risky))
    return [*found, *risky.values(), *await asyncio.to_thread(lambda: [*_rest(root)])]


def _rest(root: bool) -> Iterator[Check]:
    yield from tools.checks()
    yield _seccomp()
    yield _cgroups(root)
    yield _conntrack()
    yield _neighbours()
    yield _tunnels()
    yield _guard()


# ---- the sandbox -----------------------------------------------------------------------------------------------------


async def _tried(starter: Starter, kinds: tuple[str, ...]) -> list[Check]:
    """What is found in a sandbox; or why there is none."""
    name = f"vethboard-doctor-{os.getpid()}-{next(_numbers)}"
    pids: list[int] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with ours, theirs:
            ours.setblocking(False)
            uid = uids.base(uids.free(name, (), await asyncio.to_thread(uids.taken)))
            order = Order(lab=name, limits=Limits(), uid=uid, what="trial", kinds=kinds)
            await sandbox.make(name, order.limits, uid, partial(starter.begin, order, theirs), pids.append)
            theirs.close()
            async with asyncio.timeout(_SECONDS):
                return msgspec.json.decode(await _all_of(ours), type=list[Check])
    except (OSError, msgspec.MsgspecError) as e:
        reason = str(e) if isinstance(e, OSError) else "what was tried in it ended early: the log says why"
        return [check("sandbox", False, f"no lab can start: {reason}", "; ".join(_cures()) or "see the log", needed=True)]
    finally:
        for pid in pids:
            sandbox.kill(pid)
        await asyncio.to_thread(enforced.release, name)


async def _all_of(sock: socket.socket) -> bytes:
    data = b""
    while piece := await asyncio.get_running_loop().sock_recv(sock, 65536):
        data += piece
    return data


_SYSCTLS = {
    "user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=15000"),
    "kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
}
"""File of /proc/sys → the value with which no sandbox can be made, and what to do."""


def _cures() -> Iterator[str]:
    """What is known to keep a sandbox from being made, where it is so here."""
    for file, (bad, cure) in _SYSCTLS.items():
        with contextlib.suppress(OSError):
            if Path("/proc/sys", file).read_text().strip() == bad:
                yield cure
    with contextlib.suppress(OSError):
        if int(Path("/proc/self/uid_map").read_text().split()[2]) < uids.base(0):
            yield "this is a container whose ids are mapped: run it on the machine, or in a container with --privileged --userns=host"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        yield "/sys is read-only: a container needs --privileged"


# ---- kinds whose modules make interfaces ------------------------------------------------------------------------------


def _would_appear(kind: str) -> bool:
    """Whether making one would have the kernel load a module that makes interfaces on the machine."""
    return kind in _APPEAR and _loads_modules() and not _is_loaded(MODULES.get(kind, kind))


def _loads_modules() -> bool:
    """Whether this kernel loads modules by itself."""
    with contextlib.suppress(OSError):
        program, disabled = (Path("/proc/sys/kernel", name).read_text().strip() for name in ("modprobe", "modules_disabled"))
        return bool(program) and disabled == "0" and Path("/proc/modules").exists()
    return False


def _is_loaded(module: str) -> bool:
    """Whether it is there already, or a part of the kernel."""
    if Path("/sys/module", module).is_dir():
        return True
    with contextlib.suppress(OSError):
        return f"/{module}.ko" in Path("/lib/modules", os.uname().release, "modules.builtin").read_text()
    return False


def _not_probed(kind: str) -> Check:
    module = MODULES.get(kind, kind)
    detail = f"not tried: the module {module} is not loaded, and with it {_APPEAR[kind]} would appear on this machine"
    return Check(name=kind, ok=False, needed=kind in NEEDED, detail=detail, mend=f"modprobe {module}, if labs are to have it")


# ---- the rest --------------------------------------------------------------------------------------------------------


def _cgroups(root: bool) -> Check:
    """By what the limits of labs are enforced."""
    version = enforced.version() if root else 0
    detail = f"version {version}: {enforced.folder('LAB', 'memory')}" if version else "there are none: rlimits hold processes and memory"
    return Check(name="cgroups", ok=bool(version), detail=detail, mend="" if version else "mount cgroup version 2 at /sys/fs/cgroup")


def _conntrack() -> Check:
    """The kernel limits connections per namespace, no cgroup counts them: what all namespaces of one lab together could use."""
    path = Path("/proc/sys/net/netfilter/nf_conntrack_max")
    most = int(path.read_text()) if path.exists() else 0
    size = most * _CONNECTION_BYTES * Limits().namespaces
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    mend = f"sysctl -w net.netfilter.nf_conntrack_max={max(4096, memory // 4 // _CONNECTION_BYTES // Limits().namespaces)}"
    detail = f"{most} connections in each namespace" + (f": a lab could fill {human(size)} of the kernel's memory" if size > memory else "")
    return Check(name="conntrack", ok=size <= memory, detail=detail, mend=mend if size > memory else "")


def _neighbours() -> Check:
    """The tables of neighbours are the machine's: all namespaces together have as many entries as `gc_thresh3` says (arp(7))."""
    path = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
    most = int(path.read_text()) if path.exists() else _NEIGHBOURS
    names = (f"net.{family}.neigh.default.gc_thresh{n}" for family in ("ipv4", "ipv6") for n in (2, 3))
    ok = most >= _NEIGHBOURS
    return check(
        "neighbour tables", ok, f"{most} entries for all labs together: one lab can use them up, and the others then resolve no address",
        f"sysctl -w {' '.join(f'{name}={_NEIGHBOURS}' for name in names)}",
    )  # fmt: skip


def _tunnels() -> Check:
    """A switch for the whole machine that root of any network namespace can turn on, and nobody off (net/netfilter/nf_hooks_lwtunnel.c)."""
    path = Path("/proc/sys/net/netfilter/nf_hooks_lwtunnel")
    ok = not path.exists() or path.read_text().strip() == "1"
    return check(
        "lightweight tunnels", ok, "root of a lab can make packets of lightweight tunnels pass netfilter on the whole machine, for good",
        "sysctl -w net.netfilter.nf_hooks_lwtunnel=1 (so that it is your choice; it matters only where this machine has such tunnels)",
    )  # fmt: skip


def _guard() -> Check:
    """Whether storms of packets are seen, which no cgroup holds."""
    return check(
        "guard against storms", KernelThreads.can_be_seen(), "the kernel's threads cannot be seen: a loop of bridges is not cut",
        "run the agent in the machine's pid namespace (docker: pid: host)",
    )  # fmt: skip


def _seccomp() -> Check:
    try:
        size = len(seccomp.program()) // 8
    except OSError as e:
        return Check(name="seccomp", ok=False, needed=True, detail=str(e), mend="apt-get install libseccomp2")
    return Check(name="seccomp", ok=True, needed=True, detail=f"a filter of {size} instructions")
