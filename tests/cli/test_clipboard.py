"""Which clipboard receives a copy besides the terminal's own, and the hint for the user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsview.cli.clipboard import Clipboard, hint, tool


def anything(name: str) -> str:
    return f"/usr/bin/{name}"


def nothing(_name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", None),
        ({"DISPLAY": ":0"}, "linux", "xclip"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", "wl-copy"),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", "clip.exe"),
        ({}, "darwin", "pbcopy"),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a b c d"}, "linux", None),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", None),
        ({"TMUX": "/tmp/tmux", "SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, "linux", "tmux"),
    ],
)
def test_the_tool_is_that_of_the_machine_in_front_of_the_user(
    environ: dict[str, str], platform: str, expected: str | None
) -> None:
    command = tool(environ, anything, platform)
    assert (command[0] if command is not None else None) == expected


def test_a_tool_that_is_not_installed_is_not_asked() -> None:
    assert tool({"DISPLAY": ":0", "TMUX": "x"}, nothing, "linux") is None
    assert tool({"DISPLAY": ":0"}, lambda name: name if name == "xsel" else None, "linux") == (
        "xsel",
        "--clipboard",
        "--input",
    )


def test_under_tmux_it_is_said_how_to_paste() -> None:
    assert "prefix ]" in hint({"TMUX": "x"}, tool({"TMUX": "x"}, anything))
    assert "set-clipboard" in hint({"TMUX": "x"}, None)
    assert hint({}, None) == ""


def test_the_text_goes_to_the_tool_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "taken"
    script = tmp_path / "xclip"
    # Opening the pipe waits for the tool.
    os.mkfifo(taken)
    script.write_text(f"#!/bin/sh\ncat > {taken}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    text = "kubectl -n shop get svc; echo $(id) \u2714"
    assert Clipboard({"DISPLAY": ":0"}, lambda name: str(script) if name == "xclip" else None).copy(text) == ""
    assert taken.read_text() == text


def test_a_tool_that_fails_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert Clipboard({"DISPLAY": ":0"}, anything).copy("x") == ""
