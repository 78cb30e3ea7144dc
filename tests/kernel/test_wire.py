"""Messages and channels against the real kernel."""

import errno
import os
import subprocess

from agent.netlink import wire
from agent.netlink.wire import Batch, Channel, Refusal, ifinfo

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 4, 18, 1


def _bridge(batch: Batch, name: str) -> None:
    batch.begin(RTM_NEWLINK, wire.NLM_F_CREATE | wire.NLM_F_EXCL, ifinfo())
    batch.text(IFLA_IFNAME, name)
    at = batch.nest(IFLA_LINKINFO)
    batch.text(IFLA_INFO_KIND, "bridge")
    batch.close(at)
    batch.end()


def _names(channel: Channel) -> list[str]:
    return [wire.as_text(wire.attributes(body, 16)[IFLA_IFNAME]) for _, body in channel.dump(RTM_GETLINK, ifinfo())]


def test_the_test_is_apart() -> None:
    assert os.listdir("/sys/class/net") == ["lo"]
    assert os.getpid() == 1
    assert subprocess.check_output(["ip", "-o", "link"], text=True).count("\n") == 1


def test_batch_goes_on_after_a_refusal_and_says_which() -> None:
    channel, batch = Channel(), Batch()
    for name in ("br0", "br1", "br0", "br2", "a-name-that-is-too-long", "br3"):
        _bridge(batch, name)
    first, second, twice, third, long, fourth = channel.request(batch)
    assert (first, second, third, fourth) == (None, None, None, None)
    assert twice == Refusal(errno.EEXIST)
    assert twice.message == "File exists"
    assert long is not None
    assert long.errno == errno.ERANGE
    assert long.message == "Attribute failed policy validation"  # the kernel's own words, by extack
    assert sorted(_names(channel)) == ["br0", "br1", "br2", "br3", "lo"]


def test_batch_larger_than_the_buffers_loses_no_answer() -> None:
    channel, batch = Channel(buffer=16_384), Batch()
    for number in range(300):
        _bridge(batch, f"br{number % 10}")
    answers = channel.request(batch)
    assert answers == [None] * 10 + [Refusal(errno.EEXIST)] * 290
    assert len(_names(channel)) == 11


def test_dump_of_more_than_one_part() -> None:
    channel, batch = Channel(), Batch()
    for number in range(30):
        _bridge(batch, f"br{number}")
    channel.do(batch)
    assert sorted(_names(channel)) == sorted(["lo", *(f"br{number}" for number in range(30))])


def test_ask_gives_one_answer_each() -> None:
    channel, batch = Channel(), Batch()
    for index in (1, 99, 1):
        batch.begin(RTM_GETLINK, 0, ifinfo(index))
        batch.end()
    first, missing, last = channel.ask(batch)
    assert isinstance(first, bytes)
    assert wire.as_text(wire.attributes(first, 16)[IFLA_IFNAME]) == "lo"
    assert missing == Refusal(errno.ENODEV)
    assert isinstance(last, bytes)
