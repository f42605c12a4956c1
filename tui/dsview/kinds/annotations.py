"""Extraction of the annotations that dsview reads."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dsview.kinds.wire import NULLS

Annotations = tuple[tuple[str, str], ...]
"""Names and values, in the order in which the names were passed to the reader."""

IGNORE_ANNOTATION = "dsview.io/ignore"


def annotation_reader(*names: str) -> Callable[[msgspec.Raw], Annotations]:
    """A function that extracts the named annotations from a raw map and skips all others."""
    fields = [(f"f{i}", str | None, msgspec.field(name=name, default=None)) for i, name in enumerate(names)]
    decoder = msgspec.json.Decoder(msgspec.defstruct("Annotations", fields))
    encoded_names = tuple(name.encode() for name in names)
    # Annotations are most of a pod's bytes, so the few domains are searched for before the many names.
    domains = tuple(dict.fromkeys(encoded.partition(b"/")[0] for encoded in encoded_names))

    def may_have_any(data: bytes) -> bool:
        for domain in domains:
            if domain in data:
                return any(encoded in data for encoded in encoded_names)
        return False

    def read(raw: msgspec.Raw) -> Annotations:
        data = bytes(raw)
        if data in NULLS or not may_have_any(data):
            return ()
        values = msgspec.structs.astuple(decoder.decode(data))
        return tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)

    return read


plain_annotations = annotation_reader(IGNORE_ANNOTATION)


def matching_annotations(
    raw: msgspec.Raw, affixes: tuple[str, ...], matches: Callable[[str, tuple[str, ...]], bool]
) -> Annotations:
    """The annotations whose names start or end with one of the affixes, sorted by name.

    `matches` is `str.startswith` or `str.endswith`.
    """
    data = bytes(raw)
    if data in NULLS or not any(affix.encode() in data for affix in affixes):
        return ()
    found = msgspec.json.decode(data, type=dict[str, str | None])
    return tuple((name, value) for name, value in sorted(found.items()) if value is not None and matches(name, affixes))


def without_ignore(annotations: Annotations) -> Annotations:
    """The annotations that a reader found, except the one that every object may have."""
    return annotations[1:] if annotations and annotations[0][0] == IGNORE_ANNOTATION else annotations
