"""Shortens the manifest of an object: managedFields, which is longer than everything else, becomes one line."""

from __future__ import annotations

_HEAD = "  managedFields:"


def fold_managed_fields(manifest: str) -> str:
    """The YAML with a comment instead of metadata.managedFields."""
    lines: list[str] = []
    entries = 0
    is_inside = False
    for line in manifest.split("\n"):
        if is_inside and line.startswith(("  - ", "    ")):
            entries += line.startswith("  - ")
            continue
        if is_inside:
            lines.append(f"  # managedFields: {entries} {'entry' if entries == 1 else 'entries'}, folded")
            is_inside = False
        if line.rstrip() == _HEAD and not entries:
            is_inside = True
        else:
            lines.append(line)
    return "\n".join(lines)
