"""Nodes and their pod ranges."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.core.cidr import Cidr, parse_cidr
from dsview.core.finding import ObjectRef
from dsview.kinds.node import Node


def nodes(ctx: Context) -> list[Node]:
    """All nodes, by name."""
    return sorted(ctx.state.nodes, key=lambda node: node.name)


def node_ref(name: str) -> ObjectRef:
    """A reference to a node."""
    return ObjectRef("Node", None, name)


def ranges(node: Node) -> list[tuple[int, Cidr]]:
    """The pod ranges of a node that can be parsed, each with its index."""
    return [(i, cidr) for i, text in enumerate(node.cidrs) if (cidr := parse_cidr(text)) is not None]
