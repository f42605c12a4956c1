"""Sequences for the terminal behind tmux or screen: these take one for themselves unless it is wrapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_SCREEN_PIECE = 700
"""GNU screen drops a wrapped sequence of more than 768 bytes."""


def passed_on(environ: Mapping[str, str]) -> Callable[[str], str] | None:
    """What wraps a sequence so that the multiplexer passes it on; None where there is no multiplexer.

    tmux does where `allow-passthrough` is on, and passes nothing on where it is not; without the variable TMUX it may
    still be in between, on the near side of an SSH connection: TERM tells.
    """
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        return _through_tmux
    return _through_screen if environ.get("STY") or term.startswith("screen") else None


def _through_tmux(sequence: str) -> str:
    escaped = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{escaped}\x1b\\"


def _through_screen(sequence: str) -> str:
    pieces = (sequence[at : at + _SCREEN_PIECE] for at in range(0, len(sequence), _SCREEN_PIECE))
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
