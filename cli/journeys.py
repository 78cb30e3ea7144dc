"""trace, journey, watch: the way of a packet."""

import signal
import sys
from argparse import Namespace as Args
from datetime import UTC, datetime
from pathlib import Path

from cli import output
from cli.client import Client
from protocol.public import AnyItem, Cancel, JourneyItem, Open, Predict, Predicted, Snapshot, Trace, Traced, Watch, Watched
from topology.journey import words
from topology.journey.ask import replayable
from topology.journey.hop import Difference, Journey, RuleAt
from topology.journey.probe import Ask
from topology.journey.saved import VERSION, SavedJourney, load
from topology.model.netfilter import FAMILIES
from topology.model.problems import Code, Problem, ProblemError, invalid
from topology.model.records import AnyRecord


def _ask(args: Args) -> Ask:
    return Ask(
        source=args.source, target=args.target, protocol=args.protocol, ipv6=args.ipv6 or ":" in args.target, port=args.port,
        source_port=args.source_port, size=args.size, ttl=args.ttl, dont_fragment=args.dont_fragment, mark=args.mark,
    )  # fmt: skip


def _rule(text: str, ipv6: bool) -> RuleAt:
    """`NS/TABLE/CHAIN/NUMBER`."""
    parts = text.rsplit("/", 3)
    if len(parts) != 4 or not parts[3].isdecimal():
        raise invalid(f"{text} is no rule", None, "as in ns0/filter/FORWARD/2")
    return RuleAt(namespace=parts[0], family=FAMILIES[ipv6], table=parts[1], chain=parts[2], number=int(parts[3]))


def _saved(client: Client, args: Args) -> dict[str, AnyRecord]:
    """The records of the lab, where they are wanted for a file."""
    if not args.json:
        return {}
    result = client.request(Open(id=client.next_id(), lab=args.lab))
    assert isinstance(result, Snapshot)
    return {**{k: r for k, r in result.desired.items() if k.startswith("placement:")}, **result.observed}


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
    """0: every packet was delivered (and answered)."""
    ask = _ask(args)
    if args.predict:
        without = tuple(_rule(text, ask.ipv6) for text in args.without)
        predicted = client.request(Predict(id=client.next_id(), lab=args.lab, ask=ask, without=without, desired=args.desired))
        assert isinstance(predicted, Predicted)
        _show(args, predicted.journey, _saved(client, args))
        return 0 if predicted.journey.verdict.delivered else 1
    records = _saved(client, args)
    request = Trace(id=client.next_id(), lab=args.lab, ask=ask, count=args.count, wait=args.wait)
    signal.signal(signal.SIGINT, lambda *_: client.send(Cancel(id=client.next_id(), target=request.id)))

    def item(one: AnyItem) -> None:
        if isinstance(one, JourneyItem) and one.ended:
            _show(args, one.journey, records)

    traced = client.request(request, item)
    assert isinstance(traced, Traced)
    if not args.json and traced.differences:
        print(f"not as predicted: {_difference(traced)}")
    return 0 if traced.journeys and all(j.verdict.delivered for j in traced.journeys) else 1


def _difference(traced: Traced) -> str:
    """The first hop that is not as it was predicted."""
    first, predicted = traced.differences[0], traced.predicted
    if first.observed is not None:
        found = traced.journeys[0].hops[first.observed]
        return f"in {found.namespace}: {words.hop(found)}"
    assert predicted is not None
    assert first.predicted is not None
    found = predicted.hops[first.predicted]
    return f"in {found.namespace} this was expected: {words.hop(found)}"


def watch(client: Client, args: Args) -> int:
    """Journeys of the lab's own traffic, until Ctrl-C."""
    request = Watch(id=client.next_id(), lab=args.lab, hosts=tuple(args.host), port=args.port, protocol=args.protocol, rate=args.rate)
    signal.signal(signal.SIGINT, lambda *_: client.send(Cancel(id=client.next_id(), target=request.id)))
    records = _saved(client, args)

    def item(one: AnyItem) -> None:
        if isinstance(one, JourneyItem) and one.ended:
            _show(args, one.journey, records)

    watched = client.request(request, item)
    assert isinstance(watched, Watched)
    if not args.json:
        print(f"{watched.journeys} journeys, {watched.skipped} packets left out")
    return 0


def journey(args: Args) -> int:
    """A saved journey as text: no lab, no server."""
    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as e:
        raise ProblemError(Problem(code=Code.UNKNOWN, message=f"{args.file}: {e.strerror}", errno=e.errno)) from None
    saved = load(data, args.file)
    print(*words.transcript(saved.journey), sep="\n")
    return 0 if saved.journey.verdict.delivered else 1
