"""The numeric limits of messages and requests, in one place. What a lab may use of the machine is in `topology.model.limits`."""

MAX_REQUEST_BYTES = 16 << 20
"""One message of a browser to the server: a document of 10 MB fits."""

MAX_LAB_MESSAGE = 64 << 20
"""One message between server, agent and lab process: the facts of a large lab fit."""

MAX_TERMINAL_SIZE = 1000
"""Rows, and columns, of a terminal."""

MAX_ATTACHED_TERMINALS = 64
"""Terminals that one session is attached to at a time."""

ACK_WINDOW_BYTES = 1 << 20
"""Output of a terminal that is sent to a viewer before the viewer has acknowledged it."""

MAX_UPLOAD_BYTES = 32 << 20
"""One file that is put into a home directory of a lab."""

MAX_CAPTURES = 8
"""Captures of one lab."""

MAX_CAPTURE_INTERFACES = 32
"""Interfaces of one capture."""

DEFAULT_SNAPLEN, MAX_SNAPLEN = 65535, 262144
"""Bytes kept of each captured frame; the most is that of tcpdump(8)."""

DEFAULT_RING_BYTES, MAX_RING_BYTES = 16 << 20, 64 << 20
"""Bytes of frames that one capture keeps."""

CAPTURE_READ_BYTES = 1 << 20
"""Bytes of frames in one `CapturedFrames`: the frame that reaches it is the last one of that answer."""

MAX_TRACE_PACKETS, MAX_TRACE_WAIT_SECONDS, MAX_TRACE_INTERVAL_SECONDS = 100, 10.0, 60.0
"""Packets of one `Trace`, how long it waits for each, and how long after one it sends the next."""

MAX_WATCH_RATE = 50
"""Journeys a second that a `Watch` reports."""

MAX_COMMANDS = 1000
"""Commands of one `Edit`. A document, a list of rules and a list of ids are one command each."""

MAX_SIGNAL = 64
"""SIGRTMAX of signal(7)."""

MAX_HISTORY_PAGE, MAX_HISTORY_NUMBER = 1000, 2**53
"""Entries of one `HistoryList` at most, and the largest number of one."""
