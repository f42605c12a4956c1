"""An object as YAML."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from dsview.core.errors import UserError

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def manifest(raw: msgspec.Raw | bytes) -> str:
    """A JSON object as YAML.

    Raises `msgspec.MsgspecError` where it is no JSON, `UserError` where it is nested too deep.
    """
    try:
        value = msgspec.json.decode(raw)
        return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
    except RecursionError:
        raise UserError("The manifest is nested too deep to be shown.") from None
