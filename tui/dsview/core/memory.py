"""Returns unused memory to the operating system."""

from __future__ import annotations

import sys
from contextlib import suppress


def return_unused() -> None:
    """Return the memory that the C library keeps for later to the operating system; takes some milliseconds.

    Only glibc needs it (malloc_trim(3)). Elsewhere this does nothing.
    """
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # noqa: PLC0415 - only a few users need it, and a Python may be built without it

        ctypes.CDLL(None).malloc_trim(0)
