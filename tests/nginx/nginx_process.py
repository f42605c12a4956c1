"""A real nginx on loopback, started from a configuration, and the sockets that the kernel says it listens on."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DEADLINE = 10.0
STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class KernelSocket(NamedTuple):
    """A line of /proc/net/{tcp,tcp6,udp,udp6}: the table's name, the local address and port."""

    table: str
    address: str
    port: int


class StartError(Exception):
    """nginx refused the configuration or could not bind; its text is nginx's error log."""


def binary() -> str | None:
    """Where nginx is, if anywhere; Debian puts it where a user's PATH does not look."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def build_options() -> str:
    """The `configure arguments` of the binary."""
    return subprocess.run([binary() or "nginx", "-V"], capture_output=True, text=True, check=True).stderr


def has_stream() -> bool:
    """Whether the binary has the stream module, built in or beside it."""
    return STREAM_MODULE.exists() or "--with-stream " in build_options()


def has_ipv6_loopback() -> bool:
    """Whether ::1 can be bound here."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def is_free(port: int) -> bool:
    """Whether nothing is bound to the port, of either family and transport."""
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
    """Three free ports in a row, below the range that the kernel hands out by itself."""
    while True:
        first = random.randrange(20_000, 32_000)
        if all(is_free(port) for port in range(first, first + 3)):
            return first, first + 1, first + 2


def configuration(home: Path, http: str, stream: str) -> str:
    """A whole nginx.conf around the blocks, with everything it writes inside `home`."""
    temp_paths = "\n".join(
        f"    {what}_temp_path {home}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    load = f"load_module {STREAM_MODULE};\n" if stream and STREAM_MODULE.exists() else ""
    return (
        f"{load}daemon off;\nworker_processes 1;\npid {home}/nginx.pid;\nerror_log {home}/error.log info;\n"
        f"events {{ worker_connections 64; }}\n"
        f"http {{\n    access_log off;\n{temp_paths}\n{http}\n}}\n" + (f"stream {{\n{stream}\n}}\n" if stream else "")
    )


class RunningNginx:
    """An nginx that has opened its sockets."""

    def __init__(self, conf: bytes, pid: int) -> None:
        self.conf = conf
        self.pid = pid

    def sockets(self) -> set[KernelSocket]:
        """What the kernel lists for the sockets that the master process holds open for listening."""
        inodes = set()
        for link in Path(f"/proc/{self.pid}/fd").iterdir():
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


@contextlib.contextmanager
def nginx(http: str = "", stream: str = "") -> Iterator[RunningNginx]:
    """Run nginx with the blocks until the end of the `with`; raise `StartError` where it does not start."""
    with tempfile.TemporaryDirectory(prefix="nginx") as name:
        home = Path(name)
        conf = home / "nginx.conf"
        conf.write_text(configuration(home, http, stream))
        command = [binary() or "nginx", "-p", name, "-c", str(conf), "-e", str(home / "error.log")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # The file appears after all sockets are open (ngx_init_cycle, then ngx_create_pidfile). The wait for
            # an early end doubles as the pause between two looks.
            deadline = time.monotonic() + DEADLINE
            while not (home / "nginx.pid").exists():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.01)
                    raise StartError((home / "error.log").read_text())
                if time.monotonic() > deadline:
                    raise StartError("nginx wrote no pid file in time")
            yield RunningNginx(conf.read_bytes(), process.pid)
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE)


def answers(host: str, port: int, *, udp: bool = False) -> bool:
    """Whether a client on loopback gets through to the port; a datagram must be answered."""
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
    """The hexadecimal address of /proc/net: 32-bit words in the byte order of the machine."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
