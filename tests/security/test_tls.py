"""Which API servers dsview trusts, and the warning if nothing verifies them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from dsview.cli import cli
from dsview.sources.kube import backoff
from tests.security.live import SCENARIO, live
from tests.support.apiserver import ApiServer

BANNER = "The server's certificate is not verified (insecure-skip-tls-verify)."


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are retried at once."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.05)


def certificate(folder: Path, *, name: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    made = folder / "server.crt", folder / "server.key"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(made[1]))
    words = ("-days", "2", "-subj", "/CN=loopback", "-addext", f"subjectAltName={name}", "-out", str(made[0]))
    subprocess.run(["openssl", "req", "-x509", *key, *words], check=True, capture_output=True)
    return made


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    server = ApiServer(tls=certificate(tmp_path))
    server.load(json.loads((SCENARIO / "objects.json").read_text())["items"])
    with server:
        yield server


def kubeconfig(api: ApiServer, folder: Path, **cluster: object) -> Path:
    """A kubeconfig whose cluster has these entries instead of the correct certificate authority."""
    path = api.write_kubeconfig(folder / "kubeconfig")
    config = json.loads(path.read_text())
    config["clusters"][0]["cluster"] = {"server": api.url, **cluster}
    path.write_text(json.dumps(config))
    return path


def check(path: Path) -> Result:
    arguments = ["check", "--kubeconfig", str(path), "--timeout", "30s", "--fail-on", "never", "--no-exec"]
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def test_a_server_of_an_unknown_authority_gets_no_request(api: ApiServer, tmp_path: Path) -> None:
    result = check(kubeconfig(api, tmp_path))
    assert result.return_value == 3
    assert "cannot be trusted" in result.stderr
    assert api.log == []


def test_a_server_of_another_name_gets_no_request(tmp_path: Path) -> None:
    tls = certificate(tmp_path, name="DNS:elsewhere.example")
    with ApiServer(tls=tls) as api:
        result = check(kubeconfig(api, tmp_path, **{"certificate-authority": str(tls[0])}))
        assert result.return_value == 3
        assert "its certificate is for another" in result.stderr
        assert api.log == []


def test_a_server_that_is_verified_needs_no_banner(api: ApiServer, tmp_path: Path) -> None:
    result = check(api.write_kubeconfig(tmp_path / "kubeconfig"))
    assert result.return_value == 0
    assert BANNER not in result.stderr + result.stdout


def test_a_client_that_never_begins_its_handshake_delays_no_other(api: ApiServer, tmp_path: Path) -> None:
    address = urlsplit(api.url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0)):
        assert check(kubeconfig(api, tmp_path, **{"insecure-skip-tls-verify": True})).return_value == 0


def test_a_report_without_verification_says_so(api: ApiServer, tmp_path: Path) -> None:
    result = check(kubeconfig(api, tmp_path, **{"insecure-skip-tls-verify": True}))
    assert result.return_value == 0
    assert BANNER in " ".join((result.stderr + result.stdout).split())


def test_no_library_warns_of_it_on_the_terminal(api: ApiServer, tmp_path: Path) -> None:
    path = kubeconfig(api, tmp_path, **{"insecure-skip-tls-verify": True})
    command = [sys.executable, "-m", "dsview", "check", "--kubeconfig", str(path), "--no-exec", "-o", "json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.stderr == f"dsview: {BANNER}\n"


@pytest.mark.parametrize("size", [(160, 50), (80, 24), (60, 20)], ids=str)
async def test_the_banner_of_an_unverified_server_is_there_first_and_stays(
    api: ApiServer, tmp_path: Path, size: tuple[int, int]
) -> None:
    shown = BANNER[: size[0] - 8]
    async with live(kubeconfig(api, tmp_path, **{"insecure-skip-tls-verify": True}), size=size, no_exec=True) as one:
        await one.until(lambda: shown in one.text, "the banner is shown")
        await one.settled()
        api.put({"kind": "Service", "metadata": {"name": "new", "namespace": "shop"}, "spec": {"type": "ClusterIP"}})
        await one.tour()
        for keys in (("z",), ("/", "n", "e", "w", "enter"), ("4",), ("end",)):
            await one.press(*keys)
            assert shown in one.text
        api.stop()
        await one.until(lambda: "stale" in one.text or "connection lost" in one.text, "the connection is lost")
        assert shown in one.text


async def test_the_banner_is_there_though_the_server_never_answers(tmp_path: Path) -> None:
    with ApiServer() as api:
        path = kubeconfig(api, tmp_path, **{"insecure-skip-tls-verify": True})
    async with live(path) as one:
        await one.until(lambda: BANNER in one.text, "the banner is shown")
