"""Does steps, in the order of a plan. Steps that follow one another and go to one namespace are one batch of messages."""

import errno
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

from agent.apply import messages as m
from agent.apply.sysctls import write_sysctl
from agent.filter.watch import FilterWatch
from agent.filter.write import change
from agent.netlink.decode import IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS, RTM_GETLINK, link_head
from agent.netlink.namespaces import GENERAL, NETNSA_FD, NETNSA_NSID, RTM_NEWNSID, Namespaces
from agent.netlink.wire import Batch, as_text, attribute_u32, attributes, ifinfo
from logs import problem_of
from topology.model.problems import Code, Problem, ProblemError
from topology.plan import steps as s
from topology.plan.iproute2 import commands

_BULK_DELETE = 4
"""From so many deletions in one namespace on, they are made a group, which waits for RCU once."""

_BY_NAME = 4
"""So many interfaces of a namespace are asked for one by one."""

_FREE_SECONDS, _FREE_PAUSE = 10.0, 0.02
"""How long, and how often, a step is tried again whose id (nsid) belongs to a deleted namespace."""

_DAD_SECONDS, _DAD_PAUSE = 4.0, 0.05
"""How long, and how often, a route is tried again whose IPv6 source the kernel still asks others about: 1 s and up to 1 s before it."""


class Outcome(NamedTuple):
    """`problem`: step number `failed` (from 0) was refused. Those before it were not; some after it may be done."""

    problem: Problem | None = None
    failed: int | None = None


class _Failed(Exception):
    def __init__(self, step: int, number: int, words: str, problem: Problem | None = None) -> None:
        super().__init__(words)
        self.step, self.number, self.words, self.problem = step, number, words, problem


def execute(namespaces: Namespaces, steps: Sequence[s.AnyStep], filters: FilterWatch) -> Outcome:
    """Do the steps; stop at the first batch in which one is refused. What was done before it stays: see `agent.apply.undo`.

    Nothing is raised: a socket that fails and a mistake of this program stop it as a refusal does.
    """
    run = _Run(namespaces, filters)
    at = 0
    try:
        for kind, group in groupby(steps, _stage):
            stage = list(enumerate(group, at))
            _STAGES[kind](run, stage)
            at += len(stage)
    except _Failed as e:
        return Outcome(e.problem or problem(steps[e.step], e.number, e.words), e.step)
    except Exception as e:
        return Outcome(unexpected(e, steps[at].subject), at)
    return Outcome()


def unexpected(error: Exception, subject: str | None = None) -> Problem:
    """What is said of an error that is no refusal of a step. One that no system call made is a mistake of ours: it is logged."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, OSError):
        words = error.strerror or str(error) or type(error).__name__
        return Problem(code=Code.REFUSED, message=words, subject=subject, errno=error.errno)
    return problem_of(error, "an edit was applied", subject)


def problem(step: s.AnyStep, number: int, words: str) -> Problem:
    """What the kernel said to a step, in its words."""
    code = {errno.EEXIST: Code.EXISTS, errno.EOPNOTSUPP: Code.UNSUPPORTED}.get(number, Code.REFUSED)
    return Problem(code=code, message=words, subject=step.subject, errno=number, hint=f"refused: {' ; '.join(commands([step]))}")


def touched(steps: Sequence[s.AnyStep]) -> set[str]:
    """The namespaces that the steps change something in."""
    out: set[str] = set()
    for step in steps:
        match step:
            case s.AddNamespace() | s.DeleteNamespace() | s.SetNsid():
                out.add(step.name)
            case s.AddInterface():
                out.add(step.interface.namespace)
                if step.peer is not None:
                    out.add(step.peer.namespace)
            case s.MoveInterface():
                out |= {step.namespace, step.to_namespace}
            case s.ChangeInterface():
                out.add(step.after.namespace)
            case s.AddRoute() | s.DeleteRoute():
                out.add(step.route.namespace)
            case s.AddNeighbour() | s.DeleteNeighbour():
                out.add(step.neighbour.namespace)
            case s.AddFdb() | s.DeleteFdb():
                out.add(step.fdb.namespace)
            case _:
                out.add(step.namespace)
    return out


Stage = list[tuple[int, s.AnyStep]]


def _stage(step: s.AnyStep) -> str:
    match step:
        case (
            s.AddNamespace() | s.DeleteNamespace() | s.SetNsid() | s.SetSysctl() | s.AddInterface() | s.DeleteInterface() | s.ChangeTable()
        ):
            return type(step).__name__
        case s.MoveInterface():
            return step.subject  # each alone: the next one's names may depend on it
        case s.SetUp(up=False):
            return "down"  # what is set up before, in any namespace, may have taken it up
        case s.ChangeInterface() if step.after.made_in != step.after.namespace:
            return "upper"  # its limits are those of an interface of another namespace, which is changed before
        case _:
            return "entries"


class _Run:
    def __init__(self, namespaces: Namespaces, filters: FilterWatch) -> None:
        self.namespaces, self.filters = namespaces, filters
        self._indexes: dict[str, dict[str, int]] = {}

    def fd(self, namespace: str) -> int:
        found = self.namespaces.get(namespace)
        if found is None:
            raise LookupError(f'Cannot open network namespace "{namespace}": No such file or directory')
        return found.fd

    def index(self, namespace: str, name: str) -> int:
        """The ifindex, also after something was made or moved in the namespace. The kernel is asked for a few by their names;
        where more are needed, all of the namespace are read at once."""
        known = self._indexes.setdefault(namespace, {})
        if name not in known:
            found = self._ask(namespace, name) if len(known) < _BY_NAME else self._read(namespace)
            known.update(found)
        if name not in known:
            raise LookupError(f'Cannot find device "{name}"')
        return known[name]

    def _ask(self, namespace: str, name: str) -> dict[str, int]:
        """The ifindex of one interface by its name; nothing where there is none."""
        self.fd(namespace)
        batch = Batch()
        batch.begin(RTM_GETLINK, 0, ifinfo())
        batch.text(m.IFLA_IFNAME, name)
        batch.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
        batch.end()
        (answer,) = self.namespaces[namespace].channel.ask(batch)
        return {name: link_head(answer)[1]} if isinstance(answer, bytes) else {}

    def _read(self, namespace: str) -> dict[str, int]:
        self.fd(namespace)
        mask = attribute_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
        rows = self.namespaces[namespace].channel.dump(RTM_GETLINK, ifinfo(), mask)
        return {as_text(attributes(body, 16)[m.IFLA_IFNAME]): link_head(body)[1] for _, body in rows}

    def forget(self, namespaces: set[str]) -> None:
        for namespace in namespaces:
            self._indexes.pop(namespace, None)

    # ---- stages ------------------------------------------------------------------------------------------------------

    def send(self, namespace: str, stage: Stage, put: Callable[[Batch, s.AnyStep], None]) -> None:
        """One batch for these steps, in one namespace."""
        batch = Batch()
        owners: list[int] = []
        for number, step in stage:
            try:
                put(batch, step)
            except LookupError as e:
                batch.cut(len(owners))
                self._request(namespace, batch, owners)
                raise _Failed(number, errno.ENODEV, str(e.args[0])) from None
            owners += [number] * (len(batch) - len(owners))
        self._request(namespace, batch, owners)

    def _request(self, namespace: str, batch: Batch, owners: list[int]) -> None:
        if not len(batch):
            return
        found = self.namespaces.get(namespace)
        if found is None:
            raise _Failed(owners[0], errno.ENOENT, f'Cannot open network namespace "{namespace}": No such file or directory')
        for owner, refusal in zip(owners, found.channel.request(batch), strict=True):
            if refusal is not None:
                raise _Failed(owner, refusal.errno, refusal.message)

    def add_namespaces(self, stage: Stage) -> None:
        names = [step.name for _, step in stage if isinstance(step, s.AddNamespace)]
        made = 0
        try:
            for _ in self.namespaces.create_many(names):
                made += 1
        except OSError as e:
            path = f'Cannot create namespace file "/run/netns/{names[made]}"'
            raise _Failed(stage[made][0], e.errno or errno.EIO, f"{path}: {os.strerror(e.errno or errno.EIO)}") from None

    def delete_namespaces(self, stage: Stage) -> None:
        for number, step in stage:
            assert isinstance(step, s.DeleteNamespace)
            try:
                self.namespaces.delete(step.name)
            except OSError as e:
                message = f'Cannot remove namespace file "/run/netns/{step.name}": {e.strerror}'
                raise _Failed(number, e.errno or errno.EIO, message) from None
            self.forget({step.name})

    def set_nsids(self, stage: Stage) -> None:
        def put(batch: Batch, step: s.AnyStep) -> None:
            assert isinstance(step, s.SetNsid)
            batch.begin(RTM_NEWNSID, 0, GENERAL)
            batch.u32(NETNSA_FD, self.fd(step.name))
            batch.s32(NETNSA_NSID, step.nsid)
            batch.end()

        end = time.monotonic() + _FREE_SECONDS
        for row in stage:
            while True:
                try:
                    self.send("host", [row], put)
                    break
                except _Failed:
                    if time.monotonic() > end or not self._is_freed_later(row[1]):
                        raise
                    time.sleep(_FREE_PAUSE)

    def _is_freed_later(self, step: s.AnyStep) -> bool:
        """Whether the refused id belongs to a namespace that is deleted: the kernel frees it some time later."""
        assert isinstance(step, s.SetNsid)
        given = self.namespaces.ids_in(self.namespaces.host)
        return step.nsid not in {given.get(netns.nsid) for netns in self.namespaces} and self.namespaces[step.name].nsid not in given

    def set_sysctls(self, stage: Stage) -> None:
        for namespace, group in groupby(stage, lambda row: getattr(row[1], "namespace", "")):
            found = self.namespaces.get(namespace)
            rows = list(group)
            if found is None:
                raise _Failed(rows[0][0], errno.ENOENT, f'Cannot open network namespace "{namespace}": No such file or directory')
            failure = self.namespaces.visit(found, partial(_write_sysctls, rows))
            if failure is not None:
                raise failure

    def add_interfaces(self, stage: Stage) -> None:
        """By the namespace that makes them; what sits on another interface waits until that one is there."""
        waiting: Stage = []
        for number, step in stage:
            assert isinstance(step, s.AddInterface)
            if step.interface.lower is not None:
                self._add(waiting)
                waiting = []
                self._add([(number, step)])
            else:
                waiting.append((number, step))
        self._add(waiting)

    def _add(self, stage: Stage) -> None:
        def put(batch: Batch, step: s.AnyStep) -> None:
            assert isinstance(step, s.AddInterface)
            m.add_interface(batch, step, self.index, self.fd)

        places: dict[str, Stage] = {}
        for number, step in stage:
            assert isinstance(step, s.AddInterface)
            places.setdefault(step.interface.made_in, []).append((number, step))
        for namespace, rows in places.items():
            self.send(namespace, rows, put)
        self.forget(touched([step for _, step in stage]))

    def delete_interfaces(self, stage: Stage) -> None:
        places: dict[str, Stage] = {}
        for number, step in stage:
            assert isinstance(step, s.DeleteInterface)
            places.setdefault(step.namespace, []).append((number, step))
        for namespace, rows in places.items():
            if len(rows) < _BULK_DELETE:
                self.send(namespace, rows, lambda batch, step: m.delete_interface(batch, getattr(step, "name", "")))
            else:
                self.send(namespace, rows, lambda batch, step: m.mark_for_group_delete(batch, getattr(step, "name", "")))
                self.send(namespace, rows[-1:], lambda batch, _: m.delete_group(batch))
        self._indexes.clear()

    def move(self, stage: Stage) -> None:
        def put(batch: Batch, step: s.AnyStep) -> None:
            assert isinstance(step, s.MoveInterface)
            m.move_interface(batch, step, self.index, self.fd)

        for number, step in stage:
            assert isinstance(step, s.MoveInterface)
            self.send(step.namespace, [(number, step)], put)
            self.forget({step.namespace, step.to_namespace})

    def entries(self, stage: Stage) -> None:
        places: dict[str, Stage] = {}
        for number, step in stage:
            places.setdefault(next(iter(touched([step]))), []).append((number, step))
        waiting: list[tuple[str, Stage]] = []
        for namespace, rows in places.items():
            cut = next((n for n, (_, step) in enumerate(rows) if _has_six_source(step)), len(rows))
            self.send(namespace, rows[:cut], self._entry)
            waiting += [(namespace, rows[cut:])] if rows[cut:] else []
        for namespace, rows in waiting:  # not sooner: DAD begins when both ends of a link are up
            self._after_dad(namespace, rows)

    def _after_dad(self, namespace: str, rows: Stage) -> None:
        """IPv6 routes with a source, and what comes after: the kernel takes an address as a source when DAD has ended (RFC 4862, 5.4)."""
        end = time.monotonic() + _DAD_SECONDS
        for row in rows:
            while True:
                try:
                    self.send(namespace, [row], self._entry)
                    break
                except _Failed as e:
                    if e.number != errno.EINVAL or not _has_six_source(row[1]) or time.monotonic() > end:
                        raise
                    time.sleep(_DAD_PAUSE)

    def change_tables(self, stage: Stage) -> None:
        rows = [(number, step) for number, step in stage if isinstance(step, s.ChangeTable)]
        failed = change(self.namespaces, self.filters.driver, rows, self.filters.lengths({step.namespace for _, step in rows}))
        if failed is not None:
            raise _Failed(failed.step, 0, failed.problem.message, failed.problem)

    def _entry(self, batch: Batch, step: s.AnyStep) -> None:
        match step:
            case s.ChangeInterface():
                m.change_interface(batch, step, self.index)
            case s.SetUp():
                m.set_up(batch, step)
            case s.AddAddress() | s.DeleteAddress():
                m.address(batch, step, self.index)
            case s.AddVlan() | s.DeleteVlan():
                m.vlan(batch, step, self.index)
            case s.AddRoute() | s.DeleteRoute():
                m.route(batch, step.route, isinstance(step, s.AddRoute), self.index)
            case s.AddNeighbour() | s.DeleteNeighbour():
                m.neighbour(batch, step.neighbour, isinstance(step, s.AddNeighbour), self.index)
            case s.AddFdb() | s.DeleteFdb():
                m.fdb(batch, step.fdb, isinstance(step, s.AddFdb), step.fdb.destination is not None, self.index)
            case _:
                raise TypeError(type(step).__name__)


def _has_six_source(step: s.AnyStep) -> bool:
    return isinstance(step, s.AddRoute) and step.route.src is not None and ":" in step.route.src


def _write_sysctls(rows: Stage) -> _Failed | None:
    """In the namespace. The failure is returned: an exception would not carry the step across the thread."""
    for number, step in rows:
        assert isinstance(step, s.SetSysctl)
        if (refusal := write_sysctl(step)) is not None:
            return _Failed(number, refusal.errno, refusal.message)
    return None


class _Stages(dict[str, Callable[[_Run, Stage], None]]):
    """By `_stage`; a move has the name of its subject."""

    def __missing__(self, key: str) -> Callable[[_Run, Stage], None]:
        return _Run.move


_STAGES = _Stages(
    {
        "AddNamespace": _Run.add_namespaces,
        "DeleteNamespace": _Run.delete_namespaces,
        "SetNsid": _Run.set_nsids,
        "SetSysctl": _Run.set_sysctls,
        "AddInterface": _Run.add_interfaces,
        "DeleteInterface": _Run.delete_interfaces,
        "ChangeTable": _Run.change_tables,
        **dict.fromkeys(("entries", "down", "upper"), _Run.entries),
    }
)
