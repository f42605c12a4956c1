"""The clipboard of the machine that dsview runs on, in addition to the terminal's clipboard (OSC 52).

Many terminals ignore OSC 52, and so does tmux by default. If a clipboard tool is installed, it gets the text as well.
Over SSH it does not, because that would be the clipboard of the wrong machine.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

Command = tuple[str, ...]

_TMUX: Command = ("tmux", "load-buffer", "-w", "-")
_TIMEOUT = 5.0


def tool(
    environ: Mapping[str, str], which: Callable[[str], str | None], platform: str = sys.platform
) -> Command | None:
    """The command that copies its standard input to the clipboard; None if there is no trusted one."""
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
    """A hint on where the text is, with a leading space; empty if it is in the expected place."""
    if command == _TMUX:
        return " In tmux: prefix ] pastes it."
    return " tmux passes it on after `set -g set-clipboard on`." if environ.get("TMUX") else ""


class Clipboard:
    """Passes text to the tool in a thread, and returns a hint for the user."""

    def __init__(self, environ: Mapping[str, str], which: Callable[[str], str | None]) -> None:
        self._command = tool(environ, which)
        self._hint = hint(environ, self._command)

    def copy(self, text: str) -> str:
        """Copy the text and return the hint for the message. Never blocks and never fails: OSC 52 was already sent."""
        command = self._command
        if command is not None:
            threading.Thread(target=_run_tool, args=(command, text), name="clipboard", daemon=True).start()
        return self._hint


def _run_tool(command: Command, text: str) -> None:
    try:
        # A fixed command, found on the PATH. The text goes to its standard input, never into an argument.
        subprocess.run(  # noqa: S603  (see above)
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        # OSC 52 was already sent, so there is nothing else to try.
        return
