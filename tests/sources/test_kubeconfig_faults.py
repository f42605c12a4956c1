"""Kubeconfigs that cannot be used: each gets a sentence with a remedy, and exit code 2, for a check and a screen."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dsview.cli import cli
from dsview.cli.options import Settings
from dsview.cli.sessions import open_session
from dsview.core.errors import UserError
from dsview.sources.bounded_files import FileLimit
from dsview.sources.kube import kubeconfig

Json = dict[str, Any]


def config(**changes: Any) -> Json:
    """A valid kubeconfig with some of its parts replaced."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "u", "user": {"token": "secret-token"}}],
        **changes,
    }


def with_plugin(**plugin: Any) -> Json:
    return config(users=[{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **plugin}}}])


FAULTS: dict[str, tuple[Json | str | None, str]] = {
    "missing": (None, "No kubeconfig was found at {path}. Name one with --kubeconfig or $KUBECONFIG, or try `dsview"),
    "empty": ("", "No kubeconfig was found at {path}."),
    "no YAML": ("contexts: ]", "The kubeconfig {path} is not valid YAML (line 1). Fix it, or name another"),
    "tabs": ("contexts:\n\t- x", "The kubeconfig {path} is not valid YAML (line 2)."),
    "binary": ("\x00\x01\x02", "The kubeconfig {path} is not valid YAML"),
    "no mapping": ("- a\n- b", "The kubeconfig {path} is malformed: it is not a mapping."),
    "contexts that are no list": (
        config(contexts={"a": 1}),
        "The kubeconfig {path} is malformed: contexts is no",
    ),
    "no current context": (config(**{"current-context": ""}), "The kubeconfig {path} has no current context. Choose"),
    "unknown context": (
        config(**{"current-context": "dev"}),
        "There is no context 'dev' in the kubeconfig. There",
    ),
    "a cluster that is not there": (config(clusters=[]), "Context 'prod' names cluster 'c', which has no server."),
    "a user that is not there": (config(users=[]), "Context 'prod' names user 'u', which is not in the kubeconfig."),
    "a plug-in that is not installed": (
        with_plugin(command="no-such-plugin", installHint="Install it from\nhttps://example.org\x1b[2J."),
        "The credential plug-in no-such-plugin that the kubeconfig names was not found. Install it from",
    ),
    "a plug-in that may not be run": (with_plugin(command="./kubeconfig"), "The credential plug-in "),
}
"""What the file holds, and the sentence."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", "")
    return tmp_path / "kubeconfig"


def write(path: Path, content: Json | str | None) -> None:
    if content is not None:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


@pytest.mark.parametrize(("content", "sentence"), FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("command", ["check", "show pods", "snapshot -o x"])
def test_a_kubeconfig_that_cannot_be_used_is_a_sentence_and_exit_code_2(
    path: Path, command: str, content: Json | str | None, sentence: str
) -> None:
    write(path, content)
    result = CliRunner().invoke(cli, [*command.split(), "--kubeconfig", str(path)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"dsview: {sentence.format(path=path)}")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr
    assert "secret-token" not in result.stderr


@pytest.mark.parametrize(("content", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_faulty_kubeconfig_is_reported_before_a_session_is_replaced(
    path: Path, content: Json | str | None, sentence: str
) -> None:
    write(path, content)
    with pytest.raises(UserError) as caught:
        open_session(Settings(kubeconfig=str(path)))
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith(sentence.format(path=path))


def test_a_context_that_is_not_there_names_those_that_are(path: Path) -> None:
    write(path, config())
    result = CliRunner().invoke(cli, ["check", "--kubeconfig", str(path), "--context", "staging"])
    assert (result.exit_code, result.stderr) == (
        2,
        "dsview: There is no context 'staging' in the kubeconfig. There are: prod.\n",
    )


def test_a_kubeconfig_that_may_not_be_read_is_a_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, limit: FileLimit) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    # Not by its mode: root can read everything.
    monkeypatch.setattr(kubeconfig, "read_bounded", refuse)
    result = CliRunner().invoke(cli, ["check", "--kubeconfig", str(path)])
    assert result.exit_code == 2
    assert result.stderr == f"dsview: The kubeconfig {path} cannot be read: Permission denied.\n"


def test_a_folder_in_place_of_a_kubeconfig_is_a_sentence(path: Path) -> None:
    path.mkdir()
    result = CliRunner().invoke(cli, ["check", "--kubeconfig", str(path)])
    assert (result.exit_code, result.stderr) == (2, f"dsview: The kubeconfig {path} cannot be read: Is a directory.\n")
