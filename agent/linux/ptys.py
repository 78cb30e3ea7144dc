"""Pseudo-terminals (pty(7))."""

import fcntl
import struct
import termios


def set_size(fd: int, rows: int, columns: int) -> None:
    """TIOCSWINSZ (ioctl_tty(2)): the size that programs on the terminal see; they get SIGWINCH where it is another."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("=HHHH", rows, columns, 0, 0))
