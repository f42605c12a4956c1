"""Ports that refuse connections for as long as a test needs them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def hold(address: str, port: int = 0) -> socket.socket:
    """A socket that is bound and does not listen: connections are refused, and no other process gets the port.

    Without a port the kernel picks one. A port that is only closed may go to another test that runs beside this one.
    """
    held = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    # A port on which a server listened a moment ago can be held too.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((address, port))
    return held


@contextmanager
def refusing_port(address: str = "127.0.0.1") -> Iterator[int]:
    """A port that refuses connections until the block ends."""
    with hold(address) as held:
        yield int(held.getsockname()[1])
