"""The outside for a lab's host, as its document says: the agent gives it or takes it, the lab is told its DNS server."""

from protocol import private as p
from server.agent_link import Channel, Control, LabLink
from topology.model.problems import Problem, ProblemError

_DNS = "10.0.2.3"
"""Of slirp4netns(1)."""


class Uplink:
    """Of one lab that runs. `problem`: what stands in the way of it."""

    def __init__(self, control: Control, lab: str) -> None:
        self._control, self._lab = control, lab
        self._on = False
        self.problem: Problem | None = None

    def gone(self) -> None:
        """It ended with the lab."""
        self._on, self.problem = False, None

    def settle(self, link: LabLink, wanted: bool) -> None:
        """Make it so, or keep why not."""
        self.problem = None
        if wanted == self._on:
            return
        try:
            self._control.ask(lambda id: p.SetUplink(id=id, lab=self._lab, on=wanted))
            line = f"nameserver {_DNS}\\n" if wanted else ""
            argv = ("sh", "-c", f"printf '{line}' > /etc/resolv.conf")
            link.run(Channel(lambda *_: None, lambda _: None), lambda id: p.Run(id=id, channel=id, namespace="host", argv=argv))
            self._on = wanted
        except ProblemError as e:
            self.problem = Problem(code=e.problem.code, message=e.problem.message, subject="namespace:host", hint=e.problem.hint)
