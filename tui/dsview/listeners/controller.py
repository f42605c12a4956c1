"""What a controller says of its proxy pods: the protocol that every module of this room implements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dsview.core.address import Family
from dsview.core.finding import ObjectRef
from dsview.core.listen import ProxyListeners
from dsview.kinds.container import Container
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader

DoorServices = Mapping[Key, tuple[Service, tuple[Pod, ...]]]
"""Services that lead to proxy pods, by key, each with the running proxy pods behind it."""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that keeps a family switched off, and how to change it.

    `patch` is a merge patch of `holder` that switches the family on; the proxies have to start anew after it.
    """

    holder: ObjectRef
    message: str
    patch: dict[str, Any]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What makes proxies listen on a family. With neither `switch` nor `edit`, a restart is enough.

    `edit` is a ConfigMap to edit by hand, and `note` the line to add there.
    """

    switch: Switch | None = None
    edit: Key | None = None
    note: str = ""


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The fixed words by which a controller is recognised. A redacted copy keeps these and replaces all other names.

    `images` are parts of image names. `placeholder_images` maps such a part to the image name that replaces the whole
    name. `binaries` and `subcommands` are words of command lines, `classes` names of IngressClasses, and `controllers`
    values of their spec.controller. `annotation_prefixes` are the parts of annotation keys before the slash.
    """

    images: tuple[str, ...] = ()
    placeholder_images: Mapping[str, str] = {}
    containers: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    subcommands: tuple[str, ...] = ()
    label_keys: tuple[str, ...] = ()
    label_values: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()
    annotation_prefixes: tuple[str, ...] = ()


class Controller:
    """A controller, by its own name. What is not overridden holds for one of which nothing is known."""

    name: str = ""
    reaches_every_endpoint = False
    """Whether it sends to the endpoints of all slices of a backend, of whichever family."""

    conf_commands: tuple[tuple[str, ...], ...] = ()
    """Commands that print the configuration of a proxy, tried in this order. They have no other effect."""

    conf_kinds: tuple[Kind, ...] = ()
    """The kinds whose objects the controller writes that configuration from: a change of one makes it read again."""

    vocabulary: Vocabulary = Vocabulary()

    title: str = ""
    """How people write the name, where that is another."""

    config_map_name: str = ""
    """The ConfigMap that is read of it by default; empty for none."""

    notice: str = ""
    """A sentence that the header shows where the controller runs; empty for none."""

    def is_proxy(self, pod: Pod) -> bool:
        """Whether the pod accepts this controller's connections: by namespace, labels and containers alone."""
        raise NotImplementedError

    def container_to_read(self, pod: Pod) -> Container | None:
        """The container whose configuration file is read; None where there is nothing to read."""
        return None

    def config_map_key(self, pod: Pod) -> Key | None:
        """The ConfigMap that has to be read besides; None for none."""
        return None

    def listeners(self, cluster: ClusterReader, pod: Pod) -> ProxyListeners:
        """The sockets of a proxy pod, and how they are known."""
        raise NotImplementedError

    def traffic_ports(self, cluster: ClusterReader, pod: Pod, service: Service | None) -> set[int]:
        """The ports of the pod that connections come to: those that a Service leads to, or all."""
        raise NotImplementedError

    def closed_ports(self, cluster: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
        """The ports that the Service leads to and on which the pod has no listener of the family.

        Empty where that is not known.
        """
        raise NotImplementedError

    def services(self, cluster: ClusterReader) -> DoorServices:
        """The Services that lead to this controller's proxy pods."""
        raise NotImplementedError

    def published(self, cluster: ClusterReader, service: Key) -> Sequence[Pod]:
        """The pods that name the Service as the one they are published by."""
        return ()

    def published_by(self, pod: Pod) -> Key | None:
        """The Service that the pod names as the one it is published by."""
        return None

    def proxies_of(self, ingress: Ingress, cluster: ClusterReader) -> list[Pod]:
        """The running proxy pods that serve an Ingress."""
        return []

    def status_service(self, pod: Pod) -> Key | None:
        """The Service whose addresses the pod copies into the status of Ingresses; None where this is not known."""
        return None

    def opening(self, cluster: ClusterReader, pod: Pod, ports: Sequence[int], family: Family) -> Opening:
        """What makes a proxy pod listen on `ports` with a family that it leaves out."""
        return Opening()

    def switched_off(self, cluster: ClusterReader, pod: Pod, family: Family) -> Switch | None:
        """What keeps the family switched off for the pod, if a setting that was read does."""
        return None
