"""An agent and its labs without a kernel: real sockets, the real protocol, a model of the kernel behind them, and faults on request."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, unix_serve

from protocol import private as p
from topology.model.problems import Code, Problem
from topology.model.records import AnyRecord, Bridge, Namespace, Records, as_records
from topology.observe import facts as f
from topology.plan import steps as s
from topology.plan.kernel_model import Model
from topology.plan.table_plan import digest
from topology.rules.chains import by_table, of_table

BASELINE = {"net.ipv4.ip_forward": "0"}
"""The sysctls of a fresh namespace: it tells of them, as a kernel does."""


class FakeLab:
    """The process of a lab: namespaces, bridges, addresses, sysctls and rules. Its faults are attributes.

    `go`: cleared, it hangs as after SIGSTOP. `delay`: seconds before each apply. `refuse`: kinds of steps that its kernel refuses.
    `requests`: all that it was asked. `leaves`: what is before a refused step stays done, as where a roll-back fails too.
    `shell`: what a shell does before each of the next applies, of which the server is told after.
    """

    def __init__(self) -> None:
        self.model = Model(as_records(Namespace(name="host")))
        self.fresh = True
        self.go = threading.Event()
        self.go.set()
        self.delay = 0.0
        self.refuse: tuple[type[s.Step], ...] = ()
        self.leaves = False
        self.requests: list[p.AnyLabRequest] = []
        self.shell: list[s.AnyStep] = []
        self.applies = 0
        self.left: dict[str, AnyRecord | None] = {}
        self._edit: p.OpenEdit | None = None
        self._lock = threading.Lock()
        self._indexes: dict[str, int] = {}
        self._connection: ServerConnection | None = None

    @property
    def records(self) -> Records:
        """What its kernel has."""
        return self.model.records

    def facts(self) -> tuple[f.AnyFact, ...]:
        """All of it."""
        return tuple(fact for r in list(self.records.values()) if isinstance(r, Namespace) for fact in self._facts_of(r))

    def _facts_of(self, namespace: Namespace) -> Iterator[f.AnyFact]:
        ns = namespace.name
        yield f.Resync(ns=ns)
        yield f.NamespaceFact(ns=ns, inode=1, nsid=namespace.nsid)
        yield from (f.SysctlFact(ns=ns, key=key, value=value) for key, value in {**BASELINE, **namespace.sysctls}.items())
        for r in self.records.values():
            if isinstance(r, Bridge) and r.namespace == ns:
                index = self._indexes.setdefault(r.id, len(self._indexes) + 2)
                mac = r.mac or f"02:00:00:00:00:{index:02x}"
                yield f.LinkFact(ns=ns, index=index, name=r.name, kind="bridge", flags=int(r.up), mtu=r.mtu or 1500, mac=mac)
                yield from (f.AddressFact(ns=ns, index=index, address=a) for a in r.addresses)
        for (where, family, table), chains in by_table(self.records).items():
            if where == ns:
                rows = tuple(f.ChainFact(name=c.name, policy=c.policy, rules=c.rules) for c in chains.values())
                yield msgspec.convert(
                    {"fact": "table", "ns": ns, "family": family, "table": table, "chains": msgspec.to_builtins(rows)}, f.TableFact
                )

    def outside(self, *steps: s.AnyStep) -> None:
        """What a shell does: the server is told."""
        with self._lock:
            before = {r.name for r in self.records.values() if isinstance(r, Namespace)}
            for step in steps:
                self.model.do(step)
            self._report(before)

    def _report(self, before: set[str]) -> tuple[f.AnyFact, ...]:
        gone = before - {r.name for r in self.records.values() if isinstance(r, Namespace)}
        facts = (*(f.NamespaceGone(ns=ns) for ns in gone), *self.facts())
        self.say(p.Facts(facts=facts))
        return facts

    def say(self, event: p.AnyLabEvent | str) -> None:
        """Send an event, or any text, to the server that is attached."""
        if self._connection is not None:
            with contextlib.suppress(ConnectionClosed):
                self._connection.send(event if isinstance(event, str) else msgspec.json.encode(event).decode())

    def lose(self) -> None:
        """End the connection, as a process that dies, or an agent."""
        if self._connection is not None:
            self._connection.close()

    def serve(self, connection: ServerConnection) -> None:
        self._connection = connection
        for frame in connection:
            self.go.wait()
            request = msgspec.json.decode(frame, type=p.AnyLabRequest)
            self.requests.append(request)
            with self._lock:
                if self._connection is connection:
                    self._answer(request)

    def _answer(self, request: p.AnyLabRequest) -> None:
        match request:
            case p.Attach():
                self.say(p.Attached(id=request.id, fresh=self.fresh, sysctls=BASELINE, open_edit=self._edit, left=self.left))
                self.say(p.Facts(facts=self.facts(), snapshot=True))
            case p.Apply():
                self._apply(request)
            case p.Conclude():
                self.fresh, self._edit = False, None
                self.say(p.LabAnswer(id=request.id))
            case p.Run():
                self.say(p.Exit(id=request.id, channel=request.channel, code=0))
            case p.NoteLeft():
                self.left = request.records
                self.say(p.LabAnswer(id=request.id))
            case p.TryRules():
                self.say(p.Tried(id=request.id, text=request.text))
            case _:
                self.say(p.LabAnswer(id=request.id))

    def _apply(self, request: p.Apply) -> None:
        self.applies += 1
        threading.Event().wait(self.delay)
        if self.shell:
            self.model.do(self.shell.pop(0))
        overtaken = next((step for step in request.steps if isinstance(step, s.ChangeTable) and self._is_overtaken(step)), None)
        if overtaken is not None:
            self._report(set())
            self.say(p.Applied(id=request.id, problem=Problem(code=Code.CONFLICT, message="changed", subject=overtaken.subject), failed=0))
            return
        failed = next((n for n, step in enumerate(request.steps) if isinstance(step, self.refuse)), None) if self.refuse else None
        if failed is not None:
            problem = Problem(code=Code.REFUSED, message="Operation not permitted", subject=request.steps[failed].subject, errno=1)
            if self.leaves and failed:
                before = {r.name for r in self.records.values() if isinstance(r, Namespace)}
                for step in request.steps[:failed]:
                    self.model.do(step)
                self._report(before)
                problem = msgspec.structs.replace(problem, causes=(problem,))
            self.say(p.Applied(id=request.id, problem=problem, failed=failed))
            return
        before = {r.name for r in self.records.values() if isinstance(r, Namespace)}
        was = self.facts() if self._edit is None or self._edit.number != request.edit else self._edit.before
        for step in request.steps:
            self.model.do(step)
        told = self._report(before)
        self._edit = p.OpenEdit(number=request.edit, before=was, changes=told, steps=request.steps) if request.edit else None
        self.say(p.Applied(id=request.id))

    def _is_overtaken(self, step: s.ChangeTable) -> bool:
        """Whether the rules that it means by number are not those that it expects."""
        have = of_table(self.records, step.namespace, step.family, step.table)
        rules = {name: have[name].rules if name in have else () for name in step.expects}
        return any(digest(rules[name]) != expected for name, expected in step.expects.items())


class FakeAgent:
    """Listens on `socket`, in a thread. `labs`: the processes that run. `uplinks`: the labs that have one. `go`: cleared, it answers
    nothing. `hangs`: a request of this type is answered no more, and nothing after it. `make`: makes the process of a lab."""

    def __init__(self, socket: Path) -> None:
        self.labs: dict[str, FakeLab] = {}
        self.uplinks: set[str] = set()
        self.go = threading.Event()
        self.go.set()
        self.hangs: type[p.AnyControlRequest] | None = None
        self.make: Callable[[], FakeLab] = FakeLab
        self._server: Server = unix_serve(self._serve, str(socket), compression=None, ping_interval=None, max_size=None)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        try:
            if connection.request.path == "/control":
                self._control(connection)
            elif (lab := self.labs.get(connection.request.path.removeprefix("/lab/"))) is not None:
                lab.serve(connection)
            else:
                connection.close(1011, HTTPStatus.NOT_FOUND.phrase)
        except ConnectionClosed:
            pass

    def _control(self, connection: ServerConnection) -> None:
        for frame in connection:
            self.go.wait()
            request = msgspec.json.decode(frame, type=p.AnyControlRequest)
            if type(request) is self.hangs:
                self.go.clear()
                self.go.wait()
            problem = None
            match request:
                case p.Start() if request.lab in self.labs:
                    problem = Problem(code=Code.EXISTS, message="File exists")
                case p.Start():
                    self.labs[request.lab] = self.make()
                case p.Stop():
                    if (lab := self.labs.pop(request.lab, None)) is not None:
                        lab.go.set()
                        lab.lose()
                case p.SetUplink():
                    (self.uplinks.add if request.on else self.uplinks.discard)(request.lab)
            known = {"labs": tuple(self.labs), "uplinks": tuple(self.uplinks)}
            connection.send(msgspec.json.encode(p.ControlAnswer(id=request.id, problem=problem, **known)).decode())

    def close(self) -> None:
        for lab in self.labs.values():
            lab.go.set()
        self.go.set()
        self._server.shutdown()
