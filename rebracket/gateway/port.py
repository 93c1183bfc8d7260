"""A port that one server takes, and that closes without losing who is at the door.

The kernel answers for a listening socket: who has connected may have sent a request before a process
takes the connection, and closing the socket resets what was not taken. So newcomers are ignored first, by a
filter of the socket's: they ask again after a second, and are refused by then. Then the workers take who
waits, and the socket is closed. Where the system allows no filter, who connects in the moment between is lost.
"""

import ctypes
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOTCONN
from socket import AF_UNIX, IPPROTO_TCP, SHUT_RDWR, SOL_SOCKET, socket

from rebracket.config import Api
from rebracket.errors import ConfigError

SO_ATTACH_FILTER, TCP_INFO = 26, 11
"""Of Linux; elsewhere a port just closes."""

FLAGS_AT, SYN, SYN_AND_ACK = 13, 0x02, 0x12
"""Where TCP's header has its flags, and which of them are set in the first packet of a connection."""

NO_NEWCOMERS = (
    (0x30, 0, 0, FLAGS_AT),  # load the flags
    (0x54, 0, 0, SYN_AND_ACK),
    (0x15, 0, 1, SYN),  # skip the next line where they say anything else
    (0x06, 0, 0, 0),  # drop the packet
    (0x06, 0, 0, 2**32 - 1),  # take all of it
)
"""Classic BPF: operation, jumps, operand."""

UNACKED_AT, TCP_INFO_BYTES = 24, 104
"""Where `tcp_info` of a listening socket says how many connections wait."""


def in_use(api: Api) -> str:
    """What is wrong with the settings' port where another server has it."""
    return f"deployment.api.port: {api.port} is in use on {api.host}"


@contextmanager
def claimed(api: Api) -> Iterator[socket]:
    """Keep other servers from the settings' port until the block ends or what it gets is closed.

    Two can bind a port on which no one listens yet, and the later one would never be heard. So on Linux a port
    has a name as well, an abstract socket of the same network, which only one process can hold, while it lives.

    Raises:
        ConfigError: another server holds it.
    """
    with socket(AF_UNIX) as name:
        if sys.platform == "linux":
            try:
                name.bind(f"\0rebracket {api.host} {api.port}")
            except OSError:
                raise ConfigError(in_use(api)) from None
        yield name


def ignore_newcomers(listener: socket) -> bool:
    """Take no new connection, in whichever process; whether the system allows that."""
    if sys.platform != "linux":
        return False
    program = b"".join(struct.pack("HBBI", *line) for line in NO_NEWCOMERS)
    lines = ctypes.create_string_buffer(program)
    pointer = struct.pack("HP", len(NO_NEWCOMERS), ctypes.addressof(lines))
    try:
        listener.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, pointer)
    except OSError:
        return False
    return True


def waiting(listener: socket) -> int:
    """How many connections no process has taken yet."""
    if sys.platform != "linux":
        return 0
    info = listener.getsockopt(IPPROTO_TCP, TCP_INFO, TCP_INFO_BYTES)
    return int(struct.unpack_from("I", info, UNACKED_AT)[0])


def close(listener: socket) -> None:
    """Refuse who comes, in all processes that hold it; one that nobody has opened yet stays closed."""
    try:
        listener.shutdown(SHUT_RDWR)
    except OSError as error:
        if error.errno != ENOTCONN:
            raise
