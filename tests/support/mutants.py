"""Nearly sound clusters: recorded and generated ones with a few random changes."""

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


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in an object, except for its kind and API version."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key not in ("kind", "apiVersion") or path:
            yield (*path, key)
            yield from paths(part, (*path, key))


def value_at(value: Any, path: Sequence[Any]) -> Any:
    """The value at a path, or None if there is none."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def mutant(items: Sequence[Json], rng: random.Random) -> list[Json]:
    """A copy of the objects with one to four of them changed, duplicated or removed."""
    changed = list(items)
    for _ in range(rng.randrange(1, 5)):
        i = rng.randrange(len(changed))
        item = copy.deepcopy(changed[i])
        dice = rng.random()
        if dice < 0.05 and len(changed) > 1:
            del changed[i]
            continue
        if dice < 0.1:
            item["metadata"] = {**item["metadata"], "name": f"{item['metadata']['name']}-{rng.randrange(9)}"}
            changed.append(item)
        else:
            _change(item, [other for other in changed if other["kind"] == item["kind"]], rng)
        changed[i] = item
    return changed


def _change(item: Json, same_kind: Sequence[Json], rng: random.Random) -> None:
    candidates = [path for path in paths(item) if path not in {("metadata",), ("metadata", "name")}]
    path = rng.choice(candidates)
    parent, key = value_at(item, path[:-1]), path[-1]
    old = parent[key]
    dice = rng.random()
    if dice < 0.2:
        del parent[key]
    elif dice < 0.5:
        parent[key] = copy.deepcopy(value_at(rng.choice(same_kind), path))
    elif isinstance(old, bool):
        parent[key] = not old
    elif isinstance(old, int):
        parent[key] = rng.choice(NUMBERS)
    elif isinstance(old, str):
        parent[key] = rng.choice([*WORDS, old.upper(), f"{old}-x", old[1:], f"{old},{rng.choice(WORDS)}"])
    elif isinstance(old, list):
        parent[key] = [*old[1:], *old[:1]] if dice < 0.7 else [*old, *old[:1], rng.choice(WORDS)][: rng.randrange(4)]
    else:
        parent[key] = rng.choice([{}, None])
