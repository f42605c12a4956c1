"""The node of a pod."""

from __future__ import annotations

from dsview.core.finding import ObjectRef
from dsview.kinds.pod import Pod


def node_ref(pod: Pod) -> ObjectRef:
    """A reference to the node of a pod."""
    return ObjectRef("Node", None, pod.node_name)
