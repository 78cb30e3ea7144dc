"""The wall: a network namespace between a lab and slirp4netns(1), which forwards what `rules` let pass.

    lab `host`: uplink0 ══ veth ══ lab : the wall : out ── tap of slirp4netns ── sockets of the machine

It belongs to a user namespace of its own. The lab's root owns one end of the veth and nothing beyond: it sees neither the wall's rules
nor its routes, and slirp4netns gets only packets that the kernel has forwarded, never a frame as the lab wrote it. It is kept alive by
the mount that slirp4netns has of it, and ends with that.
"""

import os
import signal
import subprocess
from collections.abc import Iterable

from agent import filter
from agent.linux import namespaces as ns
from agent.linux import pids
from agent.uplink.rules import DNS, GATEWAY, GUEST, LAB_SIDE, OUT_SIDE, WALL, Network, rules
from topology.model.problems import Code, Problem, ProblemError

_SECONDS = 20
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
MTU = 1500


def make(id: int) -> int:
    """Start a process in a new wall, which is owned by the user `id`; its pid. It holds the wall until it is ended. Raises OSError."""
    ready, child_ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        _hold(id, child_ready)
    os.close(child_ready)
    try:
        said = os.read(ready, 100)
        if said != b"+":
            os.waitpid(pid, 0)
            raise OSError(0, f"the uplink's namespace: {said.decode('utf-8', 'replace') or 'its process died'}")
        ns.map_ids(pid, id, 1)
    finally:
        os.close(ready)
    return pid


def end(holder: int) -> None:
    """End the process that `make` has started; the wall stays for as long as something else holds it."""
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)


def _hold(id: int, ready: int) -> None:
    """The forked child. Never returns."""
    try:
        os.dup2(ready, 3)
        os.closerange(4, 1 << 16)
        pids.prctl(pids.PR_SET_SECUREBITS, pids.SECBIT_NO_SETUID_FIXUP)  # the right to make a user namespace stays until it is made
        os.setgroups([])
        os.setresgid(id, id, id)
        os.setresuid(id, id, id)
        ns.unshare(ns.CLONE_NEWUSER | ns.CLONE_NEWNET)
        os.write(3, b"+")
        os.close(3)
        signal.pause()
    except BaseException as e:
        os.write(3, str(e).encode()[:100])
    finally:
        os._exit(1)


def join(holder: int, lab: int, interface: str) -> None:
    """Make the veth between the wall of `holder` and the network namespace of the process `lab`, in which it is called `interface`, and
    configure both ends. Raises ProblemError with the words of ip(8)."""
    _in(holder, [f"link add {LAB_SIDE} mtu {MTU} type veth peer name {interface} mtu {MTU} netns {lab}",
                 f"address add {WALL}/32 dev {LAB_SIDE}", f"link set {LAB_SIDE} up", f"route add {GUEST}/32 dev {LAB_SIDE}"])  # fmt: skip
    _in(lab, ["link set lo up", f"address add {GUEST}/24 dev {interface}", f"link set {interface} up", f"route add default via {GATEWAY}"])


def open_up(holder: int, own: Iterable[str], listed: Iterable[Network]) -> None:
    """Let through what may pass, when slirp4netns has made its tap. Nothing is forwarded before the rules are there."""
    shut(f"/proc/{holder}/ns/net", own, listed)
    _in(holder, [f"link set {OUT_SIDE} up mtu {MTU}", f"route add {GATEWAY}/32 dev {OUT_SIDE}", f"route add {DNS}/32 dev {OUT_SIDE}",
                 f"route add default via {GATEWAY} dev {OUT_SIDE} onlink"])  # fmt: skip
    values = {"ip_forward": "1", "conf/all/rp_filter": "1"}
    for side in (LAB_SIDE, OUT_SIDE):
        # the wall answers ARP for what lies behind it, at once
        values |= {f"conf/{side}/proxy_arp": "1", f"neigh/{side}/proxy_delay": "0", f"conf/{side}/send_redirects": "0"}
    lines = "".join(f"echo {value} > /proc/sys/net/ipv4/{name}\n" for name, value in values.items())
    _run(f"/proc/{holder}/ns/net", ["sh", "-e"], lines)


def shut(network: str, own: Iterable[str], listed: Iterable[Network]) -> None:
    """Set the rules of the wall whose network namespace `network` is a file of, all at once. Raises ProblemError with the words of
    iptables-restore(8)."""
    _run(network, [f"iptables-{filter.default()}-restore", "--wait=5"], rules(own, listed))


def part(network: str) -> None:
    """Take the veth away, at once: a namespace that nothing holds any more is cleaned up later. Raises ProblemError."""
    _run(network, ["ip", "link", "delete", LAB_SIDE], "")


def _in(pid: int, lines: list[str]) -> None:
    _run(f"/proc/{pid}/ns/net", ["ip", "-batch", "-"], "".join(line + "\n" for line in lines))


def _run(network: str, argv: list[str], text: str) -> None:
    """Run a program of the machine in a network namespace. Raises ProblemError."""
    lock = os.memfd_create("lock")  # the lock of the machine's iptables, and /dev/null, may be held by others
    try:
        done = subprocess.run(
            ["nsenter", f"--net={network}", *argv], input=text, capture_output=True, text=True, timeout=_SECONDS, pass_fds=(lock,),
            env={**_ENVIRONMENT, "XTABLES_LOCKFILE": f"/proc/self/fd/{lock}"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as e:
        raise _refused(str(e)) from None
    finally:
        os.close(lock)
    if done.returncode != 0:
        raise _refused(f"{argv[0]}: {(done.stderr.strip() or f'it ended with {done.returncode}').splitlines()[0]}")


def _refused(message: str) -> ProblemError:
    return ProblemError(Problem(code=Code.REFUSED, message=f"the uplink's filter: {message}", hint="vethboard doctor"))
