"""Finds the pods that run ingress-nginx, and their ConfigMaps and Services."""

from __future__ import annotations

from functools import lru_cache

from dsview.core.command_flags import flag_value, switch_value
from dsview.core.ports import port_number
from dsview.kinds.container import Container
from dsview.kinds.ingress import Ingress
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.ports import target_port

INGRESS_CONTROLLER = "k8s.io/ingress-nginx"
"""spec.controller of the IngressClasses that belong to ingress-nginx."""

DEFAULT_CONFIG_MAP = "ingress-nginx-controller"
BINARY = "/nginx-ingress-controller"
IMAGES = ("ingress-nginx/controller", "nginx-ingress-controller")
_PUBLIC_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=4096)
def _controller_container(containers: tuple[Container, ...]) -> Container | None:
    """The container that runs the controller, by its binary, otherwise by its image."""
    for container in containers:
        if any(word == BINARY or word.endswith(BINARY) for word in container.command_line):
            return container
    for container in containers:
        if any(image in container.image for image in IMAGES):
            return container
    return None


def is_controller(pod: Pod) -> bool:
    """Whether the pod is an ingress-nginx controller, by labels, otherwise by arguments, otherwise by image."""
    labels = pod.labels
    # Pods without the component label may be controllers too: the manifests of 2019 did not have it.
    if labels.get("app.kubernetes.io/name") == "ingress-nginx" and (
        labels.get("app.kubernetes.io/component") == "controller"
    ):
        return True
    for container in pod.containers:
        # Must be cheap, because it runs for every pod of the cluster: containers are only hashed if one mentions nginx.
        if "nginx" in container.image or "nginx" in "\0".join(container.command_line):
            return _controller_container(pod.containers) is not None
    return False


def controller_container(pod: Pod) -> Container | None:
    """The container with nginx.conf: `controller`, otherwise the one that runs the binary, otherwise the first."""
    named = next((c for c in pod.containers if c.name == "controller"), None)
    return named or _controller_container(pod.containers) or next(iter(pod.containers), None)


def argument(pod: Pod, name: str) -> str:
    """The value of `--name=value` or `--name value` of the controller, with `$(POD_NAMESPACE)` expanded."""
    container = controller_container(pod)
    value = flag_value(container.command_line, name) if container is not None else ""
    return value.replace("$(POD_NAMESPACE)", pod.namespace).replace("$(POD_NAME)", pod.name)


def switch(pod: Pod, name: str) -> str:
    """The value of a boolean `--name` or `--name=value` of the controller: `true` without a value, empty if absent."""
    container = controller_container(pod)
    return switch_value(container.command_line, name) if container is not None else ""


def _parse_key(pod: Pod, text: str) -> Key | None:
    namespace, slash, name = text.partition("/")
    if not text:
        return None
    return (namespace, name) if slash else (pod.namespace, text)


def config_map_key(pod: Pod) -> Key:
    """The ConfigMap of the controller: `--configmap`, otherwise the chart's name in the pod's namespace."""
    return _parse_key(pod, argument(pod, "configmap")) or (pod.namespace, DEFAULT_CONFIG_MAP)


def has_ssl_passthrough(pod: Pod) -> bool:
    """Whether the controller itself has the https port and nginx listens on 442."""
    return is_truthy(switch(pod, "enable-ssl-passthrough"))


def public_ports(pod: Pod) -> dict[str, int]:
    """The controller's http and https ports: container ports with these names, otherwise flags, otherwise 80/443."""
    container = controller_container(pod)
    ports = dict(_PUBLIC_PORTS)
    for name, default in _PUBLIC_PORTS.items():
        flag = port_number(argument(pod, f"{name}-port"))
        if flag is not None:
            ports[name] = flag
        elif container is not None:
            declared = next((p.container_port for p in container.ports if p.name == name), 0)
            ports[name] = declared or default
    return ports


def live_controllers(state: ClusterReader) -> tuple[Pod, ...]:
    """The running controller pods, sorted by namespace and name."""
    return state.cached(
        "live ingress-nginx pods",
        state.proxies_version,
        lambda: tuple(
            pod
            for _, pod in sorted(state.controllers.items())
            if pod.phase == "Running" and not pod.deleted and is_controller(pod)
        ),
    )


def controllers_of(ingress: Ingress, state: ClusterReader) -> list[Pod]:
    """The running ingress-nginx pods that serve an Ingress, by its class.

    A pod that only watches another namespace does not serve it (kubernetes/ingress-nginx
    internal/ingress/controller/store).
    """
    name = ingress.effective_class
    versions = (state.proxies_version, state.epochs[Kind.INGRESS_CLASS])
    found: dict[tuple[str, str], list[Pod]] = state.cached("controllers by class and namespace", versions, dict)
    key = (name, ingress.namespace)
    if key not in found:
        pods = _controllers_of_class(name, state)
        found[key] = [pod for pod in pods if argument(pod, "watch-namespace") in {"", ingress.namespace}]
    return found[key]


def _controllers_of_class(name: str, state: ClusterReader) -> list[Pod]:
    pods = live_controllers(state)
    item = state.ingress_classes.get(("", name)) if name else _default_class(state)
    if item is not None:
        return [pod for pod in pods if (argument(pod, "controller-class") or INGRESS_CONTROLLER) == item.controller]
    if not name:
        return [pod for pod in pods if is_truthy(switch(pod, "watch-ingress-without-class"))]
    return [pod for pod in pods if (argument(pod, "ingress-class") or "nginx") == name]


def _default_class(state: ClusterReader) -> IngressClass | None:
    return next((c for c in sorted(state.ingress_classes, key=lambda c: c.name) if c.is_default), None)


def published_services(state: ClusterReader) -> dict[Key, tuple[Pod, ...]]:
    """The Services that the `--publish-service` of any controller names, each with those controllers."""

    def find() -> dict[Key, tuple[Pod, ...]]:
        found: dict[Key, list[Pod]] = {}
        for pod in filter(is_controller, state.controllers.values()):
            key = publish_service_key(pod)
            if key is not None:
                found.setdefault(key, []).append(pod)
        return {key: tuple(pods) for key, pods in found.items()}

    return state.cached("published services", state.proxies_version, find)


def publish_service_key(pod: Pod) -> Key | None:
    """The Service that `--publish-service` names."""
    return _parse_key(pod, argument(pod, "publish-service"))


def controller_services(state: ClusterReader) -> dict[Key, tuple[Service, tuple[Pod, ...]]]:
    """The controller Services, each with the running controller pods behind it.

    For a pod, it is the Service that `--publish-service` names. If that is not set or does not exist, they are the
    LoadBalancer and NodePort Services that select the pod and lead to its http or https port.
    """
    versions = (state.proxies_version, state.epochs[Kind.SERVICE])
    return state.cached("controller services", versions, lambda: _controller_services(state))


def _controller_services(state: ClusterReader) -> dict[Key, tuple[Service, tuple[Pod, ...]]]:
    by_service: dict[Key, tuple[Service, list[Pod]]] = {}

    def add(service: Service, pod: Pod) -> None:
        _, pods = by_service.setdefault(service.key, (service, []))
        pods.append(pod)

    for pod in live_controllers(state):
        published = publish_service_key(pod)
        service = state.services.get(published) if published is not None else None
        if service is not None:
            add(service, pod)
            continue
        public = set(public_ports(pod).values())
        for candidate in state.selectors.selecting(pod):
            if candidate.type in {"LoadBalancer", "NodePort"} and any(
                target_port(port, pod) in public for port in candidate.ports
            ):
                add(candidate, pod)
    return {key: (service, tuple(pods)) for key, (service, pods) in sorted(by_service.items(), key=lambda kv: kv[0])}


def is_truthy(text: str) -> bool:
    """A boolean of a ConfigMap, parsed like Go's strconv.ParseBool; invalid text is false."""
    return text in {"1", "t", "T", "TRUE", "true", "True"}
