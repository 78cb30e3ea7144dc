"""What Python's `socket` cannot do: addresses that it does not know, options larger than 1,024 bytes."""

import ctypes
import socket

from agent.linux.libc import check, libc


def bind(sock: socket.socket, address: bytes) -> None:
    """bind(2) to a packed `struct sockaddr_…`. Raises OSError."""
    check(libc.bind(sock.fileno(), address, len(address)), "bind")


def read_option(sock: socket.socket, level: int, option: int, data: bytearray) -> bool:
    """getsockopt(2) into `data`, which also says what is asked for; whether the kernel answered."""
    size = ctypes.c_uint(len(data))
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    return bool(libc.getsockopt(sock.fileno(), level, option, buffer, ctypes.byref(size)) == 0)
