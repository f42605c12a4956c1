"""Cluster text is harmless after it was sanitised."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.core.text import safe, safe_lines

# Cf: format characters such as bidirectional overrides; Cs: lone surrogates; Zl and Zp: separators that break lines.
HARMFUL = {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-7d9f", "web-7d9f"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb", "a\\x0ab"),
        ("\u202egnp", "\\u202egnp"),
        ("a\u200bb", "a\\u200bb"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold]", "[bold]"),
        ("größe 中文 🎉", "größe 中文 🎉"),
    ],
)
def test_harmful_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_safe_text_has_no_control_characters_and_can_be_encoded(text: str) -> None:
    shown = safe(text)
    assert not {unicodedata.category(char) for char in shown} & HARMFUL
    assert safe(shown) == shown
    shown.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_the_number_of_lines_stays_the_same(text: str) -> None:
    shown = safe_lines(text)
    assert shown.count("\n") == text.replace("\r\n", "\n").count("\n")
    assert "\t" not in shown
    assert all(safe(line) == line for line in shown.split("\n"))
