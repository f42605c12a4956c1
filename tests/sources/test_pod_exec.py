"""Reading a file through exec: the result of the frames of a connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest
import websocket

from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.controller import IngressNginx
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.exec_failures import why_refused
from dsview.sources.kube.pod_exec import ConfUnavailable, read_proxy_config

POD = Pod(name="controller-0", namespace="ingress-nginx")
SUCCESS = b'\x03{"status":"Success"}'


class Connection:
    """A WebSocket that sends these messages and then ends, or breaks."""

    def __init__(self, *messages: bytes, breaks: bool = False) -> None:
        self._messages = messages
        self._breaks = breaks
        self.is_closed = False

    def messages(self) -> Iterator[bytes]:
        yield from self._messages
        if self._breaks:
            raise websocket.WebSocketConnectionClosedException


class Cluster:
    """A client with these connections, one for each command."""

    def __init__(self, *connections: Connection) -> None:
        self._left = list(connections)
        self.asked: list[str] = []

    @contextmanager
    def websocket(self, path: str, query: Sequence[tuple[str, str]]) -> Iterator[Iterator[bytes]]:
        self.asked.append(" ".join(value for name, value in query if name == "command"))
        connection = self._left.pop(0)
        yield connection.messages()
        connection.is_closed = True


def read(cluster: Cluster) -> bytes:
    return read_proxy_config(cast(Client, cluster), POD, "controller", IngressNginx.conf_commands)


def test_file_comes_in_frames_and_ends_with_the_exit_status() -> None:
    connection = Connection(b"\x01http {", b"\x02a warning", b"", b"\x01 }", SUCCESS)
    assert read(Cluster(connection)) == b"http { }"
    assert connection.is_closed


def test_the_next_path_is_tried_if_a_file_is_missing_or_empty() -> None:
    missing = Connection(b"\x02cat: no such file", b'\x03{"status":"Failure"}')
    cluster = Cluster(missing, Connection(b"\x01 \n", SUCCESS), Connection(b"\x01http { }", SUCCESS))
    assert read(cluster) == b"http { }"
    assert cluster.asked == ["cat /etc/nginx/nginx.conf", "cat /chroot/etc/nginx/nginx.conf", "/dbg conf"]


@pytest.mark.parametrize("breaks", [True, False], ids=["broken", "closed"])
def test_a_truncated_file_is_not_considered_complete(breaks: bool) -> None:
    half = b"\x01http { server { listen 80; } }\n"
    with pytest.raises(ConfUnavailable, match="the connection"):
        read(Cluster(*(Connection(half, breaks=breaks) for _ in range(3))))


def test_reason_is_the_output_of_the_command_without_control_characters() -> None:
    failures = [Connection(b"\x02\x1b[31mno file", b'\x03{"status":"Failure"}') for _ in range(3)]
    with pytest.raises(ConfUnavailable, match="no file") as caught:
        read(Cluster(*failures))
    assert "\x1b" not in str(caught.value)


REFUSED = 'pods "c" is forbidden: User "viewer" cannot create resource "pods/exec" in API group "" in the namespace "x"'


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (403, REFUSED, "reading nginx.conf is not permitted (get and create on pods/exec)"),
        (403, 'admission webhook "no-exec.test" denied the request', "exec was refused: admission webhook"),
        (404, 'pods "controller-0" not found', "the pod is gone"),
        (500, "error dialing backend: dial tcp 192.0.2.5:10250: i/o timeout", "cannot reach the kubelet"),
        (500, "error dialing backend: remote error: tls: internal error", "cannot reach the kubelet"),
        (500, "unable to upgrade connection: 404 page not found", "cannot reach the kubelet"),
        (500, "error dialing backend: No agent available", "cannot reach the kubelet"),
        (500, "unable to upgrade connection: Unauthorized", "the kubelet refuses the API server"),
        (500, 'unable to upgrade connection: container not found ("controller")', "the container is not running"),
        (
            400,
            "cannot exec into a container in a completed pod; current phase is Failed",
            "the container is not running",
        ),
    ],
)
def test_api_server_that_does_not_run_the_command_says_why(code: int, said: str, reason: str) -> None:
    assert reason in why_refused(RequestFailed(code, said))


@pytest.mark.parametrize(
    ("frames", "reason", "asked"),
    [
        ([b"\x02cat: can't open '/etc/nginx/nginx.conf': No such file or directory"], "the file does not exist", 3),
        ([b'\x02exec: "cat": executable file not found in $PATH: unknown'], "the container lacks the command", 3),
        ([b"\x02container is not created or running"], "the container is not running", 1),
    ],
)
def test_container_that_does_not_run_the_command_says_why(frames: list[bytes], reason: str, asked: int) -> None:
    cluster = Cluster(*(Connection(*frames, b'\x03{"status":"Failure","message":"exit code 1"}') for _ in range(3)))
    with pytest.raises(ConfUnavailable, match=reason):
        read(cluster)
    assert len(cluster.asked) == asked
