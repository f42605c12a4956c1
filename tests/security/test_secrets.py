"""Credentials stay inside dsview: none is shown, logged or written."""

from __future__ import annotations

import json
import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsview.cli import cli, crash, logs
from dsview.core import secrets
from dsview.session.timing_log import TimingLog
from dsview.sources.kube import backoff
from dsview.sources.private_files import append_private, private_file, private_folder
from tests.security.live import cluster, live
from tests.support.apiserver import ApiServer, Fault, Request, status_body

TOKEN = "canary-token-1f9e8d7c6b5a"
ENVIRONMENT = "canary-environment-0a1b2c3d"
KEY = "canary-client-key-5e6f7a8b"
CANARIES = (TOKEN, ENVIRONMENT, KEY)


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are retried at once."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.05)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """No test hides the credentials of another one."""
    yield
    secrets._registered.clear()
    logs.set_up(None, 0)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with cluster() as server:
        server.tokens = {TOKEN}
        yield server


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of crash reports."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "dsview"


def plugin(folder: Path, output: str, *, code: int = 0, complaint: str = "") -> dict[str, object]:
    """A user whose credential plug-in writes this, with a secret in its environment."""
    script = folder / "plugin.py"
    script.write_text(
        f"import os, sys\nassert os.environ['CANARY'] == {ENVIRONMENT!r}\n"
        f"sys.stderr.write({complaint!r})\nsys.stdout.write({output!r})\nsys.exit({code})\n"
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(script)],
            "env": [{"name": "CANARY", "value": ENVIRONMENT}],
            "interactiveMode": "Never",
        }
    }


def credential(token: str = TOKEN) -> str:
    """The output of a plug-in that returns a token."""
    return json.dumps(
        {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}}
    )


def written(*folders: Path) -> str:
    """The text of all files that were written."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


async def test_no_canary_is_shown_logged_traced_or_written_in_a_session_full_of_errors(
    api: ApiServer, tmp_path: Path, state_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    logs.set_up(str(out / "log"), 1)
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig", **plugin(tmp_path, credential()))
    shown: list[str] = []
    async with live(kubeconfig, timing_log=TimingLog(out / "trace")) as one:
        await one.settled()
        await one.tour()

        def refuse(request: Request) -> None:
            if request.plural == "nodes":
                raise Fault(500, f"<html>{request.authorization}</html>".encode())
            if request.plural != "version":
                text = f"User with {request.authorization} may not read {request.plural}"
                raise Fault(403, status_body(403, "Forbidden", text))

        api.hook = refuse
        api.cut_watches()
        await one.until(lambda: "not permitted" in one.text, "the refusal is shown")
        shown.append(one.text)
        api.hook, api.tokens = None, set()
        await one.press("1", "Y")
        await one.until(lambda: "is not available" in one.text, "the refusal of the YAML is shown")
        shown.append(one.text)
        crash.write_report(RuntimeError(f"Invalid header value b'Bearer {TOKEN}'"))
    said = capfd.readouterr()
    texts = "\n".join((*shown, written(out, state_folder), said.out, said.err))
    assert "Invalid header value" in texts
    assert "watch /api/v1/pods 200" in texts
    assert not [canary for canary in CANARIES if canary in texts]


@pytest.mark.parametrize(
    "behaviour",
    [
        {"output": "not JSON " + TOKEN},
        {"output": "{}", "complaint": f"could not log in with {ENVIRONMENT}"},
        {"output": "", "code": 1, "complaint": f"refused: Authorization: Bearer {TOKEN}"},
        {"output": credential(f"{TOKEN}\r\nX-Canary: {KEY}")},
    ],
    ids=["output that is no JSON", "output without a token", "failing", "token that breaks the header"],
)
def test_no_canary_is_said_where_a_credential_plugin_goes_wrong(
    api: ApiServer, tmp_path: Path, state_folder: Path, behaviour: dict[str, Any]
) -> None:
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig", **plugin(tmp_path, **behaviour))
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["check", "--kubeconfig", str(kubeconfig), "-v", "--log-file", str(out / "log"), "--timeout", "20s"]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert result.return_value == 3
    texts = result.output + result.stderr + written(out, state_folder)
    assert not [canary for canary in CANARIES if canary in texts]


def test_a_snapshot_holds_no_credential(api: ApiServer, tmp_path: Path) -> None:
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig", token=TOKEN, **{"client-key-data": KEY})
    target = tmp_path / "out" / "snapshot.json"
    target.parent.mkdir()
    arguments = ["snapshot", "--kubeconfig", str(kubeconfig), "-o", str(target)]
    CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert not [canary for canary in CANARIES if canary in written(target.parent)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdef.def-ghi", "Authorization: Bearer [hidden]"),
        ("Bearer sha256~abcdefgh and more", "Bearer [hidden] and more"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [hidden]"),
        ("token eyJhbGciOiJSUzI1NiIs.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl.", "token [hidden]."),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nafter", "[hidden]\nafter"),
        ("-----BEGIN PRIVATE KEY-----\nMII", "[hidden]"),
        ("pods is forbidden: User cannot list resource", "pods is forbidden: User cannot list resource"),
        ("the bearer of news", "the bearer of news"),
    ],
)
def test_what_looks_like_a_credential_is_hidden_though_nobody_knows_it(text: str, left: str) -> None:
    assert secrets.without_secrets(text) == left


def test_a_known_credential_is_hidden_and_what_is_public_anyway_is_not() -> None:
    secrets.register_secrets(
        ["Bearer hunter2-hunter2", "eu-west-1", "prod", ""], public=["https://eu-west-1.example.com"]
    )
    assert secrets.without_secrets("hunter2-hunter2 in eu-west-1, prod") == "[hidden] in eu-west-1, prod"


def test_the_log_holds_neither_credentials_nor_anything_that_drives_a_terminal(tmp_path: Path) -> None:
    logs.set_up(str(tmp_path / "log"), 0)
    secrets.register_secrets([TOKEN])
    logging.getLogger("dsview").info("one\x1b[31m %s \ud800", TOKEN)
    logging.getLogger("dsview").debug("two")
    text = (tmp_path / "log").read_text()
    assert text.endswith("INFO dsview: one\\x1b[31m [hidden] \\ud800\n")


def test_every_file_is_for_its_owner_only(tmp_path: Path, state_folder: Path) -> None:
    logs.set_up(str(tmp_path / "log"), 0)
    TimingLog(tmp_path / "trace").event("something")
    report = crash.write_report(RuntimeError("broken"))
    arguments = ["snapshot", "--demo", "-o", str(tmp_path / "snapshot.json.gz")]
    assert CliRunner().invoke(cli, arguments, standalone_mode=False).return_value == 0
    assert report is not None
    assert report.parent == state_folder
    for path in (tmp_path / "log", tmp_path / "trace", tmp_path / "snapshot.json.gz", report):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (state_folder, state_folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("before")

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError), private_file(target) as file:
        file.writelines(chunks())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "before"


def test_folders_that_are_there_keep_their_rights_and_files_are_appended_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    for line in (b"one\n", b"two\n"):
        with append_private(tmp_path / "a" / "b" / "file") as file:
            file.write(line)
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"one\ntwo\n"
