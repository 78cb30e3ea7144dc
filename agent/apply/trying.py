"""What an apply would refuse, tried in a namespace that is made for this only: nothing of the lab is changed."""

import errno
import os
from collections.abc import Iterator, Sequence

from agent.apply import messages as m
from agent.apply.execute import problem
from agent.apply.sysctls import open_sysctl, write_sysctl
from agent.filter.pretest import refused_beforehand
from agent.filter.watch import FilterWatch
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.wire import NLM_F_CREATE, NLM_F_EXCL, Batch, Channel, Refusal, ifinfo
from topology.model.base import HOST
from topology.model.problems import Problem
from topology.model.records import replace
from topology.plan import steps as s

_PORTS = frozenset({"net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"})
"""Sysctls of which each takes what the value of the other allows: a namespace made for this does not show what the lab's would take."""

_RTM_NEWLINK, _IFNAME, _LINKINFO, _INFO_KIND = 16, 3, 18, 1


def refused(namespaces: Namespaces, filters: FilterWatch, steps: Sequence[s.AnyStep]) -> Problem | None:
    """Why these steps would be refused: the first reason that is found; None where none is. Raises OSError."""
    lengths = filters.lengths({step.namespace for step in steps if isinstance(step, s.ChangeTable)})
    failed = refused_beforehand(namespaces, filters.driver, steps, lengths, also_one=True)
    if failed is not None:
        return failed.problem
    known: set[object] = set()
    with namespaces.scratch() as scratch:
        for step in steps:
            for what, refusal in _tried(namespaces, scratch, step, known):
                if refusal is not None:
                    return problem(step, refusal.errno, refusal.message)
                known.add(what)
    return None


def _tried(namespaces: Namespaces, scratch: Netns, step: s.AnyStep, known: set[object]) -> Iterator[tuple[object, Refusal | None]]:
    """What of the step depends on this kernel alone, each once; and why it is refused."""
    if isinstance(step, s.SetSysctl) and (step.key, step.value) not in known:
        yield (step.key, step.value), namespaces.visit(scratch, lambda: _missing(step.key) if step.key in _PORTS else write_sysctl(step))
    if isinstance(step, s.AddInterface):
        interface = step.interface
        if interface.word not in known:
            yield interface.word, unknown_kind(scratch.channel, interface.word)
        options = (interface.word, *(getattr(interface, f.name) for f in interface.KIND.fields))
        if _stands_alone(step) and options not in known:
            yield options, _unsupported(scratch.channel, step, len(known))


def _missing(key: str) -> Refusal | None:
    found = open_sysctl(key)
    if isinstance(found, Refusal):
        return found
    os.close(found)
    return None


def _stands_alone(step: s.AddInterface) -> bool:
    """Whether it can be made without anything else."""
    return step.peer is None and step.interface.lower is None and step.interface.made_in == step.interface.namespace


def _unsupported(channel: Channel, step: s.AddInterface, number: int) -> Refusal | None:
    """Why this kernel has no such interface, with these options. That another one is in its way (EEXIST) says nothing."""
    batch, bare = Batch(), replace(step.interface, namespace=HOST, name=f"t{number}", mac=None, mtu=None)
    m.add_interface(batch, s.AddInterface(subject=step.subject, interface=bare), lambda *_: 0, lambda _: 0)
    refusal = channel.request(batch)[0]
    return refusal if refusal is not None and refusal.errno == errno.EOPNOTSUPP else None


def unknown_kind(channel: Channel, kind: str) -> Refusal | None:
    """Why this kernel has no interfaces of a kind. One that it knows complains of what is missing (EINVAL, ENODEV …), if of anything."""
    batch = Batch()
    batch.begin(_RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfo())
    batch.text(_IFNAME, f"t{kind}"[:15])
    at = batch.nest(_LINKINFO)
    batch.text(_INFO_KIND, kind)
    batch.close(at)
    batch.end()
    refusal = channel.request(batch)[0]
    if refusal is None or (refusal.errno != errno.EOPNOTSUPP and "Unknown device type" not in refusal.extack):
        return None
    return refusal
