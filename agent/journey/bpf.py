"""Socket filters of taps (classic BPF, Documentation/networking/filter.rst), so that the kernel drops unrelated frames.

A `Program` is a list of alternatives, each a list of tests; a frame passes if all tests of one alternative hold. A load beyond the end of
the frame ends the whole program with "no", so alternatives for short frames come first.
"""

import ctypes
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LOAD = {1: 0x30, 2: 0x28, 4: 0x20}  # BPF_LD | BPF_ABS | size
_LOAD_INDEXED = {1: 0x50, 2: 0x48, 4: 0x40}  # BPF_LD | BPF_IND | size
_IP4_HEADER_TO_X = 0xB1  # BPF_LDX | BPF_MSH: 4 * ([k] & 0xf)
_JUMP_EQUAL, _JUMP_SET, _RETURN = 0x15, 0x45, 0x06
_WHOLE = 0x40000
_SO_ATTACH_FILTER = 26
_INSTRUCTION = struct.Struct("=HBBI")
_HEADER = 14
"""Bytes of an Ethernet header: where the IP header begins."""


class Test(NamedTuple):
    """`size` bytes at `offset` of the frame are `value`, or with `some` have one of its bits set. With `after_ip4` the offset counts from
    the end of the IPv4 header."""

    offset: int
    size: int
    value: int
    some: bool = False
    after_ip4: bool = False


Program = Sequence[Sequence[Test]]


def assemble(program: Program) -> bytes:
    """The program as an array of `struct sock_filter`."""
    out: list[bytes] = []
    for tests in program:
        blocks = [list(_instructions(test)) for test in tests]
        length = sum(len(block) for block in blocks) + 1
        at = 0
        for block in blocks:
            at += len(block)
            out += [_INSTRUCTION.pack(code, 0, 0, k) for code, k in block[:-1]]
            code, k = block[-1]
            out.append(_INSTRUCTION.pack(code, 0, length - at, k))  # where it fails, go on with the next alternative
        out.append(_INSTRUCTION.pack(_RETURN, 0, 0, _WHOLE))
    out.append(_INSTRUCTION.pack(_RETURN, 0, 0, 0))
    return b"".join(out)


def _instructions(test: Test) -> Iterator[tuple[int, int]]:
    if test.after_ip4:
        yield _IP4_HEADER_TO_X, _HEADER
    yield (_LOAD_INDEXED if test.after_ip4 else _LOAD)[test.size], test.offset + (_HEADER if test.after_ip4 else 0)
    yield _JUMP_SET if test.some else _JUMP_EQUAL, test.value


def attach(sock: socket.socket, program: Program) -> None:
    """Let only frames pass that the program accepts (SO_ATTACH_FILTER, socket(7)). Raises OSError."""
    code = assemble(program)
    buffer = ctypes.create_string_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", len(code) // _INSTRUCTION.size, ctypes.addressof(buffer)))
