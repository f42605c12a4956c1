"""The part of a kubelet that the API server needs for an exec."""

from __future__ import annotations

import base64
import hashlib
import ssl
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Kubelet:
    """Listens on loopback with its own certificate; `files` has the output of each command. A context manager."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        kubelet = self

        class Handler(_Exec):
            owner = kubelet

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "kubelet.crt", Path(folder) / "kubelet.key"
            key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(made[1]))
            words = ("-days", "2", "-subj", "/CN=kubelet", "-out", str(made[0]))
            subprocess.run(["openssl", "req", "-x509", *key, *words], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*made)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_address[1]

    def __enter__(self) -> Kubelet:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Exec(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Kubelet

    def log_message(self, *_: object) -> None:
        """Keep the terminal to the tests."""

    def do_GET(self) -> None:
        """Answer an exec."""
        command = " ".join(parse_qs(urlsplit(self.path).query).get("command", []))
        self.owner.asked.append(command)
        key = self.headers.get("Sec-WebSocket-Key", "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept),
            ("Sec-WebSocket-Protocol", "v4.channel.k8s.io"),
        ):
            self.send_header(name, value)
        self.end_headers()
        content = self.owner.files.get(command)
        if content is None:
            self._frame(b"\x02cat: no such file")
            self._frame(b'\x03{"status":"Failure","message":"command terminated with exit code 1"}')
        else:
            for start in range(0, len(content), 30000):
                self._frame(b"\x01" + content[start : start + 30000])
            self._frame(b'\x03{"status":"Success"}')
        self.close_connection = True

    def _frame(self, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x82, size]) if size < 126 else bytes([0x82, 126]) + size.to_bytes(2, "big")
        self.wfile.write(head + payload)
        self.wfile.flush()
