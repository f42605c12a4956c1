"""What CoreDNS serves, suppresses and forwards, according to its Corefile. The text is untrusted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Set

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
    zones: list[str] = []
    has_plugin = False
    for line in corefile[:LIMIT].splitlines():
        words = _words(line)
        if depth == 0:
            block.extend(word for word in words if word not in {"{", "}"})
        elif depth == 1 and words[:1] == ["kubernetes"]:
            has_plugin = True
            zones.extend([word for word in words[1:] if word != "{"] or _zones_of_block(block))
        depth = max(0, depth + words.count("{") - words.count("}"))
        if depth == 0 and "}" in words:
            block = []
    return tuple(dict.fromkeys(zones)) if has_plugin else None


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
    to A; or an `acl` that filters the type for all clients. A line counts if it concerns all names, or those of the
    cluster. A template falls through only if none of its regular expressions matches, and without one it matches every
    name (https://coredns.io/plugins/template/).
    """
    of_kubernetes = (zone for zone in kubernetes_zones(corefile) or () if not zone.rstrip(".").endswith(".arpa"))
    of_cluster = {*of_kubernetes, _ROOT_ZONE}
    for zones, lines in _server_blocks(corefile):
        if of_cluster.isdisjoint(zones) and not any(words[:1] == ["kubernetes"] for words in lines):
            continue
        for number, words in enumerate(lines):
            found = _dropping(words, lines[number + 1 :], of_cluster)
            if found:
                return found
    return ""


def _server_blocks(corefile: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The zones and the lines of each server block, in words."""
    depth = 0
    keys: list[str] = []
    lines: list[list[str]] = []
    for line in corefile[:LIMIT].splitlines():
        words = _words(line)
        if depth == 0:
            keys.extend(word for word in words if word not in {"{", "}"})
        else:
            lines.append(words)
        depth = max(0, depth + words.count("{") - words.count("}"))
        if depth == 0 and "}" in words:
            yield _zones_of_block(keys), lines
            keys, lines = [], []
    if lines:
        yield _zones_of_block(keys), lines


def _dropping(words: list[str], following: list[list[str]], of_cluster: Set[str]) -> str:
    """The line, or one in its braces, if it suppresses AAAA answers; otherwise an empty string."""
    inside = list(itertools.takewhile(lambda inner: inner[:1] != ["}"], following)) if words[-1:] == ["{"] else []
    match words[:1]:
        case ["rewrite"]:
            kinds = [word for word in words[1:] if word not in {"stop", "continue"}]
            return " ".join(words) if kinds[:3] == ["type", "AAAA", "A"] else ""
        case ["template"] if "AAAA" in words[1:]:
            zones = [word for word in words[1:] if word not in {"IN", "ANY", "AAAA", "{"}]
            directives = {inner[0] for inner in inside if inner}
            passes = "answer" in directives or {"match", "fallthrough"} <= directives
            is_of_cluster = not zones or not of_cluster.isdisjoint(zones)
            return " ".join(words).removesuffix(" {") if is_of_cluster and not passes else ""
        case ["acl"] if len(words) == 2 or _ROOT_ZONE in words:
            filters = (["filter"], ["block"], ["drop"])
            rules = (rule for rule in inside if rule[:1] in filters and "AAAA" in rule and "net" not in rule)
            return " ".join(next(rules, []))
    return ""


def forwards(corefile: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each line that forwards queries, with its addresses; no addresses if it names a resolver file."""
    rules: list[tuple[str, tuple[str, ...]]] = []
    for line in corefile[:LIMIT].splitlines():
        words = [word for word in _words(line) if word != "{"]
        if words[:1] in (["forward"], ["proxy"]) and len(words) > 2:
            addresses = tuple(_without_port(_SCHEME.sub("", word)) for word in words[2:])
            is_known = all(family_of(address) is not None for address in addresses)
            rules.append((" ".join(words), addresses if is_known else ()))
    return rules


def _without_port(text: str) -> str:
    """The address of `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`."""
    text = text.partition("%")[0]
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
