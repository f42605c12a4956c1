"""A real nginx on loopback, started with a configuration, and the sockets that the kernel lists for it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.support.kernel_sockets import DEADLINE, KernelSocket, sockets_of

STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class StartError(Exception):
    """nginx refused the configuration or could not bind; the text is nginx's error log."""


def binary() -> str | None:
    """The path of nginx, or None; Debian installs it in a directory that is not on a user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def build_options() -> str:
    """The `configure arguments` of the binary."""
    return subprocess.run([binary() or "nginx", "-V"], capture_output=True, text=True, check=True).stderr


def has_stream() -> bool:
    """Whether the binary has the stream module, built in or as a file."""
    return STREAM_MODULE.exists() or "--with-stream " in build_options()


def configuration(home: Path, http: str, stream: str) -> str:
    """A complete nginx.conf with these blocks; everything that it writes is inside `home`."""
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

    def __init__(self, conf: bytes, pid: int, command: list[str]) -> None:
        self.conf = conf
        self.pid = pid
        self._command = command

    def printed(self) -> bytes:
        """The output of `nginx -T` for the same configuration."""
        return subprocess.run([*self._command, "-T"], capture_output=True, check=True).stdout

    def sockets(self) -> set[KernelSocket]:
        """The kernel's entries for the listening sockets of the master process."""
        return sockets_of(self.pid)


@contextlib.contextmanager
def nginx(http: str = "", stream: str = "", files: Mapping[str, str] = MappingProxyType({})) -> Iterator[RunningNginx]:
    """Run nginx with the blocks until the end of the `with`; raise `StartError` where it does not start.

    `files` stand beside nginx.conf, by their path; HOME in any of the texts is the folder of all.
    """
    with tempfile.TemporaryDirectory(prefix="nginx") as name:
        home = Path(name)
        conf = home / "nginx.conf"
        for path, text in {"nginx.conf": configuration(home, http, stream), **files}.items():
            (home / path).parent.mkdir(exist_ok=True)
            (home / path).write_text(text.replace("HOME", name))
        command = [binary() or "nginx", "-p", name, "-c", str(conf), "-e", str(home / "error.log")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # The file appears after all sockets are open (ngx_init_cycle, then ngx_create_pidfile). Waiting for
            # an early exit is also the pause between two attempts.
            deadline = time.monotonic() + DEADLINE
            while not (home / "nginx.pid").exists():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.01)
                    raise StartError((home / "error.log").read_text())
                if time.monotonic() > deadline:
                    raise StartError("nginx wrote no pid file in time")
            yield RunningNginx(conf.read_bytes(), process.pid, command)
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE)
