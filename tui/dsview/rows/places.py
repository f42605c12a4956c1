"""Which objects have a detail, by the id of the place where they are shown: a pane, or the detail alone."""

from __future__ import annotations

from dsview.model.kinds import Kind

PLACES: dict[str, str] = {
    Kind.SERVICE.value: "services",
    Kind.POD.value: "pods",
    Kind.NODE.value: "nodes",
    Kind.ENDPOINT_SLICE.value: "endpointslices",
    Kind.INGRESS.value: "ingresses",
    Kind.CONFIG_MAP.value: "configmaps",
}
"""The place of each kind; the listeners' pane shows Pods too, under keys of its own."""

KINDS: dict[str, Kind] = {place: Kind(kind) for kind, place in PLACES.items()}
"""The kind of each place."""
