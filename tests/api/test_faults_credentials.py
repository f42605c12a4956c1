"""Credentials that expire, are refused or cannot be loaded: renewed once, without a burst and without a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import client, credential_plugin
from dsview.sources.kube import source as kube_source
from tests.support.apiserver import ApiServer
from tests.support.driven import FOLLOWED
from tests.support.live import Json, Live

OpenLive = Callable[..., Live]
API_VERSION = "client.authentication.k8s.io/v1"
PLUGIN = """#!/bin/sh
cd "$(dirname "$0")"
echo run >> runs
printf 'Please log in:\\033[2J https://login.example/ \\n' >&2
echo 'and on the terminal' 2>/dev/null > /dev/tty
[ -s token ] || exit 1
printf '{"apiVersion":"%s","kind":"ExecCredential","status":{"token":"%s"}}' API_VERSION "$(cat token)"
"""


class Plugin:
    """A credential plug-in that returns the token in a file, fails if there is none, and counts its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.path = folder / "log in"
        self.path.write_text(PLUGIN.replace("API_VERSION", API_VERSION))
        self.path.chmod(0o755)

    @property
    def user(self) -> Json:
        """The user of a kubeconfig."""
        return {
            "exec": {"apiVersion": API_VERSION, "command": str(self.path), "interactiveMode": "IfAvailable"},
        }

    def give(self, token: str) -> None:
        """Set the token that it returns from now on; empty for none."""
        (self.folder / "token").write_text(token)

    @property
    def runs(self) -> int:
        """How often it ran."""
        runs = self.folder / "runs"
        return len(runs.read_text().splitlines()) if runs.exists() else 0


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    made = Plugin(tmp_path / "plug in")
    made.give("first")
    return made


@pytest.fixture(autouse=True)
def nothing_is_said_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whether a screen is drawn there."""
    yield
    assert capfd.readouterr() == ("", "")


def test_an_expired_token_of_a_file_is_read_again_once_for_all_kinds(
    api: ApiServer, live: OpenLive, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    api.tokens = {"first"}
    live_session = live(user={"tokenFile": str(token)}).settle()
    token.write_text("second")
    api.tokens = {"second"}
    del api.log[:]
    api.end_watches()
    live_session.assert_recovers()
    refused = [r for r in api.log if r.authorization == "Bearer first" and r.verb == "watch"]
    assert len(refused) <= len(FOLLOWED) + 4


def test_an_expired_token_of_a_plugin_is_renewed_by_one_run_for_all_kinds(
    api: ApiServer, live: OpenLive, plugin: Plugin
) -> None:
    api.tokens = {"first"}
    live_session = live(user=plugin.user).settle()
    assert plugin.runs == 1
    plugin.give("second")
    api.tokens = {"second"}
    api.end_watches()
    live_session.assert_recovers()
    assert plugin.runs == 2


def test_what_a_failing_plugin_says_is_shown_and_it_is_not_run_again_and_again(
    api: ApiServer, live: OpenLive, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.tokens = {"first"}
    live_session = live(user=plugin.user).settle()
    plugin.give("")
    api.tokens = {"second"}
    del api.log[:]
    api.end_watches()
    for kind in FOLLOWED:
        live_session.until_status(Health.STALE, "Please log in:\\x1b[2J https://login.example/", kind)
    live_session.until(lambda: len(api.log) > 4 * len(FOLLOWED), "each kind was refused several times")
    assert plugin.runs == 2
    plugin.give("second")
    # After the pause it is run again.
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + client.MIN_REFRESH_INTERVAL)
    live_session.assert_recovers()
    assert plugin.runs == 3


def test_permanently_rejected_credentials_are_reported_and_rarely_renewed(
    api: ApiServer, live: OpenLive, plugin: Plugin
) -> None:
    api.tokens = {"another"}
    live_session = live(user=plugin.user)
    for kind in FOLLOWED:
        live_session.until_status(Health.FAILED, "does not accept the credentials (401)", kind)
    live_session.until(lambda: len(api.log) > 4 * len(FOLLOWED), "each kind was refused several times")
    assert plugin.runs == 2
    api.tokens = {"first"}
    live_session.assert_recovers()


def test_a_plugin_that_fails_at_the_start_is_run_again_later(
    api: ApiServer, live: OpenLive, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_source, "MIN_CREDENTIAL_RETRY", 0.05)
    plugin.give("")
    api.tokens = {"first"}
    live_session = live(user=plugin.user)
    for kind in FOLLOWED:
        live_session.until_status(Health.FAILED, "Please log in:", kind)
    plugin.give("first")
    live_session.assert_recovers()


def test_a_plugin_that_never_ends_is_ended(
    api: ApiServer, live: OpenLive, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_plugin, "TIME_LIMIT", 0.2)
    monkeypatch.setattr(kube_source, "MIN_CREDENTIAL_RETRY", 0.05)
    plugin.path.write_text("#!/bin/sh\nsleep 60 & wait\n")
    live_session = live(user=plugin.user)
    live_session.until_status(Health.FAILED, "took longer than 0.2 s")
    plugin.path.write_text(PLUGIN.replace("API_VERSION", API_VERSION))
    monkeypatch.setattr(credential_plugin, "TIME_LIMIT", 20.0)
    live_session.assert_recovers()


def test_a_plugin_that_answers_nonsense_is_a_sentence(api: ApiServer, live: OpenLive, plugin: Plugin) -> None:
    plugin.path.write_text("#!/bin/sh\necho 'a page of HTML'\n")
    live_session = live(user=plugin.user)
    live_session.until_status(Health.FAILED, "The credentials of the kubeconfig cannot be used")
    assert live_session.health(Kind.SERVICE) is Health.FAILED


def test_leaving_does_not_wait_for_a_plugin(api: ApiServer, live: OpenLive, plugin: Plugin) -> None:
    plugin.path.write_text('#!/bin/sh\necho > "$(dirname "$0")/started"\nsleep 20 & wait\n')
    live_session = live(user=plugin.user)
    live_session.until((plugin.folder / "started").exists, "it runs")
    done = threading.Thread(target=live_session.session.stop)
    done.start()
    done.join(1)
    assert not done.is_alive()
