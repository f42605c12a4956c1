"""WebSockets of a broken or hostile server: limited in bytes, time and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsview.kinds.pod import Pod
from dsview.listeners.registry import CONF_COMMANDS
from dsview.sources.kube import client as kube_client
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.kubeconfig import resolve_context
from dsview.sources.kube.limits import BodyLimit
from dsview.sources.kube.pod_exec import ConfUnavailable, run
from tests.security.test_tls import certificate
from tests.support.apiserver import ApiServer, Raw, Request, dripping

POD = Pod(name="controller-0", namespace="ingress-nginx")
SUCCESS = b'\x03{"status":"Success"}'


def frame(payload: bytes, *, opcode: int = 2, fin: bool = True, claims: int | None = None) -> bytes:
    """A frame as a server sends it; `claims` is the length that it declares."""
    size = len(payload) if claims is None else claims
    first = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        return first + bytes([size]) + payload
    if size < 1 << 16:
        return first + b"\x7e" + size.to_bytes(2, "big") + payload
    return first + b"\x7f" + size.to_bytes(8, "big") + payload


@pytest.fixture
def client(api: ApiServer, tmp_path: Path) -> Iterator[Client]:
    connected_client = Client(resolve_context(str(api.write_kubeconfig(tmp_path / "config")), None), connections=1)
    yield connected_client
    connected_client.close()


def read(api: ApiServer, client: Client, *frames: bytes) -> bytes:
    api.on_exec = lambda _: frames
    return run(client, POD, "controller", CONF_COMMANDS[0])


@pytest.mark.parametrize("user", [{"token": "t"}, {"username": "admin", "password": "p"}], ids=["own", "official"])
@pytest.mark.parametrize("has_tls", [False, True], ids=["http", "https"])
def test_a_file_is_read_by_every_way_of_connecting(tmp_path: Path, user: dict[str, str], has_tls: bool) -> None:
    with ApiServer(tls=certificate(tmp_path) if has_tls else None) as server:
        server.files[POD.key] = {" ".join(CONF_COMMANDS[0]): b"http { }" * 20_000}
        connected_client = Client(
            resolve_context(str(server.write_kubeconfig(tmp_path / "config", **user)), None), connections=1
        )
        assert run(connected_client, POD, "controller", CONF_COMMANDS[0]) == b"http { }" * 20_000
        assert run(connected_client, POD, "controller", CONF_COMMANDS[0]) == b"http { }" * 20_000
        assert all(request.authorization for request in server.log)
        connected_client.close()


def test_a_message_may_come_in_several_frames_with_pings_between_them(api: ApiServer, client: Client) -> None:
    parts = frame(b"\x01http", fin=False), frame(b"?", opcode=9), frame(b" { }", opcode=0), frame(SUCCESS)
    assert read(api, client, *parts) == b"http { }"


def test_a_frame_that_claims_too_much_is_refused_before_its_bytes_come(api: ApiServer, client: Client) -> None:
    with pytest.raises(ConfUnavailable, match="larger than 32 MB"):
        read(api, client, frame(b"\x01http", claims=1 << 40))


@pytest.mark.parametrize("fin", [True, False], ids=["messages", "frames of one message"])
def test_all_frames_of_a_command_count_together(
    api: ApiServer, client: Client, monkeypatch: pytest.MonkeyPatch, fin: bool
) -> None:
    monkeypatch.setattr(kube_client, "EXEC", BodyLimit(1000, 30.0))
    frames = [frame(b"\x01" + b"x" * 100, fin=fin, opcode=2 if fin or not index else 0) for index in range(50)]
    with pytest.raises(ConfUnavailable, match="larger than"):
        read(api, client, *frames)


def test_frames_without_content_count_as_well(api: ApiServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_client, "EXEC", BodyLimit(1000, 30.0))
    with pytest.raises(ConfUnavailable, match="larger than"):
        read(api, client, frame(b"") * 1000)


@pytest.mark.parametrize("what", [b"\x82\x7e\x7f\xff\x01", b""], ids=["inside a frame", "before the first frame"])
def test_bytes_that_drip_end_when_the_time_of_the_command_does(
    api: ApiServer, client: Client, monkeypatch: pytest.MonkeyPatch, what: bytes
) -> None:
    monkeypatch.setattr(kube_client, "EXEC", BodyLimit(1 << 20, 0.3))
    is_over = threading.Event()
    api.on_exec = lambda _: (what, *dripping(b"x" if what else b"\x89", is_over))
    started = time.monotonic()
    with pytest.raises(ConfUnavailable, match="in time"):
        run(client, POD, "controller", CONF_COMMANDS[0])
    is_over.set()
    assert time.monotonic() - started < 5.0


def test_a_response_header_that_trickles_in_times_out(
    api: ApiServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_client, "CONNECT_TIMEOUT", 0.3)
    is_over = threading.Event()

    def hook(_: Request) -> None:
        raise Raw(b"HTTP/1.1 101 Well\r\nX-Much: ", *dripping(b"x", is_over))

    api.hook = hook
    threading.Thread(target=_enforce, args=(client, is_over), daemon=True).start()
    with pytest.raises(RequestFailed, match="does not answer"):
        run(client, POD, "controller", CONF_COMMANDS[0])
    is_over.set()


def _enforce(client: Client, is_over: threading.Event) -> None:
    while not is_over.wait(0.02):
        client.enforce_deadlines()


def test_a_server_that_does_not_speak_the_protocol_is_refused(api: ApiServer, client: Client) -> None:
    def hook(_: Request) -> None:
        raise Raw(b"HTTP/1.1 101 Well\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", frame(SUCCESS))

    api.hook = hook
    with pytest.raises(RequestFailed, match="does not speak v4"):
        run(client, POD, "controller", CONF_COMMANDS[0])
