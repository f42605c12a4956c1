"""Values that a capture hides: they say neither what was there nor that nothing was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dsview.core.address import family_of

_SHAPES: Final = re.compile(
    r"\*{2,}.*"
    r"|[\[<(]?\**\s*(?:redacted|hidden|masked|removed|anonymized|obfuscated)\s*\**[\])>]?"
    r"|x{2,}(?:[.:]x{1,4})+"
    r"|x-ipv[46]-[0-9a-z]+-x"
    r"|(?:\d{1,3}\.)+x{1,3}(?:\.x{1,3})*"
    r"|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}",
    re.IGNORECASE,
)
"""What must-gather, insights archives, support bundles and people write in the place of an address."""


def is_redacted(text: str) -> bool:
    """Whether a text that should be an address or a range was replaced. An address never was."""
    return bool(text) and family_of(text) is None and _SHAPES.fullmatch(text.partition("/")[0].strip()) is not None


def any_redacted(texts: Iterable[str]) -> bool:
    """Whether one of the texts was replaced."""
    return any(map(is_redacted, texts))
