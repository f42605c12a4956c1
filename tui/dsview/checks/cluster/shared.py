"""The pod ranges that kube-controller-manager is configured to allocate."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.cluster.profile import control_plane_flag
from dsview.core.address import FAMILIES
from dsview.core.cidr import cidr_families
from dsview.core.command_flags import split_list
from dsview.core.redacted import any_redacted


def allocated_pod_ranges(ctx: Context) -> tuple[str, ...]:
    """--cluster-cidr, if kube-controller-manager allocates node ranges from it; empty if it is not visible."""
    flags = {
        name: control_plane_flag(ctx.state, "kube-controller-manager", name)
        for name in ("cluster-cidr", "allocate-node-cidrs", "cidr-allocator-type")
    }
    if flags["allocate-node-cidrs"] == "false" or flags["cidr-allocator-type"] not in ("", "RangeAllocator"):
        return ()
    ranges = split_list(flags["cluster-cidr"])
    # For a pair with one redacted range, both families are known. Otherwise it is unknown which one was redacted.
    return () if any_redacted(ranges) and len(cidr_families(ranges)) < len(FAMILIES) else ranges
