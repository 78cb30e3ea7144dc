"""The short form of `script/fuzz-journeys`, the day's labs; and that the fuzzer itself finds, shrinks and repeats."""

from pathlib import Path

import msgspec
import pytest

from tests.fuzz.case import Case, Sent, load, text
from tests.fuzz.figures import measure
from tests.fuzz.judge import Finding
from tests.fuzz.labs import make
from tests.fuzz.run import run
from tests.fuzz.shrink import Shrinker

CASES = Path(__file__).parent / "cases"
PAIR = (
    "space a; space b; ip link add eth0 netns a type veth peer name eth0 netns b",
    "ip -n a link set eth0 up; ip -n b link set eth0 up",
    "ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0",
)
ECHO = Sent(source="a", address="10.0.0.2")


def test_the_labs_of_the_day(seed: int) -> None:
    figures = measure(seed, rounds=12, probes=5, jobs=2)
    told = "\n".join([*figures.table(), *(f"seed {f.case.seed} probe {f.finding.probe} {f.finding}" for f in figures.faults)])
    print(told)
    assert figures.probes > 40
    wrong = {kind: figures.counts[kind] for kind in ("verdict", "cause", "crash", "refused")}
    assert not any(wrong.values()), told


def test_a_seed_makes_the_same_case_again() -> None:
    assert make(7) == make(7)
    assert msgspec.json.decode(text(make(7)), type=Case) == make(7)


@pytest.mark.parametrize("driver", ["legacy", "nft"])
def test_a_plain_lab_has_no_fault(driver: str) -> None:
    closed = Sent(source="a", address="10.0.0.2", protocol="tcp", port=81)
    nobody = Sent(source="a", address="10.0.0.9")
    drop = "ip netns exec b iptables -A INPUT -p udp -j DROP"
    dropped = Sent(source="a", address="10.0.0.2", protocol="udp", port=7)
    outcome = run(Case(driver=driver, lines=(*PAIR, drop), probes=(ECHO, closed, nobody, dropped)))
    assert [f for f in outcome.findings if f.kind != "prediction"] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_what_was_wrong_once(name: str) -> None:
    """Cases that the fuzzer found, as small as they can be: a verdict, a cause or a prediction was wrong in them."""
    outcome = run(load(CASES / f"{name}.json"))
    assert outcome.probes
    assert outcome.findings == ()


def test_a_fault_is_made_small() -> None:
    """Only the line that matters is left of them."""
    lines = (*PAIR, "ip netns exec b iptables -A INPUT -p icmp -j DROP")

    def fails(case: Case) -> bool:
        return any("INPUT" in line for line in case.lines)

    shrunk = Shrinker(Finding("verdict", 1, ""), fails).shrink(Case(lines=lines, probes=(ECHO, ECHO, ECHO), together=2), 1)
    assert shrunk == Case(lines=lines[-1:], probes=(ECHO,))
