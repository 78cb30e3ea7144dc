"""trace, watch, show-trace: traces of packets."""

import signal
import sys
from argparse import Namespace as Args
from datetime import UTC, datetime
from pathlib import Path

from cli import output
from cli.client import Client
from protocol.public import AnyItem, AnyResult, Cancel, JourneyItem, Open, Predict, Predicted, Snapshot, Trace, Traced, Watch, Watched
from topology.journey import words
from topology.journey.ask import replayable
from topology.journey.hop import Difference, Journey, RuleAt
from topology.journey.options import OPTIONS
from topology.journey.probe import Ask, asked
from topology.journey.saved import VERSION, SavedJourney, load
from topology.model import ids
from topology.model.netfilter import FAMILIES, TABLES
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.records import AnyRecord


def _ask(args: Args) -> Ask:
    chosen = {option.name: getattr(args, option.name) for option in OPTIONS}
    return asked(args.protocol, source=args.source, target=args.target, ipv6=args.ipv6 or ":" in args.target, **chosen)


def _rule(text: str, ipv6: bool) -> RuleAt:
    """The rule that `NS/TABLE/CHAIN/NUMBER` names; the name of a chain may have slashes. Raises ProblemError."""
    namespace, rest = ids.namespace_of(text), ids.name_of(text)
    table, _, rest = rest.partition("/")
    chain, _, number = rest.rpartition("/")
    if not (namespace and chain and table in TABLES and number.isascii() and number.isdigit()):
        raise invalid(f"{text} does not name a rule", None, "as in ns0/filter/FORWARD/2")
    return RuleAt(namespace=namespace, family=FAMILIES[ipv6], table=table, chain=chain, number=int(number))


def _saved(client: Client, args: Args) -> dict[str, AnyRecord]:
    """The records of the lab that a saved trace needs; none where it is only printed."""
    if not args.json:
        return {}
    result = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(result, Snapshot)
    return {**{k: r for k, r in result.desired.items() if ids.kind_of(k) == "placement"}, **result.observed}


def _show(args: Args, journey: Journey, records: dict[str, AnyRecord], differences: tuple[Difference, ...] = ()) -> None:
    if args.json:
        scene = replayable(records, (h.namespace for h in journey.hops))
        at = datetime.now(UTC).isoformat(timespec="seconds")
        output.as_json(
            SavedJourney(vethboard_journey=VERSION, lab=args.lab, at=at, journey=journey, differences=differences, records=scene)
        )
    else:
        print(*words.transcript(journey), sep="\n", flush=True)


def trace(client: Client, args: Args) -> int:
    """Trace packets, or predict one. Exit code 0 when every packet was delivered, and answered."""
    ask = _ask(args)
    return _predict(client, args, ask) if args.predict else _trace(client, args, ask)


def _predict(client: Client, args: Args, ask: Ask) -> int:
    without = tuple(_rule(text, ask.ipv6) for text in args.without)
    predicted = client.request(Predict(id=client.next_id(), lab=args.lab, ask=ask, without=without, desired=args.desired))
    assert isinstance(predicted, Predicted)
    _show(args, predicted.journey, _saved(client, args))
    return 0 if predicted.journey.verdict.delivered else 1


def _trace(client: Client, args: Args, ask: Ask) -> int:
    request = Trace(id=client.next_id(), lab=args.lab, ask=ask, count=args.count, wait=args.wait, interval=args.interval)
    traced = _streamed(client, args, request)
    assert isinstance(traced, Traced)
    if not args.json and traced.differences:
        print(f"differs from the prediction: {_difference(traced)}")
    return 0 if traced.journeys and all(j.verdict.delivered for j in traced.journeys) else 1


def _streamed(client: Client, args: Args, request: Trace | Watch) -> AnyResult:
    """Send the request and print each journey once it has ended; Ctrl-C ends the request."""
    records = _saved(client, args)
    signal.signal(signal.SIGINT, lambda *_: client.send(Cancel(id=client.next_id(), target=request.id)))

    def item(one: AnyItem) -> None:
        if isinstance(one, JourneyItem) and one.ended:
            _show(args, one.journey, records)

    return client.request(request, item)


def _difference(traced: Traced) -> str:
    """The first hop that differs from the predicted one."""
    first, predicted = traced.differences[0], traced.predicted
    if first.observed is not None:
        found = traced.journeys[0].hops[first.observed]
        return f"in {found.namespace}: {words.hop(found)}"
    assert predicted is not None
    assert first.predicted is not None
    found = predicted.hops[first.predicted]
    return f"expected in {found.namespace}: {words.hop(found)}"


def watch(client: Client, args: Args) -> int:
    """Trace packets of the lab's own traffic, until Ctrl-C."""
    request = Watch(id=client.next_id(), lab=args.lab, hosts=tuple(args.host), port=args.port, protocol=args.protocol, rate=args.rate)
    watched = _streamed(client, args, request)
    assert isinstance(watched, Watched)
    if not args.json:
        seen = watched.journeys + watched.skipped
        print(f"{watched.journeys} traces; {watched.journeys} of {seen} packets that open a flow were sampled")
    return 0


def show_trace(args: Args) -> int:
    """Print a saved trace, without a lab or a server."""
    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as e:
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"{args.file}: {e.strerror}", errno=e.errno)) from None
    saved = load(data, args.file)
    print(*words.transcript(saved.journey), sep="\n")
    return 0 if saved.journey.verdict.delivered else 1
