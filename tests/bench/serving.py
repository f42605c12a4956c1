"""Starts the benchmark server, and sends it requests like a plain client."""

from __future__ import annotations

import gc
import http.client
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Key, Object
from dsview.kinds.registry import RESOURCES
from dsview.sources.kube.encodings import PROTOBUF_TYPE, Encoding, Json
from dsview.sources.kube.protobuf import Protobuf
from tests.bench.wire import ENDS_INITIAL_EVENTS

_READ = 1 << 20
_NOT_LISTED = {Kind.CONFIG_MAP, Kind.EVENT, Kind.ENDPOINTS}
"""What dsview does not read as a whole."""


ROOT = Path(__file__).parent.parent.parent


def environment() -> dict[str, str]:
    """That of this process, with the package and these benchmarks importable and a terminal of true colours.

    Modules are compiled once, as an installation has them, even where this process keeps none.
    """
    paths = os.pathsep.join((str(ROOT / "tui"), str(ROOT)))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": paths, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Serving:
    """The server of one cluster as a process; a context manager. `kubeconfig` is a file for it."""

    def __init__(self, pods: int, *, pace: float = 0.0, clusters: Path | None = None, json_only: bool = False) -> None:
        self.pods = pods
        self.json_only = json_only
        self._home = tempfile.TemporaryDirectory(prefix="dsview-bench-")
        home = Path(self._home.name)
        command = [sys.executable, "-m", "tests.bench.server", str(pods), "--folder", str(home), "--pace", str(pace)]
        command += ["--clusters", str(clusters)] if clusters is not None else []
        command += ["--json-only"] if json_only else []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.port: int = said["port"]
        self.certificate: str = said["certificate"]
        self.kubeconfig = home / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self._config()))

    def _config(self) -> dict[str, Any]:
        cluster = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": self.certificate}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "clusters": [{"name": "bench", "cluster": cluster}],
            "users": [{"name": "bench", "user": {"token": "bench"}}],
        }

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._home.cleanup()

    def control(self, path: str) -> dict[str, float]:
        """Request one of the /bench paths."""
        return ask(self.port, self.certificate, path)


def ask(port: int, certificate: str, path: str) -> dict[str, float]:
    """The response of a server at one of its /bench paths."""
    connection = _connect(port, certificate)
    connection.request("GET", f"/bench/{path}")
    answer: dict[str, float] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _connect(port: int, certificate: str) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(cafile=certificate))


class Plain(msgspec.Struct):
    """What a plain client needed for everything that dsview reads: seconds, bytes, seconds to the first byte."""

    seconds: float = 0.0
    bytes: int = 0
    first_byte: float = 0.0
    cpu: float = 0.0


def read_plainly(serving: Serving) -> Plain:
    """Read the same streaming lists in a separate process: received, decoded by the same decoders, and kept."""
    command = [sys.executable, "-m", "tests.bench.serving", str(serving.port), serving.certificate]
    told = subprocess.run(command, check=True, capture_output=True, env=environment()).stdout
    return msgspec.json.decode(told, type=Plain)


class _List:
    """One streaming list and its objects."""

    def __init__(self, resource: Resource) -> None:
        self.kind = resource.kind
        self.path = resource.path(resource.versions[0])
        self.plain = Plain()
        self.objects: dict[Key, Object] = {}

    def read(self, port: int, certificate: str, started: float) -> None:
        connection = _connect(port, certificate)
        encoding: Encoding = Protobuf() if RESOURCES[self.kind].has_protobuf else Json()
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        connection.request("GET", f"{self.path}?{query}", headers={"Accept": encoding.accept("watch")})
        response = connection.getresponse()
        if not response.headers["Content-Type"].startswith(PROTOBUF_TYPE):
            encoding = Json()
        for batch in encoding.split(self._chunks(response, started), lambda size: None):
            for event in batch:
                found = encoding.whole(self.kind, event) if event is not None else None
                if found is not None:
                    self.objects[found[1].key] = found[1]
        # Closed without waiting for the rest, which never ends.
        os.close(connection.sock.detach())

    def _chunks(self, response: http.client.HTTPResponse, started: float) -> Iterator[bytes]:
        while data := response.read1(_READ):
            self.plain.first_byte = self.plain.first_byte or time.monotonic() - started
            self.plain.bytes += len(data)
            yield data
            if ENDS_INITIAL_EVENTS in data[-512:]:
                return


def main() -> None:
    """Read all lists at once, as dsview does."""
    port, certificate = int(sys.argv[1]), sys.argv[2]
    lists = [_List(resource) for kind, resource in RESOURCES.items() if kind not in _NOT_LISTED]
    gc.disable()
    started = time.monotonic()
    threads = [threading.Thread(target=each.read, args=(port, certificate, started)) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    plain = Plain(
        seconds=time.monotonic() - started,
        bytes=sum(each.plain.bytes for each in lists),
        first_byte=min(each.plain.first_byte for each in lists if each.plain.first_byte),
        cpu=used.ru_utime + used.ru_stime,
    )
    sys.stdout.buffer.write(msgspec.json.encode(plain))


if __name__ == "__main__":
    main()
