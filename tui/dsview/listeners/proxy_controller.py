"""The base class of most controllers: it derives listeners from sockets and Services."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache

import msgspec

from dsview.core.address import V4, V6, Family, families_of
from dsview.core.finding import ObjectRef
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners
from dsview.core.text import safe
from dsview.kinds.gateway import Gateway
from dsview.kinds.ingress import Ingress
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.kinds.service import Service, ServicePort
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Controller, DoorServices
from dsview.listeners.gateway_api import controller_name_of, gateway_of, owner_of
from dsview.listeners.ports import target_port
from dsview.listeners.sockets import Sockets

_NON_TRAFFIC_PORTS = frozenset({"status-port", "metrics", "admin", "stat", "traefik", "healthz", "manager", "webhook"})
_NON_TRAFFIC_WORDS = ("metric", "health", "admin", "manager", "status", "webhook", "prometheus", "readiness")
_PUBLIC = frozenset({"LoadBalancer", "NodePort"})


_SITE_PORTS = frozenset({"http", "https"})
"""The names of the ports to sites, in the charts of controllers that do not say what else listens in the pod."""


def traffic_ports_of(cluster: ClusterReader, service: Service) -> list[ServicePort]:
    """The ports of a Service that receive connections to sites: those that its Gateway asks for, otherwise by name."""
    key = gateway_of(service.labels, service.namespace)
    gateway = cluster.gateways.get(key) if key is not None else None
    asked = {listener.port for listener in gateway.listeners} if gateway is not None else set()
    return [p for p in service.ports if p.protocol == "TCP" and (p.port in asked or _is_of_sites(p.name))]


def _is_of_sites(name: str) -> bool:
    name = name.lower()
    return name not in _NON_TRAFFIC_PORTS and not any(word in name for word in _NON_TRAFFIC_WORDS)


def owner_ref(pod: Pod) -> ObjectRef:
    """The object that sets the arguments and the environment of a pod: its owner, otherwise the pod."""
    owner = pod.owner
    if owner is None:
        return ObjectRef("Pod", pod.namespace, pod.name)
    return ObjectRef(owner.kind, pod.namespace or None, owner.name)


def exec_line(pod: Pod, container: str, *words: str) -> str:
    """A kubectl command that runs a command in a container of a pod."""
    where = (pod.name, *(("-c", container) if container else ()))
    return safe(shlex.join(("kubectl", "-n", pod.namespace, "exec", *where, "--", *words)))


def admin_line(pod: Pod, port: int) -> str:
    """How to get the listeners of an Envoy from its admin port, which only the pod itself can reach."""
    forward = shlex.join(("kubectl", "-n", pod.namespace, "port-forward", pod.name, str(port)))
    return safe(f"{forward} and, meanwhile, curl -s http://127.0.0.1:{port}/listeners")


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """An environment variable: whether it is set, and its value.

    `unread` is the reason if neither is known, otherwise empty.
    """

    is_set: bool = False
    value: str = ""
    unread: str = ""


def environment(pod: Pod, name: str, container: str = "") -> Variable:
    """A variable of a container of a pod, or of any container if none is named.

    `env` takes precedence over `envFrom`, as in the kubelet (pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables).
    """
    containers = [found for found in pod.containers if not container or found.name == container]
    for found in containers:
        for key, value in found.environment:
            if key == name and value is not None:
                return Variable(is_set=True, value=value)
            if key == name:
                return Variable(unread=f"{name} comes from another object")
    if any(name.startswith(prefix) for found in containers for prefix in found.env_from):
        return Variable(unread=f"{name} may be set by envFrom, whose ConfigMap or Secret is not read")
    return Variable()


_DETERMINING_KINDS = (
    Kind.CONFIG_MAP,
    Kind.PROXY_LISTENERS,
    *(kind for kind in GATEWAY_KINDS if kind is not Kind.HTTP_ROUTE),
)
"""The kinds that may determine the sockets of a proxy, in addition to pods."""


def sockets_version(cluster: ClusterReader) -> Hashable:
    """A value that changes if the sockets of a proxy may have changed."""
    return (cluster.proxies_version, cluster.is_known(Kind.POD), *[cluster.epochs[kind] for kind in _DETERMINING_KINDS])


class ProxyController(Controller):
    """A controller whose method `sockets` returns the sockets of its proxies.

    `gateway_controllers` are its values of GatewayClass.spec.controllerName, `ingress_controllers` those of
    IngressClass.spec.controller. A value that ends in `*` matches every longer one.
    """

    gateway_controllers: tuple[str, ...] = ()
    ingress_controllers: tuple[str, ...] = ()
    inner_gateway_controllers: tuple[str, ...] = ()
    """Its values of spec.controllerName in classes whose Gateways are no front doors, such as waypoints."""

    is_shared = True
    """Whether its proxies serve all Gateways and Ingresses, instead of one Gateway each."""

    shares_unlabelled = False
    """Whether proxies without the label of a Gateway serve all Gateways, as those of an older version do."""

    status_fix = ""
    """How to publish the addresses of both families in the status of a Gateway, for this controller."""

    ingress_status_fix = "# restart the controller, and check its log for status updates"
    """How to publish the addresses of both families in the status of an Ingress, for this controller."""

    reaches_backends_from_pods = True
    """Whether the proxy pods connect to the backends."""

    def is_control_plane(self, pod: Pod) -> bool:
        """Whether the pod configures proxies and its settings determine what they listen on."""
        return False

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """The sockets of a running proxy pod."""
        raise NotImplementedError

    def sockets_key(self, pod: Pod) -> Hashable:
        """A key of the sockets of a pod. Pods with equal keys have equal sockets."""
        return pod.key

    def known_sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """`sockets` of a pod, cached until something that may affect it changes."""
        (sockets,) = self.sockets_of(cluster, (pod,))
        return sockets

    def sockets_of(self, cluster: ClusterReader, pods: Iterable[Pod]) -> list[Sockets]:
        """`known_sockets` of several pods, in their order."""
        cache: dict[Hashable, Sockets] = cluster.cached(f"sockets of {self.name}", sockets_version(cluster), dict)
        results: list[Sockets] = []
        for pod in pods:
            key = self.sockets_key(pod)
            found = cache.get(key)
            if found is None:
                found = cache[key] = self.sockets(cluster, pod)
            results.append(found)
        return results

    def node_sockets(self, cluster: ClusterReader) -> Sockets | None:
        """The sockets of the nodes, if the nodes accept the traffic instead of pods; otherwise None."""
        return None

    def cluster_config_maps(self) -> tuple[Key, ...]:
        """ConfigMaps that must be read if the controller is in use."""
        return ()

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """How to make the proxies listen on a family, with the settings of this controller. May have several lines."""
        raise NotImplementedError

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """How to make the Service dual-stack, with the settings of this controller; empty if it can be patched."""
        return ""

    def proof(self, pod: Pod) -> str:
        """The command that shows what a proxy pod listens on, as a line; empty if there is none.

        It changes nothing. It is what a user needs where the sockets are only predicted.
        """
        return ""

    def serves_gateway(self, cluster: ClusterReader, gateway: Gateway) -> bool:
        """Whether the Gateway's class belongs to this controller."""
        return _is_one_of(controller_name_of(cluster, gateway), self.gateway_controllers)

    def sends_to_cluster_ip(self, cluster: ClusterReader, gateway: Gateway, backend: Service) -> bool:
        """Whether the Gateway sends requests to the backend's cluster IP instead of its endpoints."""
        return False

    def has_ingress_class(self, cluster: ClusterReader) -> bool:
        """Whether an IngressClass belongs to this controller."""
        return any(_is_one_of(item.controller, self.ingress_controllers) for item in cluster.ingress_classes)

    def control_planes(self, cluster: ClusterReader) -> list[Pod]:
        """The controller's own running pods."""
        return [
            pod
            for _, pod in sorted(cluster.control_planes.items())
            if pod.phase == "Running" and not pod.deleted and self.is_control_plane(pod)
        ]

    def proxies(self, cluster: ClusterReader) -> list[Pod]:
        """The controller's running proxy pods, by namespace and name."""

        def find() -> list[Pod]:
            mine = [pods for pods in _running_proxies(cluster) if self.is_proxy(pods[0])]
            return sorted((pod for pods in mine for pod in pods), key=lambda pod: pod.key)

        return cluster.cached(f"proxies of {self.name}", cluster.proxies_version, find)

    def services(self, cluster: ClusterReader) -> DoorServices:
        """Services created for a Gateway, otherwise LoadBalancer and NodePort Services that select proxy pods."""
        return cluster.cached(
            f"Services of {self.name}",
            (cluster.proxies_version, cluster.epochs[Kind.SERVICE], cluster.epochs[Kind.GATEWAY]),
            lambda: self._services(cluster),
        )

    def _services(self, cluster: ClusterReader) -> DoorServices:
        by_key: dict[Key, tuple[Service, list[Pod]]] = {}
        # Pods of one workload share their labels, so the Services of one pod select all of them.
        selecting: dict[tuple[str, int], list[Service]] = {}
        for pod in self.proxies(cluster):
            labels_key = (pod.namespace, id(pod.labels))
            if labels_key not in selecting:
                selecting[labels_key] = [s for s in cluster.selectors.selecting(pod) if _is_front_door(cluster, s)]
            for service in selecting[labels_key]:
                _, pods = by_key.setdefault(service.key, (service, []))
                pods.append(pod)
        return {key: (service, tuple(pods)) for key, (service, pods) in sorted(by_key.items())}

    def service_ports(self, cluster: ClusterReader, service: Service, pod: Pod) -> dict[int, int]:
        """The pod's ports that the Service's traffic ports lead to, by traffic port."""
        found = {port.port: target_port(port, pod) for port in traffic_ports_of(cluster, service)}
        return {port: target for port, target in found.items() if target is not None}

    def traffic_ports(self, cluster: ClusterReader, pod: Pod, service: Service | None) -> set[int]:
        """The proxy's ports that the traffic ports of its Services lead to."""
        services = [service] if service is not None else self._of_pod(cluster, pod)
        sockets = self.known_sockets(cluster, pod)
        targets = {target for found in services for target in self.service_ports(cluster, found, pod).values()}
        return {port for port in targets if not sockets.is_known or sockets.on(port) is not None}

    def _of_pod(self, cluster: ClusterReader, pod: Pod) -> Sequence[Service]:
        """The controller's Services that lead to a proxy pod."""
        services = self.services(cluster)

        def find() -> dict[Key, list[Service]]:
            found: dict[Key, list[Service]] = {}
            for service, pods in services.values():
                for one in pods:
                    found.setdefault(one.key, []).append(service)
            return found

        versions = (cluster.proxies_version, cluster.epochs[Kind.SERVICE], cluster.epochs[Kind.GATEWAY])
        return cluster.cached(f"Services of {self.name} by pod", versions, find).get(pod.key, ())

    def closed_ports(self, cluster: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
        """Only ports that are known to belong to the proxy."""
        sockets = self.known_sockets(cluster, pod)
        if not sockets.is_known:
            return []
        targets = sorted(set(self.service_ports(cluster, service, pod).values()))
        return [port for port in targets if (has := sockets.on(port)) is not None and family not in has]

    def listeners(self, cluster: ClusterReader, pod: Pod) -> ProxyListeners:
        """As read, otherwise a wildcard socket for each family of each traffic port.

        Without a Service, as with host ports, these are the ports that the proxy is known to open for sites. The reason
        includes why its configuration was not read, if that was tried.
        """
        sockets = self.known_sockets(cluster, pod)
        read = cluster.proxy_listeners.get(pod.key)
        if sockets.source is ListenSource.READ and read is not None:
            # Unix sockets connect the processes of one pod and are not reachable from outside.
            return msgspec.structs.replace(read, listeners=tuple(x for x in read.listeners if x.transport != "unix"))
        found: list[Listener] = []
        ports = (self.traffic_ports(cluster, pod, None) or _own_ports(pod, sockets)) if sockets.is_known else ()
        for port in sorted(ports):
            families = sockets.on(port) or ()
            found += [_listener(family, port, sockets.source) for family in (V4, V6) if family in families]
        return ProxyListeners(
            namespace=pod.namespace,
            name=pod.name,
            source=sockets.source,
            listeners=tuple(found),
            reason="; ".join(filter(None, (sockets.reason, read.reason.rstrip(".") if read is not None else ""))),
        )

    def proxies_of(self, ingress: Ingress, cluster: ClusterReader) -> list[Pod]:
        """By the controller of the Ingress's class."""
        if not self.ingress_controllers:
            return []
        name = ingress.effective_class
        item = cluster.ingress_classes.get(("", name)) if name else _default_class(cluster)
        if item is None or not _is_one_of(item.controller, self.ingress_controllers):
            return []
        return self.proxies(cluster)


def _running_proxies(cluster: ClusterReader) -> Iterable[list[Pod]]:
    """The running proxy pods of all controllers, grouped by the attributes by which controllers recognise them."""

    def find() -> list[list[Pod]]:
        found: dict[tuple[str, int, int], list[Pod]] = {}
        for pod in cluster.controllers.values():
            if pod.phase == "Running" and not pod.deleted:
                found.setdefault((pod.namespace, id(pod.labels), id(pod.containers)), []).append(pod)
        return list(found.values())

    return cluster.cached("running proxies", cluster.proxies_version, find)


def _is_front_door(cluster: ClusterReader, service: Service) -> bool:
    """Whether traffic from outside enters through a Service that leads to proxies."""
    is_for_gateway = owner_of(service.labels, service.namespace) is not None and not service.is_headless
    return (is_for_gateway or service.type in _PUBLIC) and bool(traffic_ports_of(cluster, service))


def _is_one_of(name: str, known: tuple[str, ...]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in known)


def _default_class(cluster: ClusterReader) -> IngressClass | None:
    return next((c for c in sorted(cluster.ingress_classes, key=lambda c: c.name) if c.is_default), None)


def _own_ports(pod: Pod, sockets: Sockets) -> set[int]:
    """The ports to sites of a proxy without a Service."""
    declared = [port for container in pod.containers for port in container.ports if port.protocol == "TCP"]
    if sockets.families is None:
        others = {port.container_port for port in declared if not _is_of_sites(port.name)}
        return {port for port, families in sockets.by_port.items() if families and port not in others}
    return {port.container_port for port in declared if port.name in _SITE_PORTS}


def _listener(family: Family, port: int, source: ListenSource) -> Listener:
    return Listener(
        transport="tcp",
        address="*" if family == V4 else "[::]",
        port=port,
        families=(family,),
        likelihood=Likelihood.LIKELY if source is ListenSource.PREDICTED else Likelihood.YES,
    )


def pod_families(pod: Pod) -> tuple[Family, ...]:
    """The families of a pod's addresses."""
    return _families(pod.ips)


@lru_cache(maxsize=256)
def _families(ips: tuple[str, ...]) -> tuple[Family, ...]:
    return families_of(ips)
