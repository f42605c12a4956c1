"""The base class of all controllers: what a controller says about its proxy pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from dsview.core.address import Family
from dsview.core.finding import ObjectRef
from dsview.core.listen import ProxyListeners
from dsview.kinds.container import Container
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Labels
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader

DoorServices = Mapping[Key, tuple[Service, tuple[Pod, ...]]]
"""Services that lead to proxy pods, by key, each with the running proxy pods behind it."""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that disables a family, and how to change it.

    `patch` is a merge patch of `holder` that enables the family; the proxies must be restarted after it.
    """

    holder: ObjectRef
    message: str
    patch: dict[str, Any]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How to make proxies listen on a family. Without `switch` and `edit`, a restart is enough.

    `edit` is a ConfigMap to edit by hand, and `note` says what to add.
    """

    switch: Switch | None = None
    edit: Key | None = None
    note: str = ""


class Value(Enum):
    """The type of a setting's value. A redacted copy keeps the part of the value that determines sockets."""

    SWITCH = auto()
    """True or false."""

    WORD = auto()
    """One of the `setting_words` of the vocabulary."""

    NUMBER = auto()
    ADDRESS = auto()
    """An address or the name of a host."""

    TARGET = auto()
    """A host and a port."""

    LISTEN = auto()
    """Targets with options, separated by commas."""

    PRESENCE = auto()
    """Only whether the setting is given matters."""


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The fixed words by which a controller is recognised. A redacted copy keeps these and replaces all other names.

    Attributes:
        images: Parts of image names.
        placeholder_images: The image name that replaces the whole name, by a part of it.
        binaries, subcommands: Words of command lines.
        classes: Names of IngressClasses.
        controllers: Values of spec.controller in IngressClasses.
        annotation_prefixes: The parts of annotation keys before the slash.
        flags: The command-line flags that determine sockets, and the types of their values. `*` stands for a name.
        variables: The environment variables that determine sockets, and the types of their values.
        config_switches: The keys in ConfigMaps that determine sockets.
        setting_words: Fixed words that settings have as values.
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
    flags: Mapping[str, Value] = {}
    variables: Mapping[str, Value] = {}
    config_switches: Mapping[Key, tuple[str, ...]] = {}
    setting_words: tuple[str, ...] = ()


class Controller:
    """A controller. Methods that are not overridden return what is valid for an unknown controller."""

    name: str = ""
    reaches_every_endpoint = False
    """Whether it sends requests to the endpoints of all slices of a backend, regardless of family."""

    conf_commands: tuple[tuple[str, ...], ...] = ()
    """Commands that print the configuration of a proxy, tried in this order. They have no side effects."""

    conf_kinds: tuple[Kind, ...] = ()
    """The kinds from whose objects the controller writes the configuration. After a change, it is read again."""

    vocabulary: Vocabulary = Vocabulary()

    title: str = ""
    """The usual spelling of the name, if it is different."""

    @property
    def label(self) -> str:
        """The name in a sentence."""
        return self.title or self.name

    config_map_name: str = ""
    """The ConfigMap that is read for it by default; empty for none."""

    notice: str = ""
    """A sentence that the header shows if the controller runs; empty for none."""

    def is_proxy(self, pod: Pod) -> bool:
        """Whether the pod accepts connections for this controller. Depends only on namespace, labels and containers."""
        raise NotImplementedError

    def known_labels(self, labels: Labels) -> Labels:
        """The labels of a pod or a selector in words of the vocabulary, if their relation to each other is what counts.

        A redacted copy has these labels instead.
        """
        return labels

    def container_to_read(self, pod: Pod) -> Container | None:
        """The container whose configuration file is read; None if there is nothing to read."""
        return None

    def config_map_key(self, pod: Pod) -> Key | None:
        """The ConfigMap that also determines the listeners; None if there is none."""
        return None

    def listeners(self, cluster: ClusterReader, pod: Pod) -> ProxyListeners:
        """The sockets of a proxy pod, and how they are known."""
        raise NotImplementedError

    def traffic_ports(self, cluster: ClusterReader, pod: Pod, service: Service | None) -> set[int]:
        """The ports of the pod that receive connections: those that a Service leads to, or all."""
        raise NotImplementedError

    def closed_ports(self, cluster: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
        """The ports that the Service leads to and on which the pod has no listener of the family.

        Empty if this is unknown.
        """
        raise NotImplementedError

    def services(self, cluster: ClusterReader) -> DoorServices:
        """The Services that lead to this controller's proxy pods."""
        raise NotImplementedError

    def published(self, cluster: ClusterReader, service: Key) -> Sequence[Pod]:
        """The pods that name the Service as the one that publishes them."""
        return ()

    def published_by(self, pod: Pod) -> Key | None:
        """The Service that the pod names as the one that publishes it."""
        return None

    def proxies_of(self, ingress: Ingress, cluster: ClusterReader) -> list[Pod]:
        """The running proxy pods that serve an Ingress."""
        return []

    def status_service(self, pod: Pod) -> Key | None:
        """The Service whose addresses the pod copies into the status of Ingresses; None if unknown."""
        return None

    def opening(self, cluster: ClusterReader, pod: Pod, ports: Sequence[int], family: Family) -> Opening:
        """How to make a proxy pod listen on `ports` over a family that it does not listen on."""
        return Opening()

    def switched_off(self, cluster: ClusterReader, pod: Pod, family: Family) -> Switch | None:
        """The setting that disables the family for the pod, if one was read."""
        return None
