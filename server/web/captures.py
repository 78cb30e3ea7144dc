"""Captures as pcapng files over HTTP."""

from collections.abc import Callable, Iterator

from flask import Flask, Response

from logs import problem_of
from protocol import captures as c
from protocol import pcapng
from protocol import private as p
from server.agent_link import LabLink
from server.hub import Hub
from server.web.files import attachment, refused
from topology.model import ids
from topology.model.problems import Code, Problem, unknown
from topology.observe.live import CaptureLive


def routes(app: Flask, hub: Hub, allowed: Callable[[str], bool]) -> None:
    """`/labs/LAB/captures/ID.pcapng`: all frames in the ring of a capture. `allowed`: whether the current HTTP request may do that."""

    @app.get("/labs/<lab>/captures/<capture>.pcapng")
    def download(lab: str, capture: str) -> Response:
        if not allowed(lab):
            return refused(Problem(code=Code.DENIED, message="wrong token"))
        try:
            return _download(hub, lab, capture)
        except Exception as e:
            return refused(problem_of(e))


def _download(hub: Hub, lab: str, capture: str) -> Response:
    workspace = hub.lab(lab)
    live = workspace.observed.live.get(ids.capture(capture))
    if not isinstance(live, CaptureLive):
        raise unknown(f"there is no capture {capture}")
    response = Response(_pieces(workspace.live_link(), lab, live), content_type="application/vnd.tcpdump.pcap")
    return attachment(response, f"{lab}-{capture}.pcapng")


def _pieces(link: LabLink, lab: str, live: CaptureLive) -> Iterator[bytes]:
    """The file, up to the frame that was the newest at the beginning: so it ends although the capture goes on."""
    yield pcapng.head([i.interface for i in live.interfaces], live.snaplen, live.filter, f"lab {lab}")
    after, more = 0, True
    while more:
        answer = _read(link, live.capture, after)
        if answer is None:
            return
        frames = list(c.unpack(answer.data))
        yield b"".join(map(pcapng.packet, frames))
        after = answer.first + len(frames) - 1
        more = answer.more and after < live.frames


def _read(link: LabLink, capture: str, after: int) -> p.CapturedFrames | None:
    answer = link.call(lambda id: p.ReadCapture(id=id, capture=capture, after=after))
    return answer if isinstance(answer, p.CapturedFrames) else None
