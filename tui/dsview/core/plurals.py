"""Numbers with their nouns."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """`1 pod`, `3 pods`, `2 addresses`, `1,200 NetworkPolicies`."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("cy"):
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch')) else 's'}"
