"""The case in a real kernel: its lab built, the product's traces, and the witnesses around each of them."""

import asyncio
import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator

from agent.journey.tracing import Tracing
from agent.netlink import sockets
from protocol.private import Sighted, Trace, TraceEnded
from tests.fuzz.case import Case, Sent
from tests.kernel.stage import Stage
from topology.journey.ask import concerned, wires
from topology.journey.explain import explained, resolved
from topology.journey.hop import Journey
from topology.journey.predicted.listening import taker, with_sockets
from topology.journey.predicted.predict import predict
from topology.journey.probe import Probe
from topology.journey.seen.stitch import stitch
from topology.journey.sighting import AnySighting
from topology.model.records import AnyRecord

WAIT = 0.5
"""Seconds that a trace waits for an answer: none of these labs takes longer."""
PRELUDE = """
quiet() {
  cd /proc/sys/net
  for f in ipv6/conf/all/accept_dad ipv6/conf/default/accept_dad ipv6/conf/default/router_solicitations; do echo 0 >$f; done
  [ "$1" = limited ] || { echo 0 >ipv4/icmp_ratelimit; echo 0 >ipv6/icmp/ratelimit; }
  ip link set lo up
}
if [ "$1" = quiet ]; then quiet "$2"; exit; fi
space() { ip netns add "$1"; nsenter --net="/run/netns/$1" sh /run/prelude quiet "$2"; }
sh /run/prelude quiet
"""


def probe_of(sent: Sent) -> Probe:
    """With a nonce of its own."""
    return Probe(
        source=sent.source, target=sent.address, namespace=sent.source, address=sent.address, nonce=secrets.token_hex(8),
        protocol=sent.protocol, ipv6=sent.ipv6, port=sent.port or None, source_port=sent.source_port, size=sent.size, ttl=sent.ttl,
        dont_fragment=sent.dont_fragment, mark=sent.mark, dev=sent.dev, tos=sent.tos, source_address=sent.source_address,
    )  # fmt: skip


@contextlib.contextmanager
def built(case: Case) -> Iterator[Stage]:
    """The lab of a case. A line that the kernel refuses is as if it were not there."""
    with open("/run/prelude", "w") as file:
        file.write(PRELUDE)
    with Stage(driver=case.driver) as stage:
        env = {**os.environ, "PATH": f"/run/bin:{os.environ['PATH']}"}
        script = "\n".join((PRELUDE, *case.lines))
        subprocess.run(["sh", "-c", script], capture_output=True, env=env, check=False)
        stage.ready()
        yield stage


class Traced:
    """A probe with what Vethboard says of it."""

    def __init__(self, probe: Probe, prediction: Journey) -> None:
        self.probe, self.prediction = probe, prediction
        self.sightings: list[AnySighting] = []
        self.ended: TraceEnded | None = None
        self.journey: Journey | None = None


def predicted(stage: Stage, records: dict[str, AnyRecord], sent: Sent) -> Traced:
    """Before it is sent."""
    probe, live = probe_of(sent), stage.observed.live
    journey = predict(probe, records, live)
    if taking := taker(journey):
        journey = predict(probe, records, with_sockets(live, taking, sockets.listening(stage.namespaces, taking)))
    return Traced(probe, journey)


def trace(stage: Stage, traced: list[Traced], chains: dict[str, AnyRecord]) -> None:
    """Send them all at the same time, and stitch what was seen."""
    stage.watch.barrier()
    asyncio.run(_trace(stage, traced))
    stage.watch.barrier()
    stage.watch.on_events()
    records = {**stage.observed.records, **chains}
    for one in traced:
        seen = stitch(one.probe, one.sightings, records, stage.observed.live)
        one.journey = explained(seen, predict(one.probe, records, stage.observed.live, known=resolved(seen)))


async def _trace(stage: Stage, traced: list[Traced]) -> None:
    tracing = Tracing(stage.namespaces)
    done = []
    for number, one in enumerate(traced, 1):
        ended: asyncio.Future[TraceEnded] = asyncio.get_running_loop().create_future()

        def tell(event: Sighted | TraceEnded, one: Traced = one, ended: "asyncio.Future[TraceEnded]" = ended) -> None:
            if isinstance(event, Sighted):
                one.sightings.extend(event.sightings)
            elif not ended.done():  # nobody waits any more
                ended.set_result(event)

        places = concerned(one.probe, stage.observed.records)
        request = Trace(id=number, probe=one.probe, namespaces=places, wires=wires(stage.observed.records, places), wait=WAIT)
        tracing.start(request, tell)
        done.append(ended)
    for one, end in zip(traced, done, strict=True):
        one.ended = await asyncio.wait_for(end, WAIT + 20)
