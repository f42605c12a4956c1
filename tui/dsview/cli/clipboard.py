"""The clipboard of the machine that dsview runs on, beside the one that the terminal is asked for by OSC 52.

Many terminals ignore OSC 52, and tmux does unless it is told otherwise. Where there is a tool for the clipboard it is
given the text, too; never over SSH, where it would be the clipboard of the wrong machine.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

Command = tuple[str, ...]

_TMUX: Command = ("tmux", "load-buffer", "-w", "-")
_SECONDS = 5.0


def tool(
    environ: Mapping[str, str], which: Callable[[str], str | None], platform: str = sys.platform
) -> Command | None:
    """The command that takes text for the clipboard on its standard input; None where there is none to trust."""
    if environ.get("TMUX") and which("tmux"):
        return _TMUX
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    candidates: list[Command] = []
    if platform == "darwin":
        candidates.append(("pbcopy",))
    if environ.get("WAYLAND_DISPLAY"):
        candidates.append(("wl-copy",))
    if environ.get("DISPLAY"):
        candidates += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    if environ.get("WSL_DISTRO_NAME"):
        candidates.append(("clip.exe",))
    return next((command for command in candidates if which(command[0])), None)


def hint(environ: Mapping[str, str], command: Command | None) -> str:
    """What has to be said of where the text is, with a space before it; empty where it is where one expects it."""
    if command == _TMUX:
        return " In tmux: prefix ] pastes it."
    return " tmux passes it on after `set -g set-clipboard on`." if environ.get("TMUX") else ""


class Clipboard:
    """Gives text to the tool, in a thread, and says what has to be said of it."""

    def __init__(self, environ: Mapping[str, str], which: Callable[[str], str | None]) -> None:
        self._command = tool(environ, which)
        self._hint = hint(environ, self._command)

    def copy(self, text: str) -> str:
        """Give the text away; the hint for the notice. Never waits and never fails: OSC 52 was sent already."""
        command = self._command
        if command is not None:
            threading.Thread(target=_give, args=(command, text), name="clipboard", daemon=True).start()
        return self._hint


def _give(command: Command, text: str) -> None:
    try:
        # A fixed command, looked up on the PATH; the text goes to its standard input and is never an argument.
        subprocess.run(  # noqa: S603  (see above)
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        # The terminal has it by OSC 52, if it listens; there is nothing more to try.
        return
