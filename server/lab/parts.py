"""The parts of one lab on the server, which its thread puts together."""

from collections.abc import Callable
from dataclasses import dataclass

from server.lab.connection import Connection
from server.lab.document import Document
from server.lab.machine import Machine
from server.lab.publisher import Publisher
from server.lab.uplink import Uplink
from server.lab.view import View


@dataclass(frozen=True)
class Parts:
    """Each does one thing and knows none of those that use it. `changed`: called when the entry in the list of labs has changed."""

    lab: str
    machine: Machine
    connection: Connection
    document: Document
    view: View
    publisher: Publisher
    uplink: Uplink
    changed: Callable[[], None]
