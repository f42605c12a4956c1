"""An object as YAML."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from dsview.core.errors import UserError

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

MOST_VALUES = 150_000
"""Values of an object that is shown as YAML: each takes 0.6 kB meanwhile. One of 1.5 MB, the most that etcd takes, has
60,000."""


def manifest(raw: msgspec.Raw | bytes) -> str:
    """A JSON object as YAML.

    Raises `msgspec.MsgspecError` where it is no JSON, `UserError` where it is nested too deep or has too many values.
    """
    if bytes(raw).count(b",") > MOST_VALUES:
        raise UserError(f"The manifest has more than {MOST_VALUES:,} values; it is too large to be shown.")
    try:
        value = msgspec.json.decode(raw)
        return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
    except RecursionError:
        raise UserError("The manifest is nested too deep to be shown.") from None
