"""Credentials are sent to the server of the kubeconfig and nowhere else, whatever that server responds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.kubeconfig import resolve_context
from tests.security.test_tls import certificate
from tests.support.apiserver import ApiServer, Fault, Request

CODES = (301, 302, 303, 307, 308)
EXEC = "/api/v1/namespaces/ingress-nginx/pods/controller-0/exec"
USERS: dict[str, dict[str, Any]] = {
    "the kubeconfig's own token": {"token": "secret-token"},
    "the official client": {"username": "admin", "password": "secret-token"},
}


@pytest.fixture
def stranger() -> Iterator[ApiServer]:
    """A server that no kubeconfig names."""
    with ApiServer() as server:
        yield server


@pytest.fixture(params=["http", "https"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(tls=certificate(tmp_path) if request.param == "https" else None) as server:
        yield server


def client(api: ApiServer, folder: Path, user: dict[str, Any]) -> Client:
    path = api.write_kubeconfig(folder / "kubeconfig", **user)
    return Client(resolve_context(str(path), None), connections=2)


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("scheme", ["http", "ws", "https", "wss"])
def test_no_redirect_is_followed_by_any_way_of_asking(
    api: ApiServer, stranger: ApiServer, tmp_path: Path, scheme: str, user: dict[str, Any]
) -> None:
    place = stranger.url.removeprefix("http")
    one = client(api, tmp_path, user)
    for code in CODES:

        def redirect(_: Request, code: int = code) -> None:
            raise Fault(code, b"", {"Location": f"{scheme}{place}{EXEC}"})

        api.hook = redirect
        for ask in (lambda: one.get("/version"), lambda: one.websocket(EXEC, [("command", "cat")]).__enter__()):
            with pytest.raises(RequestFailed) as caught:
                ask()
            assert caught.value.code == code, "the error names what the server answered"
    one.close()
    assert len(api.log) == 2 * len(CODES)
    assert stranger.log == []
    assert not stranger.connections
