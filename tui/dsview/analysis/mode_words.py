"""The modes of a cluster (`Profile.mode`) in words."""

from __future__ import annotations

_WORDS = {
    "ipv4": "IPv4 only",
    "ipv6": "IPv6 only",
    "dual-ipv4-first": "dual-stack, IPv4 first",
    "dual-ipv6-first": "dual-stack, IPv6 first",
    "unknown": "unknown",
}


def mode_in_words(mode: str) -> str:
    """A mode in words: `dual-stack, IPv4 first`."""
    return _WORDS.get(mode, mode)


def mode_and_confidence(mode: str, confidence: str) -> str:
    """A mode in words, and how it is known."""
    return "families not known" if mode == "unknown" else f"{mode_in_words(mode)} ({confidence})"


def mode_in_few_words(mode: str) -> str:
    """A mode for a narrow column: `dual, IPv4 first`."""
    return mode_in_words(mode).replace("dual-stack", "dual")


def mode_sentence_start(mode: str) -> str:
    """A mode at the start of a sentence: `Dual-stack, IPv4 first`."""
    words = mode_in_words(mode)
    return f"{words[0].upper()}{words[1:]}" if words else words
