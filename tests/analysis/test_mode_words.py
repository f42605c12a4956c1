"""The mode of a cluster in words."""

from __future__ import annotations

import pytest

from dsview.analysis.mode_words import mode_and_confidence


@pytest.mark.parametrize(
    ("mode", "confidence", "words"),
    [
        ("ipv4", "declared", "IPv4 only (declared)"),
        ("dual-ipv6-first", "observed", "dual-stack, IPv6 first (observed)"),
        ("unknown", "unknown", "families not known"),
    ],
)
def test_a_mode_is_said_with_how_it_is_known(mode: str, confidence: str, words: str) -> None:
    assert mode_and_confidence(mode, confidence) == words
