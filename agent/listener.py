"""The agent's socket: who may connect, requests to the agent (`protocol.private`), and the relay to the labs."""

import asyncio
import contextlib
import socket
import struct
from functools import partial

import msgspec
from websockets.asyncio.client import unix_connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from agent.doctor import checks
from agent.labs import Labs
from agent.sandbox.starter import Starter
from logs import about, problem_of, start_task
from protocol import private as p
from protocol.limits import MAX_LAB_MESSAGE
from topology.model.problems import Code, Problem, ProblemError

_UCRED = struct.Struct("=iII")


def peer_uid(connection: ServerConnection) -> int:
    """The user at the other end (unix(7), SO_PEERCRED)."""
    sock: socket.socket = connection.transport.get_extra_info("socket")
    uid: int = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1]
    return uid


class Listener:
    """Handles connections of the users `uids`."""

    def __init__(self, labs: Labs, starter: Starter, uids: set[int]) -> None:
        self._labs, self._starter, self._uids = labs, starter, uids
        self._controls: set[ServerConnection] = set()
        self._decoder = msgspec.json.Decoder(p.AnyControlRequest)
        labs.on_end = lambda lab, reason: self._broadcast(p.LabGone(lab=lab, reason=reason))
        labs.on_limit = lambda lab, problem, end: self._broadcast(p.LabLimit(lab=lab, problem=problem, end=end))

    async def handle(self, connection: ServerConnection) -> None:
        """One connection, from its first to its last message."""
        if peer_uid(connection) not in self._uids:
            await connection.close(1008, "not your agent")
            return
        path = connection.request.path if connection.request else ""
        if path == "/control":
            await self._control(connection)
        elif path.startswith("/lab/"):
            await self._relay(connection, path.removeprefix("/lab/"))
        else:
            await connection.close(1008, "no such path")

    # ---- /control ----------------------------------------------------------------------------------------------------

    async def _control(self, connection: ServerConnection) -> None:
        self._controls.add(connection)
        try:
            async for frame in connection:
                start_task("request", partial(self._reply, connection, frame))  # not one after the other: ending a lab can take seconds
        except ConnectionClosed:
            pass
        finally:
            self._controls.discard(connection)

    async def _reply(self, connection: ServerConnection, frame: str | bytes) -> None:
        await _send(connection, msgspec.json.encode(await self._answer(frame)).decode())

    async def _answer(self, frame: str | bytes) -> p.ControlAnswer:
        try:
            request = self._decoder.decode(frame)
        except msgspec.MsgspecError as e:
            return p.ControlAnswer(id=0, problem=Problem(code=Code.INVALID, message=str(e)))
        try:
            with about(lab=getattr(request, "lab", None), event=type(request).__name__):
                return await self._do(request)
        except Exception as e:
            return p.ControlAnswer(id=request.id, problem=problem_of(e, f"a request {type(request).__name__}"))

    async def _do(self, request: p.AnyControlRequest) -> p.ControlAnswer:
        """Raises ProblemError."""
        match request:
            case p.Hello():
                if request.protocol != p.PROTOCOL:
                    raise ProblemError(Problem(code=Code.VERSION, message=f"this agent speaks protocol {p.PROTOCOL}"))
                return p.ControlAnswer(id=request.id, labs=tuple(sorted(self._labs.running)), uplinks=self._labs.uplinks())
            case p.Start():
                await self._labs.start(request.lab, request.firewall)
            case p.Stop():
                await self._labs.stop(request.lab)
            case p.SetUplink():
                await self._labs.set_uplink(request.lab, request.on)
            case p.Doctor():
                return p.ControlAnswer(id=request.id, checks=tuple(await checks(self._starter)))
        return p.ControlAnswer(id=request.id)

    def _broadcast(self, event: p.LabGone | p.LabLimit) -> None:
        text = msgspec.json.encode(event).decode()
        for connection in self._controls:
            start_task("notice", partial(_send, connection, text))

    # ---- /lab/ID -----------------------------------------------------------------------------------------------------

    async def _relay(self, connection: ServerConnection, lab: str) -> None:
        """Pass frames unchanged between the connection and the lab's process."""
        path = self._labs.socket_of(lab)
        if path is None:
            await connection.close(1008, f"lab {lab} does not run")
            return
        try:
            async with unix_connect(str(path), uri="ws://lab/", compression=None, max_size=MAX_LAB_MESSAGE, ping_interval=None) as inner:
                to_inner, to_outer = asyncio.create_task(_pipe(connection, inner)), asyncio.create_task(_pipe(inner, connection))
                await asyncio.wait((to_inner, to_outer), return_when=asyncio.FIRST_COMPLETED)
                await connection.close()
                await inner.close()
                await asyncio.gather(to_inner, to_outer)
        except (OSError, InvalidHandshake):
            await connection.close(1011, f"lab {lab} does not answer")


async def _send(connection: ServerConnection, text: str) -> None:
    with contextlib.suppress(ConnectionClosed):
        await connection.send(text)


async def _pipe(source: Connection, target: Connection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in source:
            await target.send(frame)
