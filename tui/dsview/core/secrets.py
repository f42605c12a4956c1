"""Removes credentials from text: registered ones, and everything that looks like one.

Credentials are in memory while they are used, and an exception may quote them: http.client does so for a token that
contains a line feed. A server may quote them too, in any encoding. All text for logs, messages and crash reports is
filtered here. Registered credentials are kept for the lifetime of the process, because messages may refer to an earlier
context.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

HIDDEN = "[hidden]"
_MIN_LENGTH = 6
"""Shorter values do not count as credentials; hiding them would only garble the text."""

_CREDENTIAL = re.compile(
    r"(?P<label>\b(?:Authorization:\s*(?:\w+\s+)?|Bearer\s+|Basic\s+))[A-Za-z0-9._~+/=-]{12,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Authorization headers, JSON Web Tokens (RFC 7519), PEM private keys (RFC 7468)."""

_ESCAPE = re.compile(
    rb"%(?:25)*(?P<percent>[0-9A-Fa-f]{2})"
    rb"|\\u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\(?:u(?P<unicode>[0-9A-Fa-f]{4})|x(?P<hex>[0-9A-Fa-f]{2})|(?P<letter>[\"'\\/bfnrt]))"
    rb"|&(?:\#(?P<decimal>[0-9]{1,7})|\#[xX](?P<number>[0-9A-Fa-f]{1,6})|(?P<entity>amp|lt|gt|quot|apos));"
)
"""Character escapes of URLs, JSON, Go, Python and HTML."""

_LEVELS = 3
"""How many times a text may have been escaped, for example as JSON in a URL in HTML."""

_BACKSLASH_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ENTITIES = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


class _Form(NamedTuple):
    """One form of a credential in text.

    `before` and `after` mean that an adjacent base64 character encodes the first or last byte, and belongs to it.
    """

    text: bytes
    any_case: bool = False
    before: bool = False
    after: bool = False


_registered: dict[str, tuple[_Form, ...]] = {}


def register_secrets(values: Iterable[object], public: Iterable[str] = ()) -> None:
    """Hide these texts from now on, except those that are part of a `public` text, such as the server's name."""
    public_texts = tuple(public)
    for value in values:
        text = str(value).strip()
        for part in {text, text.partition(" ")[2].strip()}:
            is_public = any(part in shown for shown in public_texts)
            if len(part) >= _MIN_LENGTH and part not in _registered and not is_public:
                _registered[part] = tuple(_forms(part.encode("utf-8", "surrogatepass")))


def _forms(value: bytes) -> Iterator[_Form]:
    """The value itself, its hexadecimal digits, and both base64 alphabets at each alignment."""
    # A value that contains escapes may also appear unescaped.
    once = _unescaped(value)[0]
    for text in {value, once, _unescaped(once)[0]}:
        yield _Form(text.lower(), any_case=True)
    yield _Form(value.hex().encode(), any_case=True)
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + value)
        # The characters that do not depend on the bytes before or after.
        core = whole[-(-offset * 8 // 6) : (offset + len(value)) * 8 // 6]
        for text in {core, core.translate(bytes.maketrans(b"+/", b"-_"))}:
            yield _Form(text, before=offset > 0, after=(offset + len(value)) % 3 > 0)


def credentials(user: Mapping[str, Any]) -> list[object]:
    """Everything in a kubeconfig user that may be a credential, including the environment of its plug-in."""
    plugin = user.get("exec")
    variables = plugin.get("env") if isinstance(plugin, dict) else None
    values: list[object] = [user.get(name) for name in ("token", "password", "client-key-data")]
    values += [row.get("value") for row in variables or () if isinstance(row, dict)]
    provider = user.get("auth-provider")
    settings = provider.get("config") if isinstance(provider, dict) else None
    values += settings.values() if isinstance(settings, dict) else ()
    return [value for value in values if value]


def without_secrets(text: str) -> str:
    """The text with every credential in it replaced by `[hidden]`."""
    return _CREDENTIAL.sub(
        lambda match: (match["label"] or "") + HIDDEN, _without_registered(text) if _registered else text
    )


def _without_registered(text: str) -> str:
    original = text.encode("utf-8", "surrogatepass")
    spans = set(_spans(original))
    plain, origin = original, list(range(len(original) + 1)) if _has_escapes(original) else []
    for _ in range(_LEVELS):
        plain, offsets = _unescaped(plain)
        if offsets is None:
            break
        origin = [origin[offset] for offset in offsets]
        spans |= {(origin[start], origin[end]) for start, end in _spans(plain)}
    if not spans:
        return text
    parts: list[bytes] = []
    done = 0
    for start, end in sorted(spans):
        if end > done:
            if start >= done:
                parts += [original[done:start], HIDDEN.encode()]
            done = end
    parts.append(original[done:])
    return b"".join(parts).decode("utf-8", "surrogatepass")


def _spans(text: bytes) -> Iterator[tuple[int, int]]:
    """The start and end of each credential."""
    folded = text.lower()
    for forms in _registered.values():
        for form in forms:
            searched = folded if form.any_case else text
            start = searched.find(form.text)
            while start >= 0:
                yield _with_neighbours(text, start, form)
                start = searched.find(form.text, start + len(form.text))


def _with_neighbours(plain: bytes, start: int, form: _Form) -> tuple[int, int]:
    end = start + len(form.text)
    if form.before and start > 0 and plain[start - 1] in _BASE64:
        start -= 1
    if form.after and plain[end : end + 1] and plain[end] in _BASE64:
        end += 1
    return start, end


def _unescaped(text: bytes) -> tuple[bytes, list[int] | None]:
    """The text with all escapes decoded, and the original position of each byte; None if nothing is escaped."""
    if not _has_escapes(text):
        return text, None
    parts: list[bytes] = []
    origin: list[int] = []
    done = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[done : match.start()])
        origin += range(done, match.start())
        decoded = _decoded_escape(match)
        parts.append(decoded)
        origin += [match.start()] * len(decoded)
        done = match.end()
    parts.append(text[done:])
    origin += range(done, len(text) + 1)
    return b"".join(parts), origin


def _has_escapes(text: bytes) -> bool:
    return _ESCAPE.search(text) is not None


def _decoded_escape(match: re.Match[bytes]) -> bytes:
    notation = match.lastgroup or ""
    escaped: bytes = match[notation]
    match notation:
        case "percent" | "hex":
            return bytes([int(escaped, 16)])
        case "letter":
            return _BACKSLASH_ESCAPES.get(escaped, escaped)
        case "low":
            return bytes.fromhex((match["high"] + escaped).decode()).decode("utf-16-be").encode()
        case "entity":
            return _ENTITIES[escaped]
    code = int(escaped, 10 if notation == "decimal" else 16)
    return chr(min(code, 0x10FFFF)).encode("utf-8", "surrogatepass")
