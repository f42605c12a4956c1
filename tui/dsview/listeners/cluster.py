"""The part of the cluster that a controller can query. `dsview.cluster.state.ClusterState` implements it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Protocol, TypeVar

from dsview.core.listen import ProxyListeners
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.gateway import Gateway, GatewayClass, HTTPRoute
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.ingress import Ingress
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.istio_gateway import IstioGateway
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Objects(Protocol[T_co]):
    """The objects of one kind that were read."""

    def __iter__(self) -> Iterator[T_co]: ...

    def __contains__(self, key: Key) -> bool: ...

    def __len__(self) -> int: ...

    def get(self, key: Key) -> T_co | None:
        """The object, or None."""

    def in_namespace(self, namespace: str) -> Iterator[T_co]:
        """The objects of one namespace."""


class Selectors(Protocol):
    """Which Services select a pod."""

    def selecting(self, pod: Pod) -> list[Service]:
        """The Services whose selector matches the pod's labels."""


class KindStatus(Protocol):
    """The result of reading a kind."""

    @property
    def reason(self) -> str:
        """Why it is incomplete; empty if it is complete."""

    @property
    def cut_off(self) -> str:
        """Why only a part of the objects was read; empty if all were."""

    @property
    def namespaces(self) -> tuple[str, ...] | None:
        """The namespaces that are read; None means all."""

    @property
    def listed(self) -> frozenset[str] | None:
        """The namespaces of which files have a list, beside single objects; None means all."""


class ClusterReader(Protocol):
    """The cluster, as far as it was read."""

    @property
    def pods(self) -> Objects[Pod]:
        """All pods."""

    @property
    def services(self) -> Objects[Service]:
        """All Services."""

    @property
    def nodes(self) -> Objects[Node]:
        """All nodes."""

    @property
    def config_maps(self) -> Objects[ConfigMap]:
        """The ConfigMaps that are read by name."""

    @property
    def ingresses(self) -> Objects[Ingress]:
        """All Ingresses."""

    @property
    def http_routes(self) -> Objects[HTTPRoute]:
        """All HTTPRoutes."""

    @property
    def ingress_classes(self) -> Objects[IngressClass]:
        """All IngressClasses."""

    @property
    def gateway_classes(self) -> Objects[GatewayClass]:
        """All GatewayClasses."""

    @property
    def gateways(self) -> Objects[Gateway]:
        """All Gateways."""

    def gateway_parameters(self, kind: Kind) -> Objects[GatewayParameters]:
        """All objects of a kind that a parametersRef names."""

    @property
    def istio_gateways(self) -> Objects[IstioGateway]:
        """All Gateways of networking.istio.io."""

    @property
    def proxy_listeners(self) -> Objects[ProxyListeners]:
        """The parsed configuration files of proxy pods, or why they were not read."""

    @property
    def selectors(self) -> Selectors:
        """Which Services select a pod."""

    @property
    def controllers(self) -> Mapping[Key, Pod]:
        """The proxy pods of all controllers, including finished ones."""

    @property
    def control_planes(self) -> Mapping[Key, Pod]:
        """The pods that configure proxies but are not proxies, including finished ones."""

    @property
    def proxies_version(self) -> int:
        """A number that grows with every change of a pod in `controllers` or `control_planes`."""

    @property
    def epochs(self) -> Mapping[Kind, int]:
        """A number for each kind that grows with every change of an object."""

    def status(self, kind: Kind) -> KindStatus:
        """The result of reading a kind."""

    def is_known(self, kind: Kind) -> bool:
        """Whether all objects of the kind were read at least once."""

    def may_have_unread(self, kind: Kind) -> bool:
        """Whether there may be objects of the kind that were not read."""

    def cached(self, name: str, versions: Hashable, make: Callable[[], T]) -> T:
        """The last result of `make` for this name if the versions are the same; otherwise calls `make`."""
