"""Sockets as the kernel reports them: who listens where, which ports are free, and whether a client can connect."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from pathlib import Path
from typing import NamedTuple

DEADLINE = 10.0


class KernelSocket(NamedTuple):
    """A line of /proc/net/{tcp,tcp6,udp,udp6}: the name of the table, the local address and the port."""

    table: str
    address: str
    port: int


def has_ipv6_loopback() -> bool:
    """Whether this machine has the address ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def is_free(port: int) -> bool:
    """Whether nothing is bound to the port, in either address family and with TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            with socket.socket(family, kind) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True


def free_ports() -> tuple[int, int, int]:
    """Three consecutive free ports, below the kernel's range of ephemeral ports."""
    while True:
        first = random.randrange(20_000, 32_000)
        if all(is_free(port) for port in range(first, first + 3)):
            return first, first + 1, first + 2


def sockets_of(pid: int) -> set[KernelSocket]:
    """The sockets on which a process listens, according to the kernel."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes and words[3] in {"0A", "07"}:  # listening; a UDP socket without a peer
                address, _, port = words[1].partition(":")
                found.add(KernelSocket(table, _address(address), int(port, 16)))
    return found


def answers(host: str, port: int, *, udp: bool = False) -> bool:
    """Whether a client on loopback can connect to the port, or gets a reply to a datagram."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as client:
        client.settimeout(DEADLINE)
        try:
            client.connect((host, port))
            if udp:
                client.send(b"ping")
                return client.recv(16) == b"pong"
        except ConnectionRefusedError:
            return False
    return True


def _address(text: str) -> str:
    """Parse an address of /proc/net, which is hexadecimal, in 32-bit words of the machine's byte order."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
