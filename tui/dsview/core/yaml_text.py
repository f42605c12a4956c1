"""YAML that strangers wrote: read by the C loader where there is one, with bounds that a C stack and memory need.

PyYAML's C loader composes nodes recursively and crashes the process at some 20,000 levels; aliases and merge keys make
a value of any size out of a few lines. Times stay text, as the JSON of the same object has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import yaml

MAX_DEPTH = 200
MAX_EXPANSION = 1_000_000
"""Characters and values that a document with aliases may have once they are written out, besides ten times its size."""

MAX_MERGED_KEYS = 1_000
"""Keys of a mapping that takes in others."""

MAX_MERGED = 100_000
"""Keys of all such mappings together."""


class YamlError(ValueError):
    """The text is no YAML, or exceeds a bound; says which in half a sentence.

    `line` is counted from 1; 0 is unknown.
    """

    line = 0


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """A safe loader with bounds. Nodes are composed between a descent and an ascent of the resolver."""

    depth = 0
    merged = 0

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MAX_DEPTH} levels deep")

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        merges = any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value)
        super().flatten_mapping(node)
        self.merged += len(node.value) if merges else 0
        if merges and (len(node.value) > MAX_MERGED_KEYS or self.merged > MAX_MERGED):
            raise yaml.YAMLError("its merge keys make too large a mapping")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str | bytes) -> Iterator[object]:
    """The documents of the text, one after the other.

    Raises:
        YamlError: at the first document that cannot be read; those before it were given out by then.
    """
    loader = _Loader(text)
    may_have_aliases = ("&" in text and "*" in text) if isinstance(text, str) else (b"&" in text and b"*" in text)
    try:
        while loader.check_data():
            value = loader.get_data()
            if may_have_aliases:
                _expanded_size(value, {}, MAX_EXPANSION + 10 * len(text))
            yield value
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, YamlError):
            raise
        failure = YamlError(getattr(error, "problem", None) or str(error).partition("\n")[0])
        mark = getattr(error, "problem_mark", None)
        failure.line = mark.line + 1 if mark is not None else 0
        raise failure from None
    finally:
        loader.dispose()


def _expanded_size(value: object, known: dict[int, int], most: int) -> int:
    """How many values and characters there are with every alias written out."""
    if not isinstance(value, dict | list | set | tuple):
        return 1 + len(value) if isinstance(value, str | bytes) else 1
    size = known.get(id(value))
    if size is None:
        # Met again while it is being counted, it holds itself.
        known[id(value)] = most + 1
        parts = chain(value, value.values()) if isinstance(value, dict) else value
        size = known[id(value)] = 1 + sum(_expanded_size(part, known, most) for part in parts)
    if size > most:
        raise YamlError("its aliases stand for too much")
    return size
