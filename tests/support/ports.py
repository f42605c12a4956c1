"""Ports that refuse connections for as long as a test needs them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def reserve_port(address: str, port: int = 0) -> socket.socket:
    """A socket that is bound but does not listen: connections are refused, and no other process can take the port.

    If no port is given, the kernel picks one. A port that is merely closed may go to another test that runs in
    parallel.
    """
    reserved = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    # Allows a port on which a server listened a moment ago.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((address, port))
    return reserved


@contextmanager
def refusing_port(address: str = "127.0.0.1") -> Iterator[int]:
    """A port that refuses connections until the block ends."""
    with reserve_port(address) as reserved:
        yield int(reserved.getsockname()[1])
