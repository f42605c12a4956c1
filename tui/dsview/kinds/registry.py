"""All kinds that dsview reads, found by their module in this folder.

To add a kind, add its module and its name in `kind.Kind`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import dsview.kinds
from dsview.kinds.kind import Kind, Resource

_USERS = frozenset({"decode", "encode", "registry"})
"""The modules of this folder that use the registry."""

_FIRST = (Kind.SERVICE, Kind.NODE)
"""The kinds that are read and displayed before the others, whose order is that of `Kind`."""


def _found() -> Iterator[Resource]:
    for entry in pkgutil.iter_modules(dsview.kinds.__path__, f"{dsview.kinds.__name__}."):
        if not entry.ispkg and entry.name.rpartition(".")[2] not in _USERS:
            yield from (x for x in vars(importlib.import_module(entry.name)).values() if isinstance(x, Resource))


def _by_kind() -> dict[Kind, Resource]:
    found = {resource.kind: resource for resource in _found()}
    return {kind: found[kind] for kind in dict.fromkeys((*_FIRST, *Kind)) if kind in found}


RESOURCES = _by_kind()
"""Every kind by its name, in reading and display order."""

CORE_KINDS: tuple[Kind, ...] = tuple(kind for kind, resource in RESOURCES.items() if resource.core)
"""The kinds that a verdict requires."""

GATEWAY_KINDS: tuple[Kind, ...] = tuple(kind for kind, resource in RESOURCES.items() if resource.optional)
"""The kinds of the Gateway API and of its controllers."""
