"""What `doctor` tries in a sandbox like that of a lab: interfaces, rules and packets, as root of that lab."""

import contextlib
import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator

import msgspec

from agent.journey import nft
from agent.journey.listener import Listener
from agent.netlink.wire import NLM_F_CREATE, NLM_F_EXCL, Batch, Channel, ifinfo
from agent.sandbox import ENVIRONMENT
from protocol.public import Check

_RTM_NEWLINK, _RTM_NEWQDISC = 16, 36
_IFNAME, _LINKINFO, _INFO_KIND = 3, 18, 1
NEEDED = ("bridge", "veth")
MODULES = {"gre": "ip_gre", "vlan": "8021q"}
"""Kind of interface → its module, where that has another name."""
_QDISCS = ("tbf", "htb", "netem")
_PORT = 7
_SECONDS = 10.0


def main(report: socket.socket, unenforced: tuple[str, ...], calls: int, kinds: tuple[str, ...]) -> None:
    """Try all, and write the checks. `kinds`: of interfaces, that may be made."""
    os.close(calls)  # nobody serves them here: with this, they fail with ENOSYS
    with report.makefile("wb") as file:
        file.write(msgspec.json.encode([*_checks(unenforced, kinds)]))


def _checks(unenforced: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[Check]:
    yield Check(name="sandbox", ok=True, needed=True)
    yield _limits(unenforced)
    channel = Channel()
    for kind in kinds:
        yield _kind(channel, kind)
    filtering = _request(channel, _bridge_that_filters)
    yield check("bridge vlan_filtering", not filtering, filtering, "a kernel with CONFIG_BRIDGE_VLAN_FILTERING")
    for qdisc in _QDISCS:
        yield _qdisc(channel, qdisc)
    yield _packet()
    yield from _firewalls()
    yield _tracing()


def check(name: str, ok: bool, detail: str, mend: str, needed: bool = False) -> Check:
    """`detail` and `mend` are left out where it works."""
    return Check(name=name, ok=ok, needed=needed, detail="" if ok else detail, mend="" if ok else mend)


def _limits(unenforced: tuple[str, ...]) -> Check:
    """What a lab's first process was told about its limits."""
    mend = "run it where the controllers of cgroup version 2 are delegated (systemd: Delegate=yes); until then rlimits hold what they can"
    return check("limits of labs", not unenforced, f"not enforced: {'; '.join(unenforced)}", mend)


# ---- interfaces ------------------------------------------------------------------------------------------------------


def _link(batch: Batch, name: str, kind: str) -> int:
    """Begin a request for a link of this kind; give what is returned to `batch.close`."""
    batch.begin(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfo())
    batch.text(_IFNAME, name)
    at = batch.nest(_LINKINFO)
    batch.text(_INFO_KIND, kind)
    return at


def _kind(channel: Channel, kind: str) -> Check:
    """Whether the kernel knows a kind of interface."""
    batch = Batch()
    batch.close(_link(batch, f"t{kind}"[:15], kind))
    batch.end()
    refusal = channel.request(batch)[0]
    # a kind that the kernel knows complains of what is missing (EINVAL, ENODEV …), one that it does not know is EOPNOTSUPP
    ok = refusal is None or (refusal.errno != errno.EOPNOTSUPP and "Unknown device type" not in refusal.extack)
    return check(kind, ok, refusal.message if refusal is not None else "", f"modprobe {MODULES.get(kind, kind)}", kind in NEEDED)


def _bridge_that_filters(batch: Batch) -> None:
    at = _link(batch, "filters", "bridge")
    data = batch.nest(2)
    batch.u8(7, 1)
    batch.close(data)
    batch.close(at)
    batch.end()


def _request(channel: Channel, put: Callable[[Batch], None]) -> str:
    """Why the kernel refuses it; empty where it does not."""
    batch = Batch()
    put(batch)
    refusal = channel.request(batch)[0]
    return refusal.message if refusal is not None else ""


def _qdisc(channel: Channel, kind: str) -> Check:
    """Whether the kernel knows a queueing discipline: on lo, one that lacks its options is refused with EINVAL, an unknown one with
    ENOENT."""
    batch = Batch()
    batch.begin(_RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, b"\0\0\0\0" + (1).to_bytes(4, "little") + b"\0" * 4 + b"\xff" * 4 + b"\0" * 4)
    batch.text(1, kind)
    batch.end()
    refusal = channel.request(batch)[0]
    ok = refusal is None or refusal.errno != errno.ENOENT
    return check(f"qdisc {kind}", ok, refusal.message if refusal is not None else "", f"modprobe sch_{kind}")


# ---- packets and rules -----------------------------------------------------------------------------------------------


def _run(*argv: str, text: str = "") -> str:
    """Run a program; its standard output. Raises OSError with its last line where it fails."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise OSError(errno.ETIMEDOUT, f"{argv[0]} did not end in {_SECONDS:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise OSError(errno.EPERM, f"{argv[0]}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout


_NETWORK = """link set lo up
link add near type veth peer name far netns apart
address add 10.0.0.1/24 dev near
link set near up
"""
_FAR = """link set lo up
address add 10.0.0.2/24 dev far
link set far up
"""


def _packet() -> Check:
    """From one namespace to another, by ping."""
    try:
        _run("ip", "netns", "add", "apart")
        _run("ip", "-batch", "-", text=_NETWORK)
        _run("ip", "-n", "apart", "-batch", "-", text=_FAR)
        _run("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", "10.0.0.2")
    except OSError as e:
        return check("a packet between two namespaces", False, e.strerror or str(e), "without it no lab is of use", needed=True)
    return check("a packet between two namespaces", True, "", "", needed=True)


def _firewalls() -> Iterator[Check]:
    """The two packet filters, and which of them a lab gets that does not choose."""
    words = {name: _rule(name) for name in ("legacy", "nft")}
    modules = {"legacy": "ip_tables iptable_filter ip6table_filter", "nft": "nf_tables nft_compat"}
    default = next((name for name, fault in words.items() if not fault), None)
    for name, fault in words.items():
        detail = fault or ("the default for labs" if name == default else "")
        yield Check(name=f"firewall {name}", ok=not fault, detail=detail, mend=f"modprobe -a {modules[name]}" if fault else "")


def _rule(name: str) -> str:
    """Load a rule that drops a packet, and send that packet; why this is not so, empty where it is."""
    program = shutil.which(f"iptables-{name}", path=ENVIRONMENT["PATH"])
    if program is None:
        return f"iptables-{name} is not installed"
    try:
        if not _arrives():
            return "a packet to 127.0.0.1 does not arrive"
        _run(program, "-w", "-A", "INPUT", "-p", "udp", "-m", "udp", "--dport", str(_PORT), "-j", "DROP")
        held = not _arrives()
        _run(program, "-w", "-F", "INPUT")
        return "" if held and _arrives() else "a rule is accepted, and the packet that it should drop arrives"
    except OSError as e:
        return e.strerror or str(e)


def _arrives() -> bool:
    """Whether a packet on the loopback does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", _PORT))
        receiver.settimeout(0.2)
        with contextlib.suppress(OSError):
            sender.sendto(b"doctor", ("127.0.0.1", _PORT))
            return receiver.recv(100) == b"doctor"
    return False


def _tracing() -> Check:
    """What traces need: a table of nftables that sets the trace flag, and the log of the legacy tables."""
    table = nft.Table("vethboard-doctor")
    name, mend = "tracing", "modprobe -a nf_tables nfnetlink_log nf_log_syslog"
    lost = "no packet can be traced; where it should go is predicted all the same"
    try:
        listener = Listener()
    except OSError as e:
        return check(name, False, f"nfnetlink: {e.strerror}: {lost}", mend)
    try:
        listener.add(table, (nft.Match(socket.IPPROTO_ICMP, ()),), lambda _: None)
    except OSError as e:
        return check(name, False, f"nf_tables: {e.strerror}: {lost}", mend)
    finally:
        listener.socket.close()
    return check(name, not listener.notes, "; ".join(listener.notes), mend)
