"""Sanitises the text in a recording like text from a cluster, because anybody may have made the file.

Names in references stay unchanged, because objects are looked up by them. They are sanitised where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.analysis.timeline_entry import Entry
from dsview.core.errors import UserError
from dsview.core.finding import Finding
from dsview.core.text import safe, safe_lines
from dsview.sources.events import StatusChanged
from dsview.sources.recording.content import Head
from dsview.sources.recording.schema import DECODE_ERRORS, is_time, reason_of


def safe_finding(finding: Finding) -> Finding:
    """The finding with safe text, like that of a check."""
    return msgspec.structs.replace(
        finding,
        field=_safe(finding.field),
        message=safe_lines(finding.message),
        observed=_safe_lines(finding.observed),
        expected=_safe_lines(finding.expected),
        fix=_safe_lines(finding.fix),
        exempted_for=safe(finding.exempted_for),
    )


_entry_decoder = msgspec.msgpack.Decoder(Entry)


def read_entries(contents: Iterable[bytes]) -> list[Entry]:
    """The entries of a timeline with safe text. Raises `UserError` if one cannot be read."""
    try:
        entries = [safe_entry(_entry_decoder.decode(content)) for content in contents]
    except DECODE_ERRORS as error:
        raise UserError(f"An entry of the recording's timeline cannot be read: {reason_of(error)}.") from None
    return [entry for entry in entries if entry is not None]


def safe_entry(entry: Entry) -> Entry | None:
    """The entry of a timeline with safe text; None if its times are impossible."""
    if not is_time(entry.at) or not (entry.lasted is None or is_time(entry.lasted)):
        return None
    return msgspec.structs.replace(
        entry,
        text=safe(entry.text),
        check=safe(entry.check),
        kinds=tuple(map(safe, entry.kinds)),
        until=entry.until if is_time(entry.until) else None,
    )


def safe_status(status: StatusChanged) -> StatusChanged:
    """The status of a kind with safe text."""
    return msgspec.structs.replace(
        status,
        reason=safe(status.reason),
        cut_off=safe(status.cut_off),
        since=status.since if is_time(status.since) else 0.0,
    )


def safe_head(head: Head) -> Head:
    """The state that does not belong to a kind, with safe text."""
    return Head(
        server_version=_safe(head.server_version),
        banners=tuple(map(safe, head.banners)),
        quarantined=tuple((kind, identity, safe_lines(text)) for kind, identity, text in head.quarantined),
        notes=tuple(map(safe, head.notes)),
        failures={safe(code): safe(text) for code, text in head.failures.items()},
    )


def _safe(text: str | None) -> str | None:
    return safe(text) if text is not None else None


def _safe_lines(text: str | None) -> str | None:
    return safe_lines(text) if text is not None else None
