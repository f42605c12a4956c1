"""A real kube-apiserver with its etcd, from the folder that KUBEBUILDER_ASSETS names. Dual-stack, on loopback only."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")
TOKEN = "admin-token-of-the-tests"
START_WITHIN = 90.0


def missing() -> str:
    """Why there is no real API server here; empty where there is one."""
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


class RealApi:
    """etcd and kube-apiserver as processes; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port = _free_port()
        self._etcd = _free_port()
        self._peer = _free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._port}"

    def __enter__(self) -> RealApi:
        self._run(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{self._etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{self._etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{self._peer}",
            "--unsafe-no-fsync=true",
        )
        key = self._folder / "signing.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        tokens = self._folder / "tokens.csv"
        tokens.write_text(f"{TOKEN},admin,admin,system:masters\n")
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd}",
            f"--cert-dir={self._folder / 'certs'}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
            "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            "--service-account-issuer=https://localhost",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
        )
        self._await_ready()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def _run(self, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            command = [str(Path(ASSETS) / name), *arguments]
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder))

    def _await_ready(self) -> None:
        end = time.monotonic() + START_WITHIN
        last = ""
        while time.monotonic() < end:
            try:
                self.request("GET", "/readyz")
                self.request("GET", "/api/v1/namespaces/default")
                return
            except (urllib.error.URLError, OSError) as error:
                last = str(error)
                self._processes[-1].poll()
                if self._processes[-1].returncode is not None:
                    break
        tail = (self._folder / "kube-apiserver.log").read_text(errors="replace")[-1500:]
        raise RuntimeError(f"kube-apiserver did not become ready: {last}\n{tail}")

    def request(
        self, method: str, path: str, body: Json | None = None, content_type: str = "application/json"
    ) -> bytes:
        """One request as the administrator."""
        context = ssl._create_unverified_context()
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type},
        )
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            content: bytes = response.read()
            return content

    def write_kubeconfig(self, path: Path) -> Path:
        """A kubeconfig of the administrator."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "real",
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
            "clusters": [{"name": "real", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
        }
        path.write_text(json.dumps(config))
        return path
