"""The node of a pod."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.core.finding import ObjectRef
from dsview.kinds.pod import Pod


def node_ref(pod: Pod) -> ObjectRef:
    """A reference to the node of a pod."""
    return ObjectRef("Node", None, pod.node_name)


def is_windows(ctx: Context, pod: Pod) -> bool:
    """Whether the node of a pod runs Windows, whose overlay networks give pods one family."""
    node = ctx.state.nodes.get(("", pod.node_name))
    return node is not None and node.labels.get("kubernetes.io/os") == "windows"
