"""JSON as every format here writes it: indented, and harmless where it is shown on a terminal."""

from __future__ import annotations

import msgspec

from dsview.core.text import Safe, safe_json


def json_text(value: object) -> Safe:
    """The value as JSON text, with a line feed at its end."""
    return safe_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
