"""Codes of checks on the screen: `e` or a click explains them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.message import Message

_CODE = re.compile(r"\b(?:DS-)?([A-Z]{2,5}-\d{3})\b")


class CodeClicked(Message):
    """The code of a check was clicked, in the row of a cursor or in a text."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


def codes_in(texts: Iterable[str]) -> list[str]:
    """The checks whose codes occur in the texts, each once, as they first occur."""
    from dsview.checks.engine.registry import registry  # noqa: PLC0415 - the checks are imported after the first frame

    codes = dict.fromkeys(f"DS-{match[1]}" for text in texts for match in _CODE.finditer(text))
    return [code for code in codes if code in registry()]


def code_at(text: str, place: int) -> str | None:
    """The check whose code is at a position of a line, if there is one."""
    match = next((match for match in _CODE.finditer(text) if match.start() <= place < match.end()), None)
    return next(iter(codes_in([match[0]])), None) if match is not None else None
