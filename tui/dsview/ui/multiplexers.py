"""Escape sequences for a terminal outside tmux or screen, which swallow them unless they are wrapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_SCREEN_PIECE = 700
"""GNU screen drops a wrapped sequence of more than 768 bytes."""


def passed_on(environ: Mapping[str, str]) -> Callable[[str], str] | None:
    """The function that wraps a sequence so that the multiplexer passes it on; None without a multiplexer.

    tmux does so only if `allow-passthrough` is on. Over SSH it may be present without the variable TMUX; TERM then
    shows it.
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
