"""What CoreDNS serves, suppresses and forwards, according to its Corefile. The text is untrusted."""

from __future__ import annotations

import re

from dsview.core.address import family_of

LIMIT = 1 << 18
"""Characters that are read; a typical Corefile has a few hundred."""

_ROOT_ZONE = "."
_SCHEME = re.compile(r"^[a-z]+://")
_PORT = re.compile(r":[0-9]+$")


def kubernetes_zones(corefile: str) -> tuple[str, ...] | None:
    """The zones of all `kubernetes` plug-ins of a Corefile; None if it has no such plug-in.

    A plug-in without zones serves those of its server block.
    """
    depth = 0
    block: list[str] = []
    found: list[str] = []
    has_plugin = False
    for line in corefile[:LIMIT].splitlines():
        words = _words(line)
        if depth == 0:
            block.extend(word for word in words if word not in {"{", "}"})
        elif depth == 1 and words[:1] == ["kubernetes"]:
            has_plugin = True
            found.extend([word for word in words[1:] if word != "{"] or _zones_of_block(block))
        depth = max(0, depth + words.count("{") - words.count("}"))
        if depth == 0 and "}" in words:
            block = []
    return tuple(dict.fromkeys(found)) if has_plugin else None


def _words(line: str) -> list[str]:
    words = line.split()
    end = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:end]


def _zones_of_block(keys: list[str]) -> list[str]:
    """The zones in the keys of a server block, such as `dns://cluster.local:53`.

    A snippet covers all zones, because any block may import it.
    """
    if any(key.startswith("(") for key in keys):
        return [_ROOT_ZONE]
    return [_PORT.sub("", _SCHEME.sub("", key.strip(","))) or _ROOT_ZONE for key in keys]


def drops_aaaa(corefile: str) -> str:
    """The line that makes a Corefile return empty answers to AAAA queries; empty if there is none.

    Such a line is a `template` for AAAA without an `answer` line, regardless of its `rcode`; a `rewrite` of type AAAA
    to A; or an `acl` that filters the type for all clients. A template for a zone other than the root does not count,
    nor does one that falls through.
    """
    lines = [_words(line) for line in corefile[:LIMIT].splitlines()]
    for number, words in enumerate(lines):
        if words[:1] == ["rewrite"]:
            kinds = [word for word in words[1:] if word not in {"stop", "continue"}]
            if kinds[:3] == ["type", "AAAA", "A"]:
                return " ".join(words)
        if words[:1] == ["template"] and "AAAA" in words[1:]:
            zones = [word for word in words[1:] if word not in {"IN", "ANY", "AAAA", "{"}]
            block: list[list[str]] = []
            for inner in lines[number + 1 :] if words[-1] == "{" else ():
                if inner[:1] == ["}"]:
                    break
                block.append(inner)
            directives = {inner[0] for inner in block if inner}
            covers_root = not zones or _ROOT_ZONE in zones
            if covers_root and not directives & {"answer", "fallthrough"}:
                return " ".join(words).removesuffix(" {")
        if words[:1] == ["acl"] and (len(words) == 2 or _ROOT_ZONE in words):
            for inner in lines[number + 1 :]:
                if inner[:1] == ["}"]:
                    break
                if inner[:1] in (["filter"], ["block"], ["drop"]) and "AAAA" in inner and "net" not in inner:
                    return " ".join(inner)
    return ""


def forwards(corefile: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each line that forwards queries, with its addresses; no addresses if it names a resolver file."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for line in corefile[:LIMIT].splitlines():
        words = [word for word in _words(line) if word != "{"]
        if words[:1] in (["forward"], ["proxy"]) and len(words) > 2:
            addresses = tuple(_without_port(_SCHEME.sub("", word)) for word in words[2:])
            is_known = all(family_of(address) is not None for address in addresses)
            found.append((" ".join(words), addresses if is_known else ()))
    return found


def _without_port(text: str) -> str:
    """The address of `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`."""
    text = text.partition("%")[0]
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
