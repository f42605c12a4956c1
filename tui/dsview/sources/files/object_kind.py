"""The kind of an object in a file, or of a list that the server refused."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Raw

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.sources.files.documents import BROKEN
from dsview.sources.files.unnamed_kind import unnamed_kind

KINDS = {kind.value: kind for kind in RESOURCES}
"""The kinds by name."""

_GROUPS = {kind: {resource.group} for kind, resource in RESOURCES.items()}
_GROUPS[Kind.INGRESS].add("extensions")
_GROUPS[Kind.NETWORK_POLICY].add("extensions")
_BY_NAME = {(resource.api_kind, group): kind for kind, resource in RESOURCES.items() for group in _GROUPS[kind]}
_PLURALS = {resource.plural: kind for kind, resource in reversed(RESOURCES.items())}
_PLURALS |= {resource.rbac_name: kind for kind, resource in RESOURCES.items()}
"""The kinds by their names in an error message that forbids access, with or without the group."""

FORBIDDEN = re.compile(r"([\w-]+)([\w.-]*) is forbidden")
"""The error message of the API server, which kubectl repeats, if a kind may not be listed."""


class Head(msgspec.Struct, rename="camel"):
    """The fields of an object that specify its kind; objects from typed clients have none."""

    kind: str | None = None
    api_version: str | None = None
    metadata: Raw = Raw(b"")


_head_decoder = msgspec.json.Decoder(Head)


def head_of(raw: Raw) -> Head:
    """The fields of an object that specify its kind; empty if it cannot be decoded."""
    try:
        return _head_decoder.decode(raw)
    except BROKEN:
        return Head()


def kind_of(name: str, api_version: str) -> Kind | None:
    """The kind with this name, unless it belongs to another API group, such as Knative's Service."""
    if "/" in api_version:
        return _BY_NAME.get((name, api_version.partition("/")[0]))
    return KINDS.get(name)


def kind_in(path: Path, raw: Raw, list_kind: str, list_version: str) -> Kind | None:
    """The kind of an object in a file, as `FileContents` determines it."""
    head = head_of(raw)
    name = head.kind or list_kind
    return kind_of(name, head.api_version or list_version) if name else unnamed_kind(path, raw)


def forbidden_kind(match: re.Match[str]) -> Kind | None:
    """The kind in a match of `FORBIDDEN`; the API server writes the group after the plural."""
    return _PLURALS.get(match[0].partition(" ")[0]) or _PLURALS.get(match[1])
