"""A private key from the kubeconfig is in no folder, neither while dsview runs nor after it ended in any way."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.core.secrets import HIDDEN
from dsview.sources.kube.credential_plugin import MAX_OUTPUT, MAX_SHOWN_STDERR, CredentialPlugin, PluginFailed
from tests.support.clusters import DATA

CERTIFICATE, KEY = DATA / "tls" / "good.crt", DATA / "tls" / "server.key"
PAIR = {
    "client-certificate-data": base64.b64encode(CERTIFICATE.read_bytes()).decode(),
    "client-key-data": base64.b64encode(KEY.read_bytes()).decode(),
}


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that accepts connections and never responds."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(60)
        yield server


def waiting(folder: Path, silent: socket.socket, user: dict[str, Any], *, by_proxy: bool) -> subprocess.Popen[bytes]:
    """A check that was started with a client certificate and is connecting."""
    port = silent.getsockname()[1]
    ca = base64.b64encode((DATA / "tls" / "ca.crt").read_bytes()).decode()
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": ca}
    config = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    (folder / "scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(folder / "scratch"), "no_proxy": "", "NO_PROXY": ""}
    if by_proxy:
        environment["HTTPS_PROXY"] = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "dsview", "check", "--kubeconfig", str(folder / "kubeconfig")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    silent.accept()
    return process


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("way", ["direct", "proxy", "basic auth"])
def test_no_key_stays_in_the_temporary_folder(
    ending: signal.Signals, way: str, tmp_path: Path, silent: socket.socket
) -> None:
    user = PAIR | ({"username": "me", "password": "pass-word"} if way == "basic auth" else {})
    process = waiting(tmp_path, silent, user, by_proxy=way == "proxy")
    during = list((tmp_path / "scratch").iterdir())
    process.send_signal(ending)
    process.communicate(timeout=60)
    assert during == list((tmp_path / "scratch").iterdir()) == []


def run(script: str, folder: Path, timeout: float = 30.0) -> tuple[str, str]:
    path = folder / "log in"
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o755)
    process = CredentialPlugin([str(path)], stdout=subprocess.PIPE, universal_newlines=True)
    return process.communicate(timeout=timeout)


def test_a_plugin_that_floods_is_ended_and_named(tmp_path: Path) -> None:
    with pytest.raises(PluginFailed, match=r"log in wrote more than 1 MB"):
        run("while True: print('x' * 100_000)", tmp_path)


def test_a_plugin_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    with pytest.raises(PluginFailed, match=r"log in took longer than 0\.5 s"):
        run("import time; time.sleep(60)", tmp_path, 0.5)
    with pytest.raises(PluginFailed, match=r"log in took longer than 0\.5 s"):
        run("import sys, time; sys.stdout.close(); sys.stderr.close(); time.sleep(60)", tmp_path, 0.5)


def test_of_what_a_plugin_says_on_and_on_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('begin\\n' + 'x ' * 10_000 + 'the end\\x1b[2J'); print('{}')"
    answer, said = run(script, tmp_path)
    assert answer == "{}\n"
    assert said.startswith("begin x")
    assert said.endswith("the end\\x1b[2J")
    assert len(said) <= MAX_SHOWN_STDERR + 5


def test_what_a_plugin_gives_is_hidden_in_what_it_says(tmp_path: Path) -> None:
    answer = {"kind": "ExecCredential", "status": {"token": "opaque-token-of-this-test"}}
    script = f"import sys; sys.stderr.write('I gave opaque-token-of-this-test'); print({json.dumps(answer)!r})"
    assert run(script, tmp_path)[1] == f"I gave {HIDDEN}"


def test_what_a_plugin_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    script = "import subprocess; subprocess.Popen(['sleep', '20']); print('{}')"
    assert run(script, tmp_path, 15.0)[0] == "{}\n"


def test_an_answer_of_sensible_size_is_whole(tmp_path: Path) -> None:
    assert len(run(f"print('x' * {MAX_OUTPUT - 10})", tmp_path)[0]) == MAX_OUTPUT - 9
