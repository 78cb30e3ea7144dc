"""A stage for journeys: networks that a shell builds, and packets that are sent and followed there, as in a lab."""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from agent.filter.drivers import driver as filter_driver
from agent.journey.tracing import Tracing
from agent.netlink.namespaces import Namespaces, Netns
from agent.netlink.sysctls import Sysctls
from agent.netlink.watch import Watch
from protocol.private import Sighted, Trace, TraceEnded
from topology.journey.ask import wires
from topology.journey.hop import Journey
from topology.journey.probe import Probe
from topology.journey.seen.stitch import stitch
from topology.journey.sighting import AnySighting
from topology.model.records import AnyRecord, Chain, Records
from topology.model.sysctls import KEYS
from topology.observe.facts import AnyFact, FilterFact
from topology.observe.live import LinkLive, LiveRecords
from topology.observe.observed import Observed
from topology.rules.save import read

GOLDEN = Path(__file__).parents[1] / "golden" / "journeys"
FAMILIES = (("ipv4", "iptables"), ("ipv6", "ip6tables"))


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a journey was stitched of, and the journey: a golden test's file."""

    probe: Probe
    sightings: tuple[AnySighting, ...]
    observed: dict[str, AnyRecord]
    live: LiveRecords
    journey: Journey


class Stage:
    """With `driver` (`legacy` or `nft`) `iptables` in `shell` is that one's."""

    def __init__(self, *lines: str, driver: str = "legacy") -> None:
        self.driver = driver
        self.namespaces = Namespaces()
        reader = Sysctls(self.namespaces, KEYS)
        baseline = {fact.key: fact.value for fact in reader.read([self.namespaces.watch])}
        reader.close()
        self.observed = Observed(baseline)
        self.watch = Watch(self.namespaces, self._fold, keys=KEYS)
        self.watch.start()
        self.filter = filter_driver("nft" if driver == "nft" else "legacy", self.namespaces)
        self.shell("ip link set lo up", *lines)
        self.ready()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.close()
        self.namespaces.close()

    def _fold(self, facts: list[AnyFact]) -> None:
        self.observed.fold(facts)

    def shell(self, *lines: str) -> None:
        os.makedirs("/run/bin", exist_ok=True)
        for name in ("iptables", "ip6tables"):
            path = Path("/run/bin", name)
            if not path.exists():
                path.symlink_to(f"/usr/sbin/{name}-{self.driver}")
        for line in lines:
            env = {**os.environ, "PATH": f"/run/bin:{os.environ['PATH']}"}
            done = subprocess.run(["sh", "-ec", line], capture_output=True, text=True, env=env, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"

    def serve(self, ns: str, family: str, protocol: str, port: int, address: str = "") -> socket.socket:
        """A program that listens in a namespace, as far as the kernel plays it: connections are taken, datagrams are kept."""
        inet = socket.AF_INET6 if family == "ipv6" else socket.AF_INET
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        server = self.namespaces.visit(self.namespaces[ns], lambda: socket.socket(inet, kind))
        server.bind((address, port))
        if protocol == "tcp":
            server.listen()
        return server

    def ready(self) -> None:
        """Wait until what is up has its carrier: packets that come earlier are lost."""
        for _ in range(100):
            self.watch.barrier()
            links = [r for r in self.observed.live.values() if isinstance(r, LinkLive)]
            if all(r.operstate not in ("down", "lowerlayerdown") for r in links if r.up and r.type in ("veth", "bridge")):
                return
            time.sleep(0.02)

    def records(self) -> Records:
        """What the watch has told, and the chains as iptables-save prints them."""
        self.watch.barrier()
        self.watch.on_events()
        self.observed.fold([self._foreign(netns) for netns in self.namespaces])
        records: dict[str, AnyRecord] = dict(self.observed.records)
        for netns in self.namespaces:
            for chain in _chains(netns.name, self.driver):
                records[chain.id] = chain
        return records

    def _foreign(self, netns: Netns) -> AnyFact:
        """What filters there besides iptables, as the product's own watch of rules tells it."""
        return FilterFact(ns=netns.name, driver=self.filter.name, foreign=self.filter.foreign(netns))

    def sight(self, probe: Probe, wait: float = 1.0, places: tuple[str, ...] = ()) -> tuple[AnySighting, ...]:
        """Send it; all that was seen (in all namespaces, where none are named)."""
        self.watch.barrier()
        return asyncio.run(self._sight(probe, wait, places or tuple(netns.name for netns in self.namespaces)))

    async def _sight(self, probe: Probe, wait: float, places: tuple[str, ...]) -> tuple[AnySighting, ...]:
        seen: list[AnySighting] = []
        ended: asyncio.Future[TraceEnded] = asyncio.get_running_loop().create_future()

        def tell(event: Sighted | TraceEnded) -> None:
            if isinstance(event, Sighted):
                seen.extend(event.sightings)
            else:
                ended.set_result(event)

        Tracing(self.namespaces).start(
            Trace(id=1, probe=probe, namespaces=places, wires=wires(self.observed.records, places), wait=wait), tell
        )
        end = await asyncio.wait_for(ended, wait + 10)
        assert end.problem is None, end.problem
        return tuple(seen)

    def trace(self, source: str, address: str, *, record: str = "", wait: float = 1.0, **asked: Any) -> Journey:
        """The journey of a packet. `record`: also write the golden file of this name, where UPDATE is set."""
        probe = Probe(source=source, target=address, namespace=source, address=address, nonce=secrets.token_hex(8), **asked)
        sightings = self.sight(probe, wait)
        records, live = self.records(), self.observed.live
        journey = stitch(probe, sightings, records, live)
        if record and os.environ.get("UPDATE"):
            whole = Recorded(probe=probe, sightings=sightings, observed=records, live=dict(live), journey=journey)
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / f"{record}.json").write_text(_lines(json.loads(msgspec.json.encode(whole))))
        return journey


def _lines(whole: dict[str, Any]) -> str:
    """JSON with a line per sighting, record and hop: to be read, and small enough to keep."""
    out = []
    for key, value in whole.items():
        if key == "journey":
            value = {k: v for k, v in value.items() if k != "probe"}
            hops = ",\n".join(f"  {json.dumps(h, ensure_ascii=False)}" for h in value.pop("hops"))
            out.append(
                f'"journey": {{"probe": {json.dumps(whole["probe"])}, "hops": [\n{hops}],\n "verdict": {json.dumps(value.pop("verdict"))}'
            )
            out[-1] += "".join(f", {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "}"
        elif isinstance(value, list):
            rows = ",\n".join(f"  {json.dumps(v, ensure_ascii=False)}" for v in value)
            out.append(f'"{key}": [\n{rows}]')
        elif key == "probe":
            out.append(f'"probe": {json.dumps(value)}')
        else:
            rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
            out.append(f'"{key}": {{\n{rows}}}')
    return "{\n" + ",\n".join(out) + "\n}\n"


def _chains(namespace: str, driver: str) -> list[Chain]:
    out: list[Chain] = []
    for family, command in FAMILIES:
        inside = [] if namespace == "host" else ["ip", "netns", "exec", namespace]
        text = subprocess.run([*inside, f"{command}-{driver}-save"], capture_output=True, text=True, check=False).stdout
        if "*" not in text:
            continue
        for table, chains in read(text).items():
            for name, saved in chains.items():
                out.append(
                    Chain(namespace=namespace, family=family, table=table, name=name, policy=saved.policy, rules=tuple(saved.rules))  # type: ignore[arg-type]  # one of two
                )
    return out
