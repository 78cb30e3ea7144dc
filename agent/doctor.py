"""What this kernel and system can do, tried in a user and network namespace made for that; nothing of the machine is changed."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from agent import filter, tools
from agent.guard.storm import KernelThreads
from agent.journey import nft
from agent.journey.listener import Listener
from agent.linux.namespaces import CLONE_NEWNET, CLONE_NEWUSER, unshare
from agent.netlink.wire import NLM_F_CREATE, NLM_F_EXCL, Batch, Channel, ifinfo
from agent.sandbox import limits, seccomp
from protocol.public import Check
from topology.model.kinds import BY_WORD
from topology.model.limits import Limits, human

_RTM_NEWLINK, _RTM_NEWQDISC = 16, 36
_IFNAME, _LINKINFO, _INFO_KIND = 3, 18, 1
_NEEDED = ("bridge", "veth")
_SHELL_ONLY = ("vlan", "dummy", "ipvlan", "vrf", "wireguard", "gre")
"""Kinds that no document can hold, but a shell in a lab can make."""
_KINDS = {
    **{word: word in _NEEDED for word, kind in BY_WORD.items() if not kind.KIND.builtin},
    **{word: False for word in _SHELL_ONLY if word not in BY_WORD},
}
"""Kind of interface → whether Vethboard needs it."""
_MODULES = {"gre": "ip_gre"}
_QDISCS = ("tbf", "htb", "netem")
_NEIGHBOURS = 65536
_CONNECTION_BYTES = 320
"""`struct nf_conn` with its extensions, about."""


def checks() -> Iterator[Check]:
    """Each thing that was tried: whether it works, why not, and how to make it work."""
    tried = _in_namespaces()
    root = os.geteuid() == 0
    yield Check(
        name="root", ok=root, needed=True, detail="" if root else "the agent makes namespaces", mend="" if root else "sudo script/up"
    )
    yield from tried
    yield from tools.checks()
    yield from _firewalls()
    yield _seccomp()
    yield from _limits(root)


def _limits(root: bool) -> Iterator[Check]:
    """By what the limits of labs are enforced."""
    version = limits.version() if root else 0
    missing = limits.probe() if root else {}
    words = [f"{name}: {reason}" for name, reason in missing.items()]
    if version == 0:
        detail = (
            "cgroups need root" if not root else "none is delegated: processes and memory of a process are held by rlimits, cpu by nothing"
        )
        yield Check(
            name="limits of labs", ok=False, detail=detail, mend="run it where cgroup version 2 is delegated (systemd: Delegate=yes)"
        )
    else:
        detail = "; ".join([f"by cgroup version {version}", *words])
        yield Check(name="limits of labs", ok=not missing, detail=detail, mend="rlimits hold what is left" if missing else "")
    yield _conntrack()
    yield _neighbours()
    yield _tunnels()
    yield _guard()


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
    return _check(
        "neighbour tables", ok, f"{most} entries for all labs together: one lab can use them up, and the others then resolve no address",
        f"sysctl -w {' '.join(f'{name}={_NEIGHBOURS}' for name in names)}",
    )  # fmt: skip


def _tunnels() -> Check:
    """A switch for the whole machine that root of any network namespace can turn on, and nobody off (net/netfilter/nf_hooks_lwtunnel.c)."""
    path = Path("/proc/sys/net/netfilter/nf_hooks_lwtunnel")
    ok = not path.exists() or path.read_text().strip() == "1"
    return _check(
        "lightweight tunnels", ok, "root of a lab can make packets of lightweight tunnels pass netfilter on the whole machine, for good",
        "sysctl -w net.netfilter.nf_hooks_lwtunnel=1 (so that it is your choice; it matters only where this machine has such tunnels)",
    )  # fmt: skip


def _guard() -> Check:
    """Whether storms of packets are seen, which no cgroup holds."""
    return _check(
        "guard against storms", KernelThreads.can_be_seen(), "the kernel's threads cannot be seen: a loop of bridges is not cut",
        "run the agent in the machine's pid namespace (docker: pid: host)",
    )  # fmt: skip


def _firewalls() -> Iterator[Check]:
    """The two packet filters, and which of them a lab gets that does not choose."""
    for name, modules in (("legacy", "ip_tables iptable_filter ip6table_filter"), ("nft", "nf_tables nft_compat")):
        ok = filter.works("legacy" if name == "legacy" else "nft")
        detail = "the default for labs" if ok and filter.default() == name else "" if ok else f"iptables-{name} does not work here"
        yield Check(name=f"firewall {name}", ok=ok, detail=detail, mend="" if ok else f"modprobe -a {modules}")


def _seccomp() -> Check:
    try:
        size = len(seccomp.program()) // 8
    except OSError as e:
        return Check(name="seccomp", ok=False, needed=True, detail=str(e), mend="apt-get install libseccomp2")
    return Check(name="seccomp", ok=True, needed=True, detail=f"a filter of {size} instructions")


def _check(name: str, ok: bool, detail: str, mend: str, needed: bool = False) -> Check:
    """`detail` and `mend` are left out where it works."""
    return Check(name=name, ok=ok, needed=needed, detail="" if ok else detail, mend="" if ok else mend)


def _in_namespaces() -> list[Check]:
    """What has to be tried in namespaces of its own: a child process does it, and writes the checks to a pipe."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            found = [*_try()]
            with os.fdopen(write, "wb") as pipe:
                pipe.write(msgspec.json.encode(found))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    return msgspec.json.decode(data or b"[]", type=list[Check])


def _try() -> Iterator[Check]:
    """The checks. Called in the child."""
    mend = "sysctl -w user.max_user_namespaces=15000"
    uid, gid = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            Path(f"/proc/self/{name}").write_text(text)
    except OSError as e:
        yield Check(name="user namespaces", ok=False, needed=True, detail=e.strerror or str(e), mend=mend)
        return
    yield Check(name="user namespaces", ok=True, needed=True)
    channel = Channel()
    for kind, needed in _KINDS.items():
        yield _kind(channel, kind, needed)
    filtering = _request(channel, _bridge_that_filters)
    ok = filtering is None
    yield Check(
        name="bridge vlan_filtering", ok=ok, detail=filtering or "", mend="" if ok else "a kernel with CONFIG_BRIDGE_VLAN_FILTERING"
    )
    for qdisc in _QDISCS:
        yield _qdisc(channel, qdisc)
    yield from _tracing()


def _tracing() -> Iterator[Check]:
    """What traces need: a table of nftables that sets the trace flag, and the log of the legacy tables."""
    table = nft.Table("vethboard-doctor")
    name, mend = "tracing", "modprobe -a nf_tables nfnetlink_log nf_log_syslog"
    lost = "no packet can be traced; where it should go is predicted all the same"
    try:
        listener = Listener()
    except OSError as e:
        yield Check(name=name, ok=False, detail=f"nfnetlink: {e.strerror}: {lost}", mend=mend)
        return
    try:
        listener.add(table, (nft.Match(socket.IPPROTO_ICMP, ()),), lambda _: None)
    except OSError as e:
        yield Check(name=name, ok=False, detail=f"nf_tables: {e.strerror}: {lost}", mend=mend)
    else:
        notes = "; ".join(listener.notes)
        yield Check(name=name, ok=not notes, detail=notes, mend=mend if notes else "")
    finally:
        listener.socket.close()


def _link(batch: Batch, name: str, kind: str) -> int:
    """Begin a request for a link of this kind; give what is returned to `batch.close`."""
    batch.begin(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfo())
    batch.text(_IFNAME, name)
    at = batch.nest(_LINKINFO)
    batch.text(_INFO_KIND, kind)
    return at


def _kind(channel: Channel, kind: str, needed: bool) -> Check:
    """Whether the kernel knows a kind of interface."""
    batch = Batch()
    batch.close(_link(batch, f"t{kind}"[:15], kind))
    batch.end()
    refusal = channel.request(batch)[0]
    # a kind that the kernel knows complains of what is missing (EINVAL, ENODEV …), one that it does not know is EOPNOTSUPP
    ok = refusal is None or (refusal.errno != errno.EOPNOTSUPP and "Unknown device type" not in refusal.extack)
    mend = "" if ok else f"modprobe {_MODULES.get(kind, kind)}"
    return Check(name=kind, ok=ok, needed=needed, detail="" if ok or refusal is None else refusal.message, mend=mend)


def _bridge_that_filters(batch: Batch) -> None:
    at = _link(batch, "filters", "bridge")
    data = batch.nest(2)
    batch.u8(7, 1)
    batch.close(data)
    batch.close(at)
    batch.end()


def _request(channel: Channel, put: Callable[[Batch], None]) -> str | None:
    """Why the kernel refuses it; None where it does not."""
    batch = Batch()
    put(batch)
    refusal = channel.request(batch)[0]
    return refusal.message if refusal is not None else None


def _qdisc(channel: Channel, kind: str) -> Check:
    """Whether the kernel knows a queueing discipline: on lo, one that lacks its options is refused with EINVAL, an unknown one with
    ENOENT."""
    batch = Batch()
    batch.begin(_RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, b"\0\0\0\0" + (1).to_bytes(4, "little") + b"\0" * 4 + b"\xff" * 4 + b"\0" * 4)
    batch.text(1, kind)
    batch.end()
    refusal = channel.request(batch)[0]
    ok = refusal is None or refusal.errno != errno.ENOENT
    return Check(
        name=f"qdisc {kind}", ok=ok, detail="" if ok or refusal is None else refusal.message, mend="" if ok else f"modprobe sch_{kind}"
    )
