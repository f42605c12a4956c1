"""Untrusted YAML, parsed by the C loader if available, with limits on depth and memory.

PyYAML's C loader composes nodes recursively and crashes the process at about 20,000 levels. Aliases and merge keys can
turn a few lines into a value of any size. Times stay text, as in the JSON of the same object.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import yaml

MAX_DEPTH = 200
MAX_EXPANSION = 1_000_000
"""Characters and values of a document once its aliases are expanded, in addition to ten times its size."""

MAX_MERGED_KEYS = 1_000
"""Keys of one mapping that merges others."""

MAX_MERGED = 100_000
"""Keys of all such mappings together."""


class YamlError(ValueError):
    """The text is not YAML, or exceeds a limit; the message is a clause that says which.

    `line` is counted from 1; 0 means unknown.
    """

    line = 0


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """A safe loader with limits. Each node is composed between a descent and an ascent of the resolver."""

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
            raise yaml.YAMLError("its merge keys create a mapping that is too large")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str | bytes) -> Iterator[object]:
    """The documents of the text, first to last.

    Raises:
        YamlError: a document cannot be read. The documents before it have already been yielded.
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


def _expanded_size(value: object, sizes: dict[int, int], limit: int) -> int:
    """The number of values and characters once every alias is expanded. Raises `YamlError` if it exceeds the limit."""
    if not isinstance(value, dict | list | set | tuple):
        return 1 + len(value) if isinstance(value, str | bytes) else 1
    size = sizes.get(id(value))
    if size is None:
        # A value that contains an alias to itself is infinite: this is what the alias finds.
        sizes[id(value)] = limit + 1
        parts = chain(value, value.values()) if isinstance(value, dict) else value
        size = sizes[id(value)] = 1 + sum(_expanded_size(part, sizes, limit) for part in parts)
    if size > limit:
        raise YamlError("its aliases expand to too much data")
    return size
