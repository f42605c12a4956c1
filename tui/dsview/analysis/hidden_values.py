"""How many values a capture hides, and which checks skip the objects that contain them.

A hidden value is unknown: no check compares it, counts it or reports it as missing.
"""

from __future__ import annotations

import msgspec

from dsview.checks.engine.address_fields import ADDRESS_FIELDS
from dsview.checks.engine.registry import all_checks
from dsview.cluster.state import ClusterState
from dsview.core.redacted import is_redacted


class HiddenValues(msgspec.Struct, frozen=True):
    """The number of hidden values: by field, such as `Pod status.podIPs`, and the checks that need those fields."""

    fields: tuple[tuple[str, int], ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """The total number of hidden values."""
        return sum(number for _, number in self.fields)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The notice for reports; empty if nothing is hidden."""
        if not self.fields:
            return ()
        listed = ", ".join(f"{number:,} in {name}" for name, number in self.fields)
        values = "1 value is" if self.number == 1 else f"{self.number:,} values are"
        return (
            f"{values} hidden in what was read ({listed}). Checks that need them were skipped for these objects: "
            f"{', '.join(self.checks)}.",
        )


def hidden_values(state: ClusterState) -> HiddenValues:
    """The values that a redacted capture replaced, counted once for each state."""
    return state.cached("hidden values", state.version, lambda: _count(state))


def _count(state: ClusterState) -> HiddenValues:
    found: list[tuple[str, int]] = []
    codes: set[str] = set()
    for field in ADDRESS_FIELDS:
        number = sum(is_redacted(text) for item in state.store(field.kind) for text in field.read(item))
        if number:
            found.append((str(field), number))
            codes.update(check.code for check in all_checks() if field in check.addresses)
    return HiddenValues(tuple(found), tuple(sorted(codes)))
