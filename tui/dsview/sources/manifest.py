"""Formats an object as YAML."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from dsview.core.errors import UserError

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

MAX_VALUES = 150_000
"""The maximum number of values in an object shown as YAML: each temporarily takes 0.6 kB.

An object of 1.5 MB, the limit of etcd, has 60,000.
"""


def manifest(raw: msgspec.Raw | bytes) -> str:
    """A JSON object as YAML.

    Raises `msgspec.MsgspecError` if it is not JSON, `UserError` if it is nested too deeply or has too many values.
    """
    if bytes(raw).count(b",") > MAX_VALUES:
        raise UserError(f"The manifest has more than {MAX_VALUES:,} values; it is too large to be shown.")
    try:
        value = msgspec.json.decode(raw)
        return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
    except RecursionError:
        raise UserError("The manifest is nested too deeply to be shown.") from None
