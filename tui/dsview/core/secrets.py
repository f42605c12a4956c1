"""What must never be written down: credentials that are known, and what looks like one, are taken out of any text.

Credentials are in memory while they are used, and an exception may quote them: http.client does so with a token that
holds a line feed. So whatever goes to a log, a message or a crash report passes here. The known ones are kept for the
whole process, as a log is: a context that was left may still be spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "[hidden]"
_SHORTEST = 6
"""Shorter values are no credentials; taking them out would only garble the text."""

_LOOKS_LIKE_ONE = re.compile(
    r"(?P<label>\b(?:Authorization:\s*(?:\w+\s+)?|Bearer\s+|Basic\s+))[A-Za-z0-9._~+/=-]{12,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Authorization headers, JSON Web Tokens (RFC 7519), private keys in PEM (RFC 7468)."""

_known: set[str] = set()


def remember(values: Iterable[object], public: Iterable[str] = ()) -> None:
    """Hide these texts from now on, but for those that stand in a `public` text, such as the server's name."""
    shown = tuple(public)
    for value in values:
        text = str(value).strip()
        for part in {text, text.partition(" ")[2].strip()}:
            if len(part) >= _SHORTEST and not any(part in one for one in shown):
                _known.add(part)


def credentials(user: Mapping[str, Any]) -> list[object]:
    """Everything in a kubeconfig's user that may be a credential, the environment of its plug-in included."""
    plugin = user.get("exec")
    variables = plugin.get("env") if isinstance(plugin, dict) else None
    found: list[object] = [user.get(name) for name in ("token", "password", "client-key-data")]
    found += [row.get("value") for row in variables or () if isinstance(row, dict)]
    provider = user.get("auth-provider")
    settings = provider.get("config") if isinstance(provider, dict) else None
    found += settings.values() if isinstance(settings, dict) else ()
    return [value for value in found if value]


def without_secrets(text: str) -> str:
    """The text with every credential in it replaced by `[hidden]`."""
    # The longest first: one may be a part of another.
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _LOOKS_LIKE_ONE.sub(lambda match: (match["label"] or "") + HIDDEN, text)
