"""Captures of labs: requests are passed on; the frames stay in the lab's process until somebody reads them."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from flask import Flask, Response

from protocol import captures as c
from protocol import pcapng
from protocol import private as p
from protocol import public as q
from server.agent_link import LabLink, OnAnswer, unavailable
from server.hub import Hub
from server.lab.workspace import Workspace
from server.outbox import Session, problem_of
from server.requests.files import refused
from topology.model.problems import Code, Problem, unknown
from topology.observe.live import CaptureLive

AnyCapture = q.StartCapture | q.StopCapture | q.RemoveCapture | q.ReadCapture


def in_lab(workspace: Workspace, session: Session, request: AnyCapture) -> None:
    """Ask the lab; its answer is the answer. Raises ProblemError for what is refused at once."""
    link = workspace.live_link()
    answered = _answered(session, request.id)
    match request:
        case q.StartCapture():
            link.ask(
                lambda id: p.StartCapture(
                    id=id, interfaces=request.interfaces, filter=request.filter, snaplen=request.snaplen, ring=request.ring
                ),
                answered,
            )  # fmt: skip
        case q.StopCapture():
            link.ask(lambda id: p.StopCapture(id=id, capture=request.capture), answered)
        case q.RemoveCapture():
            link.ask(lambda id: p.RemoveCapture(id=id, capture=request.capture), answered)
        case q.ReadCapture():
            link.ask(lambda id: p.ReadCapture(id=id, capture=request.capture, after=request.after), answered)


def _answered(session: Session, id: str) -> OnAnswer:
    def answered(answer: p.AnyLabAnswer | None) -> None:
        match answer:
            case None:
                session.refuse(id, unavailable("the lab was lost").problem)
            case p.LabAnswer() if answer.problem is not None:
                session.refuse(id, answer.problem)
            case p.CaptureStarted():
                session.answer(id, q.CaptureStarted(capture=answer.capture))
            case p.CapturedFrames():
                session.answer(id, q.CapturedFrames(first=answer.first, data=answer.data, more=answer.more, running=answer.running))
            case _:
                session.answer(id, q.Done())

    return answered


def routes(app: Flask, hub: Hub, allowed: Callable[[str], bool]) -> None:
    """`/labs/LAB/captures/ID.pcapng`: all frames that the ring has, as a file."""

    @app.get("/labs/<lab>/captures/<capture>.pcapng")
    def pcapng_file(lab: str, capture: str) -> Response:
        if not allowed(lab):
            return refused(Problem(code=Code.DENIED, message="wrong token"))
        try:
            workspace = hub.lab(lab)
            live = workspace.observed.live.get(f"capture:{capture}")
            if not isinstance(live, CaptureLive):
                raise unknown(f"there is no capture {capture}")
            response = Response(_file(workspace.live_link(), lab, live), content_type="application/vnd.tcpdump.pcap")
        except Exception as e:
            return refused(problem_of(e))
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{lab}-{capture}.pcapng', safe='')}"
        return response


def _file(link: LabLink, lab: str, live: CaptureLive) -> Iterator[bytes]:
    """Up to the frame that was the newest when it was asked for, so that it ends."""
    yield pcapng.head([i.interface for i in live.interfaces], live.snaplen, live.filter, f"lab {lab}")
    after, more = 0, True
    while more:
        answer = link.call(lambda id, after=after: p.ReadCapture(id=id, capture=live.capture, after=after))  # type: ignore[misc]  # a default binds it
        if not isinstance(answer, p.CapturedFrames):
            return
        frames = list(c.unpack(answer.data))
        yield b"".join(map(pcapng.packet, frames))
        after = answer.first + len(frames) - 1
        more = answer.more and after < live.frames
