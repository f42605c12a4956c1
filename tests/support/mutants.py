"""Clusters that are almost valid: recorded and generated ones with a few fields changed, by a seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]

WORDS = (
    *("", "None", "true", "false", "default", "kube-system", "ingress-nginx", "controller", "nginx", "IPv4", "IPv6"),
    *("10.0.0.1", "10.244.1.7", "::1", "fd00::1", "fd00:10:244::7", "2001:db8::1", "::ffff:10.0.0.1", "010.0.0.1"),
    *("10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "::/0", "10.0.0.1/8", "FD00::1", "fe80::1%eth0", "host.example", "*.a.b"),
    *("SingleStack", "PreferDualStack", "RequireDualStack", "ClusterIP", "NodePort", "LoadBalancer", "http", "80"),
)
NUMBERS = (0, 1, 2, 80, 443, 8080, 65535, -1)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in an object, except its kind."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key not in ("kind", "apiVersion") or path:
            yield (*path, key)
            yield from places(part, (*path, key))


def at(value: Any, path: Sequence[Any]) -> Any:
    """The value at a path; None if there is none."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def mutant(items: Sequence[Json], by: random.Random) -> list[Json]:
    """A copy of the objects with one to four of them changed, repeated or omitted."""
    changed = list(items)
    for _ in range(by.randrange(1, 5)):
        i = by.randrange(len(changed))
        item = copy.deepcopy(changed[i])
        turn = by.random()
        if turn < 0.05 and len(changed) > 1:
            del changed[i]
            continue
        if turn < 0.1:
            item["metadata"] = {**item["metadata"], "name": f"{item['metadata']['name']}-{by.randrange(9)}"}
            changed.append(item)
        else:
            _change(item, [other for other in changed if other["kind"] == item["kind"]], by)
        changed[i] = item
    return changed


def _change(item: Json, alike: Sequence[Json], by: random.Random) -> None:
    found = [path for path in places(item) if path not in {("metadata",), ("metadata", "name")}]
    path = by.choice(found)
    around, key = at(item, path[:-1]), path[-1]
    old = around[key]
    turn = by.random()
    if turn < 0.2:
        del around[key]
    elif turn < 0.5:
        around[key] = copy.deepcopy(at(by.choice(alike), path))
    elif isinstance(old, bool):
        around[key] = not old
    elif isinstance(old, int):
        around[key] = by.choice(NUMBERS)
    elif isinstance(old, str):
        around[key] = by.choice([*WORDS, old.upper(), f"{old}-x", old[1:], f"{old},{by.choice(WORDS)}"])
    elif isinstance(old, list):
        around[key] = [*old[1:], *old[:1]] if turn < 0.7 else [*old, *old[:1], by.choice(WORDS)][: by.randrange(4)]
    else:
        around[key] = by.choice([{}, None])
