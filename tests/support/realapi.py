"""A real, dual-stack kube-apiserver with its etcd, on loopback. The binaries come from KUBEBUILDER_ASSETS."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import urllib3

Json = dict[str, Any]
ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")
TOKEN = "admin-token-of-the-tests"
USER, USER_TOKEN = "dsview-user", "user-token-of-the-tests"
"""A user without any rights except those that a test grants."""

DUAL = "10.96.0.0/16,fd00:10:96::/112"
START_TIMEOUT = 90.0
STOP_TIMEOUT = 90.0
_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "users": [USER]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ],
}


def missing_prerequisite() -> str:
    """Why no real API server can run here, or an empty string."""
    if not ASSETS:
        return "KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd"
    absent = [name for name in ("kube-apiserver", "etcd") if not (Path(ASSETS) / name).exists()]
    if absent:
        return f"KUBEBUILDER_ASSETS lacks {', '.join(absent)}"
    return "" if shutil.which("openssl") else "openssl is needed to make a signing key"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RequestFailed(OSError):  # noqa: N818  (reads better)
    """The API server responded with a status other than 2xx."""


class RealApi:
    """etcd and kube-apiserver as processes, as a context manager. They keep their ports and data when restarted.

    `flags` are additional flags of kube-apiserver, and may be changed before it is restarted.
    """

    def __init__(self, folder: Path, *flags: str, ranges: str = DUAL) -> None:
        self.flags: Sequence[str] = flags
        self.ranges = ranges
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self._store: subprocess.Popen[bytes] | None = None
        self._pool: urllib3.PoolManager | None = None
        self._port = _free_port()
        self._etcd = _free_port()
        self._peer = _free_port()
        self._data = folder / "etcd"
        self._backup = folder / "backup"
        self._audit = folder / "audit.log"

    @property
    def url(self) -> str:
        """The base URL of the API server."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def certificate(self) -> Path:
        """The self-signed certificate that kube-apiserver generates, with that of its CA."""
        return self._folder / "certs" / "apiserver.crt"

    def __enter__(self) -> RealApi:
        key = self._folder / "signing.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        (self._folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n{USER_TOKEN},{USER},{USER}\n")
        (self._folder / "audit.json").write_text(json.dumps(_AUDIT))
        try:
            self.start_store()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(graceful=False)
        self.stop_store()

    def start(self) -> None:
        """Start the API server and wait until it is ready."""
        key = self._folder / "signing.key"
        self._server = self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd}",
            f"--cert-dir={self._folder / 'certs'}",
            "--bind-address=127.0.0.1",
            f"--advertise-address={'fd00:99::1' if self.ranges.startswith('fd') else '192.0.2.1'}",
            f"--secure-port={self._port}",
            f"--service-cluster-ip-range={self.ranges}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--service-account-issuer=https://localhost",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            f"--audit-policy-file={self._folder / 'audit.json'}",
            f"--audit-log-path={self._audit}",
            *self.flags,
        )
        self.await_ready()

    def stop(self, *, graceful: bool = True) -> None:
        """Stop the API server, with SIGTERM as in a rollout, or with SIGKILL."""
        server, self._server = self._server, None
        _terminate(server, signal.SIGTERM if graceful else signal.SIGKILL)

    def start_store(self) -> None:
        """Start etcd."""
        self._store = self._run(
            "etcd",
            f"--data-dir={self._data}",
            f"--listen-client-urls=http://127.0.0.1:{self._etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{self._etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{self._peer}",
            "--unsafe-no-fsync=true",
        )
        self._await(lambda: self._request_store("kv/range", {"key": "Lw=="}), "etcd", self._store)

    def stop_store(self) -> None:
        """Stop etcd."""
        store, self._store = self._store, None
        _terminate(store, signal.SIGTERM)

    def back_up(self) -> None:
        """Copy the data of etcd. Both processes are restarted for this."""
        self.stop(graceful=False)
        self.stop_store()
        shutil.copytree(self._data, self._backup)
        self.start_store()
        self.start()

    def restore(self) -> None:
        """Replace the data of etcd with the copy. Both processes must be stopped."""
        shutil.rmtree(self._data)
        shutil.copytree(self._backup, self._data)

    def compact(self) -> None:
        """Compact all history up to now, as the API server requests of etcd every five minutes."""
        key = base64.b64encode(b"compact").decode()
        now = self._request_store("kv/range", {"key": key})["header"]["revision"]
        self._request_store("kv/compaction", {"revision": now, "physical": True})

    def _request_store(self, path: str, body: Json) -> Json:
        url = f"http://127.0.0.1:{self._etcd}/v3/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            answer: Json = json.loads(response.read())
            return answer

    def audit(self) -> list[Json]:
        """The requests of `USER` and of ServiceAccounts, from the audit log of the API server."""
        return [json.loads(line) for line in self._audit.read_text().splitlines()]

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [str(Path(ASSETS) / name), *arguments], stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )

    def await_ready(self) -> None:
        """Wait until the API server is ready, for example after etcd was restarted."""
        self._await(lambda: self.request("GET", "/readyz"), "kube-apiserver", self._server)
        self._await(lambda: self.request("GET", "/api/v1/namespaces/default"), "kube-apiserver", self._server)

    def _await(self, probe: Callable[[], object], name: str, process: subprocess.Popen[bytes] | None) -> None:
        end = time.monotonic() + START_TIMEOUT
        last = ""
        while time.monotonic() < end and process is not None and process.poll() is None:
            try:
                probe()
                return
            except OSError as error:
                last = str(error)
            time.sleep(0.1)
        tail = (self._folder / f"{name}.log").read_text(errors="replace")[-1500:]
        raise RuntimeError(f"{name} did not become ready: {last}\n{tail}")

    def request(
        self, method: str, path: str, body: Json | None = None, content_type: str = "application/json"
    ) -> bytes:
        """Send a request as administrator. Raises `RequestFailed` for a status other than 2xx, `OSError` for none."""
        if self._pool is None:
            self._pool = urllib3.PoolManager(ca_certs=str(self.certificate), maxsize=32, retries=False, timeout=15.0)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
        content = json.dumps(body).encode() if body is not None else None
        try:
            response = self._pool.request(method, self.url + path, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise OSError(str(error)) from None
        if response.status >= 300:
            raise RequestFailed(f"{method} {path}: {response.status} {response.data[:300]!r}")
        return response.data

    def create(self, path: str, *bodies: Json) -> None:
        """Create objects, each with a POST."""
        for body in bodies:
            self.request("POST", path, body)

    def patch(self, path: str, body: Json) -> None:
        """Change an object."""
        self.request("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> None:
        """Delete an object, if it exists, without a grace period."""
        with contextlib.suppress(RequestFailed):
            self.request("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})

    def versions(self, path: str) -> dict[tuple[str, str], str]:
        """List objects: the resourceVersion of each by namespace and name."""
        metas = [item["metadata"] for item in json.loads(self.request("GET", path))["items"]]
        return {(meta.get("namespace", ""), meta["name"]): meta["resourceVersion"] for meta in metas}

    def write_kubeconfig(self, path: Path, **user: str) -> Path:
        """Write a kubeconfig of a user (the administrator by default) that verifies the server."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "real",
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "user"}}],
            "clusters": [
                {"name": "real", "cluster": {"server": self.url, "certificate-authority": str(self.certificate)}}
            ],
            "users": [{"name": "user", "user": user or {"token": TOKEN}}],
        }
        path.write_text(json.dumps(config))
        return path


def _terminate(process: subprocess.Popen[bytes] | None, signum: signal.Signals) -> None:
    if process is None:
        return
    process.send_signal(signum)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
