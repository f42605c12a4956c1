"""Keys of the rows of the listeners' pane: one controller pod, one transport, one port."""

from __future__ import annotations

from dsview.core.listen import Listener
from dsview.kinds.objects import Key, Pod

_SEPARATOR = "|"


def row_name(pod: Pod, listener: Listener | None) -> str:
    """The name in the key of the row that shows a listener; None for a pod whose listeners are not known."""
    if listener is None:
        return f"{pod.name}{_SEPARATOR}{_SEPARATOR}"
    scope = "internal" if listener.internal else ""
    # Padded, so that ports stand in order of their numbers.
    is_unix = listener.transport == "unix"
    where = listener.address.replace(_SEPARATOR, "/") if is_unix else f"{listener.port or 0:05d}"
    return _SEPARATOR.join((pod.name, listener.transport + scope, where))


def parts_of(key: Key) -> tuple[str, str, str]:
    """Pod, transport and port of a key."""
    # From the right: a file may name a pod as it likes.
    pod, transport, where = (*key[1].rsplit(_SEPARATOR, 2), "", "")[:3]
    return pod, transport, where


def pod_key(key: Key) -> Key:
    """The key of the controller pod that a row belongs to."""
    return (key[0], parts_of(key)[0])
