"""The uplink of a lab: a connection of its namespace `host` to the machine's network, made by the agent with slirp4netns(1)."""

import contextlib

from protocol import private as p
from server.agent_link import ChannelListener, LabLink
from server.control import Control
from topology.model import ids
from topology.model.base import HOST
from topology.model.problems import Problem, ProblemError

_DNS = "10.0.2.3"
"""The DNS server of slirp4netns(1), as the lab sees it."""


class Uplink:
    """The uplink of one lab. `problem`: why it is not as the document says."""

    def __init__(self, control: Control, lab: str) -> None:
        self._control, self._lab = control, lab
        self._on: bool | None = False
        """None: not known, because the agent was asked and has not answered."""
        self.problem: Problem | None = None

    def reset(self) -> None:
        """The lab's process has ended, and the uplink with it."""
        self._on, self.problem = False, None

    def ask(self) -> None:
        """Ask the agent whether it is on: this server may be new, and the uplink older, or its program may have ended."""
        with contextlib.suppress(ProblemError):  # the agent does not answer: what is known is the best there is
            self._on = self._lab in self._control.ask(lambda id: p.Hello(id=id)).uplinks

    @property
    def is_known(self) -> bool:
        """Whether it is known if it is on."""
        return self._on is not None

    def settle(self, link: LabLink, wanted: bool) -> None:
        """Switch it on or off where it is not as wanted; a refusal is kept as `problem`."""
        self.problem = None
        if wanted == self._on:
            return
        try:
            self._on = None
            self._control.ask(lambda id: p.SetUplink(id=id, lab=self._lab, on=wanted))
            _write_resolv_conf(link, wanted)
            self._on = wanted
        except ProblemError as e:
            self.problem = Problem(code=e.problem.code, message=e.problem.message, subject=ids.namespace(HOST), hint=e.problem.hint)


def _write_resolv_conf(link: LabLink, on: bool) -> None:
    line = f"nameserver {_DNS}\\n" if on else ""
    argv = ("sh", "-c", f"printf '{line}' > /etc/resolv.conf")
    link.run(ChannelListener(lambda *_: None, lambda _: None), lambda id: p.Run(id=id, channel=id, namespace=HOST, argv=argv))
