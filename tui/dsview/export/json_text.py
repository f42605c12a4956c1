"""JSON text as all formats write it: indented, and safe to show on a terminal."""

from __future__ import annotations

import msgspec

from dsview.core.text import Safe, safe_json


def json_text(value: object) -> Safe:
    """The value as JSON text with a final newline."""
    return safe_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
