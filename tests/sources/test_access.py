"""Kubeconfigs that need no official client, and their credentials."""

from __future__ import annotations

import base64
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dsview.sources.kube.kubeconfig import ResolvedContext
from dsview.sources.kube.transport import DirectTransport, direct_transport

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def context(user: dict[str, Any] | None, server: str = "https://api.test:6443", **cluster: Any) -> ResolvedContext:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}] if user is not None else [],
    }
    return ResolvedContext(name="test", server=server, config=config)


def access(user: dict[str, Any] | None, **cluster: Any) -> DirectTransport:
    found = direct_transport(context(user, **cluster), connections=4)
    assert found is not None
    return found


def tls_of(transport: DirectTransport) -> ssl.SSLContext | None:
    """The certificate authorities of its connections; None without TLS."""
    found: ssl.SSLContext | None = transport.pool.connection_pool_kw.get("ssl_context")
    return found


@pytest.mark.parametrize(
    "asked",
    [
        ResolvedContext(name="in-cluster"),
        context({"exec": {"command": "aws"}}),
        context({"auth-provider": {"name": "oidc"}}),
        context({"username": "admin", "password": "x"}),
        context({"token": "t"}, **{"proxy-url": "http://proxy.test:3128"}),
    ],
    ids=["a pod's service account", "a plug-in", "an auth provider", "a password", "a proxy"],
)
def test_what_needs_more_than_the_kubeconfig_is_for_the_official_client(asked: ResolvedContext) -> None:
    assert direct_transport(asked, connections=4) is None


def test_a_proxy_of_the_environment_is_for_the_official_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    assert direct_transport(context({"token": "t"}), connections=4) is None


def test_a_renewed_token_in_its_file_comes_before_the_one_in_the_user(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("renewed\n")
    assert access({"token": "old", "tokenFile": str(file)}).headers == {"authorization": "Bearer renewed"}
    assert access({"token": "old", "tokenFile": str(tmp_path / "none")}).headers == {"authorization": "Bearer old"}
    assert access({"token": "only"}).headers == {"authorization": "Bearer only"}
    with pytest.raises(FileNotFoundError):
        access({"tokenFile": str(tmp_path / "none")})


def test_who_acts_as_somebody_else_asks_with_the_rights_of_that_one() -> None:
    user = {"token": "t", "as": "jane", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": {"a/b": ["1"]}}
    assert list(access(user).headers.iteritems()) == [
        ("authorization", "Bearer t"),
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-a%2fb", "1"),
    ]


def test_impersonation_is_rejected_if_it_would_be_ignored() -> None:
    with pytest.raises(ValueError, match="supports `as` only"):
        direct_transport(context({"exec": {"command": "aws"}, "as": "jane"}), connections=4)


@pytest.mark.parametrize("user", [None, {}])
def test_a_user_without_credentials_sends_none(user: dict[str, Any] | None) -> None:
    assert access(user).headers == {}


def test_a_server_is_verified_unless_the_kubeconfig_says_otherwise() -> None:
    verified, unverified = tls_of(access({})), tls_of(access({}, **{"insecure-skip-tls-verify": True}))
    assert verified is not None
    assert unverified is not None
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (unverified.verify_mode, unverified.check_hostname) == (ssl.CERT_NONE, False)
    assert tls_of(access({}, server="http://127.0.0.1:8001")) is None


@pytest.mark.parametrize("name", ["client-certificate-data", "client-key-data"])
def test_data_that_are_no_base64_are_refused(name: str) -> None:
    pair = {"client-certificate-data": "AAAA", "client-key-data": "AAAA", name: "A"}
    with pytest.raises(ValueError, match="not base64"):
        access(pair)


def made(folder: Path, name: str, *words: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={name}", *words]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.mark.parametrize("as_data", [False, True], ids=["files", "data"])
def test_a_client_certificate_is_shown_to_the_server_and_nothing_of_it_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_data: bool
) -> None:
    certificate, key = made(tmp_path, "client", "-nodes")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    if as_data:
        user = {f"{k}-data": base64.b64encode(Path(path).read_bytes()).decode() for k, path in user.items()}
    client = tls_of(access(user, **{"insecure-skip-tls-verify": True}))
    assert client is not None
    assert list(scratch.iterdir()) == []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*made(tmp_path, "server", "-nodes"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(certificate)
    assert shown(server, client) == ssl.PEM_cert_to_DER_cert(certificate.read_text())


def shown(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """The certificate that a server sees, in a handshake without a network."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    listening, asking = server.wrap_bio(there, back, server_side=True), client.wrap_bio(back, there)
    waiting = [asking, listening]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return listening.getpeercert(binary_form=True)


def test_a_key_with_a_password_is_rejected_without_a_prompt(tmp_path: Path) -> None:
    certificate, key = made(tmp_path, "client", "-passout", "pass:secret")
    with pytest.raises(ssl.SSLError):
        access({"client-certificate": str(certificate), "client-key": str(key)})


@pytest.mark.parametrize("wrong", [{"as-groups": "admins"}, {"as-user-extra": ["a"]}, {"as-user-extra": {"a": "b"}}])
def test_groups_and_extras_of_the_wrong_shape_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="as-groups must be a list"):
        access({"token": "a-token", "as": "me", **wrong})
