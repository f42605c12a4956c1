"""Front doors for tests: a dual-stack cluster of two nodes, and a healthy front door of each controller."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from dsview.session.session import Session
from tests.support.clusters import from_path

Json = dict[str, Any]

NAMESPACE = "edge"
OLD = "2026-01-01T00:00:00Z"
VIPS = ("203.0.113.10", "2001:db8:1::10")
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
POD_IPS = (("10.244.1.10", "fd00:10:244:1::10"), ("10.244.2.10", "fd00:10:244:2::10"))


def item(kind: str, api: str, name: str, namespace: str | None = NAMESPACE, **fields: Any) -> Json:
    """An object that was created long ago; `labels`, `annotations` and `ownerReferences` become metadata."""
    metadata: Json = {"name": name, "uid": f"{kind}-{namespace}-{name}", "creationTimestamp": OLD}
    if namespace is not None:
        metadata["namespace"] = namespace
    for field in ("labels", "annotations", "ownerReferences"):
        if field in fields:
            metadata[field] = fields.pop(field)
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def pod(
    name: str,
    containers: list[Json],
    labels: dict[str, str],
    *,
    namespace: str = NAMESPACE,
    ips: tuple[str, ...] = POD_IPS[0],
    node: str = "node-1",
    owner: str = "",
) -> Json:
    """A pod of ReplicaSet `owner` that became ready long ago."""
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner or name, "uid": "rs", "controller": True}
    return item(
        "Pod",
        "v1",
        name,
        namespace,
        labels=labels,
        ownerReferences=[reference],
        spec={"nodeName": node, "containers": containers},
        status={
            "phase": "Running",
            "podIP": ips[0],
            "podIPs": [{"ip": ip} for ip in ips],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": OLD}],
        },
    )


def container(name: str, image: str, *args: str, env: dict[str, str] | None = None, **ports: int) -> Json:
    """A container with arguments, environment, and ports by name."""
    built: Json = {"name": name, "image": image, "args": list(args)}
    if env:
        built["env"] = [{"name": key, "value": value} for key, value in env.items()]
    built["ports"] = [{"name": key.replace("_", "-"), "containerPort": value} for key, value in ports.items()]
    return built


def service(
    name: str,
    selector: dict[str, str],
    ports: dict[int, int | str],
    *,
    labels: dict[str, str] | None = None,
    families: tuple[str, ...] = ("IPv4", "IPv6"),
    vips: tuple[str, ...] = VIPS,
    namespace: str = NAMESPACE,
    kind: str = "LoadBalancer",
    number: int = 10,
) -> Json:
    """A Service; `ports` maps each port to its target port."""
    ips = {"IPv4": f"10.96.0.{number}", "IPv6": f"fd00:10:96::{number:x}"}
    built = item(
        "Service",
        "v1",
        name,
        namespace,
        labels=labels or {},
        spec={
            "type": kind,
            "clusterIP": ips[families[0]],
            "clusterIPs": [ips[family] for family in families],
            "ipFamilies": list(families),
            "ipFamilyPolicy": "PreferDualStack" if len(families) == 2 else "SingleStack",
            "selector": selector,
            "ports": [
                {"name": f"port-{port}", "port": port, "targetPort": target, "protocol": "TCP"}
                for port, target in ports.items()
            ],
        },
        status={"loadBalancer": {"ingress": [{"ip": ip, "ipMode": "VIP"} for ip in vips]} if vips else {}},
    )
    if not selector:
        del built["spec"]["selector"]
    return built


def slices(svc: Json, pods: Iterable[Json]) -> list[Json]:
    """The EndpointSlices of a Service, one for each of its families."""
    name, namespace = svc["metadata"]["name"], svc["metadata"]["namespace"]
    pods = list(pods)
    return [
        item(
            "EndpointSlice",
            "discovery.k8s.io/v1",
            f"{name}-{family.lower()}",
            namespace,
            labels={"kubernetes.io/service-name": name},
            addressType=family,
            ports=[{"name": port["name"], "port": 8080, "protocol": "TCP"} for port in svc["spec"]["ports"]],
            endpoints=[
                {
                    "addresses": [entry["ip"]],
                    "conditions": {"ready": True, "serving": True},
                    "nodeName": one["spec"]["nodeName"],
                    "targetRef": {
                        "kind": "Pod",
                        "name": one["metadata"]["name"],
                        "namespace": one["metadata"]["namespace"],
                        "uid": one["metadata"]["uid"],
                    },
                }
                for one in pods
                for entry in one["status"]["podIPs"]
                if (":" in entry["ip"]) == (family == "IPv6")
            ],
        )
        for family in svc["spec"]["ipFamilies"]
    ]


def with_slices(svc: Json, *pods: Json) -> list[Json]:
    """A Service with its pods and EndpointSlices."""
    return [svc, *pods, *slices(svc, pods)]


def gateway(
    class_name: str,
    controller: str,
    *,
    name: str = "web",
    addresses: Iterable[str] = VIPS,
    parameters: Json | None = None,
    class_parameters: Json | None = None,
) -> list[Json]:
    """A programmed Gateway with a listener on port 80, and its class."""
    spec: Json = {"gatewayClassName": class_name, "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
    if parameters:
        spec["infrastructure"] = {"parametersRef": parameters}
    class_spec: Json = {"controllerName": controller}
    if class_parameters:
        class_spec["parametersRef"] = class_parameters
    programmed = {"type": "Programmed", "status": "True", "lastTransitionTime": OLD}
    values = [{"type": "IPAddress" if _is_ip(text) else "Hostname", "value": text} for text in addresses]
    api = "gateway.networking.k8s.io/v1"
    return [
        item("GatewayClass", api, class_name, None, spec=class_spec),
        item("Gateway", api, name, spec=spec, status={"addresses": values, "conditions": [programmed]}),
    ]


def _is_ip(text: str) -> bool:
    return text.replace(".", "").replace(":", "").isalnum() and not text.endswith(".com")


def route(host: str, backend: str, *, parent: str = "web", name: str = "shop") -> Json:
    """An HTTPRoute that its Gateway accepted."""
    parent_ref = {"name": parent, "namespace": NAMESPACE}
    return item(
        "HTTPRoute",
        "gateway.networking.k8s.io/v1",
        name,
        spec={
            "hostnames": [host],
            "parentRefs": [parent_ref],
            "rules": [{"backendRefs": [{"name": backend, "port": 80}]}],
        },
        status={
            "parents": [{"parentRef": parent_ref, "conditions": [{"type": "Accepted", "status": "True"}]}],
        },
    )


def ingress(host: str, class_name: str, backend: str, *, name: str = "shop", ips: tuple[str, ...] = VIPS) -> Json:
    """An Ingress with its controller's addresses."""
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": 80}}}}
    return item(
        "Ingress",
        "networking.k8s.io/v1",
        name,
        spec={"ingressClassName": class_name, "rules": [{"host": host, "http": {"paths": [path]}}]},
        status={"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}},
    )


def ingress_class(name: str, controller: str) -> Json:
    """An IngressClass."""
    return item("IngressClass", "networking.k8s.io/v1", name, None, spec={"controller": controller})


def backend(name: str = "shop-web") -> list[Json]:
    """A healthy Service behind a door."""
    labels = {"app": name}
    ips = ("10.244.2.50", "fd00:10:244:2::50")
    one = pod(f"{name}-0", [container("web", "web:1", http=8080)], labels, ips=ips, node="node-2")
    return with_slices(service(name, labels, {80: 8080}, kind="ClusterIP", vips=(), number=50), one)


def base() -> list[Json]:
    """The nodes and the ServiceCIDR of an otherwise empty dual-stack cluster."""
    nodes = [
        item(
            "Node",
            "v1",
            f"node-{number}",
            None,
            spec={
                "podCIDR": f"10.244.{number}.0/24",
                "podCIDRs": [f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"],
            },
            status={
                "addresses": [
                    {"type": "InternalIP", "address": f"192.168.0.{number}"},
                    {"type": "InternalIP", "address": f"fd00:192::{number}"},
                ],
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": OLD}],
                "nodeInfo": {"kubeletVersion": "v1.34.2"},
            },
        )
        for number in (1, 2)
    ]
    ready = [{"type": "Ready", "status": "True", "lastTransitionTime": OLD}]
    cidr = item(
        "ServiceCIDR",
        "networking.k8s.io/v1",
        "kubernetes",
        None,
        spec={"cidrs": ["10.96.0.0/16", "fd00:10:96::/112"]},
        status={"conditions": ready},
    )
    return [*nodes, cidr]


def load(items: Iterable[Json], folder: Path, confs: dict[str, str] | None = None) -> Session:
    """A session that has read the objects; `confs` maps pods to nginx configurations."""
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": [*base(), *items]})
    (folder / "objects.json").write_text(text)
    for name, conf in (confs or {}).items():
        path = folder / "nginx" / NAMESPACE / f"{name}.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(conf)
    return from_path(folder)


class Door(msgspec.Struct):
    """A healthy front door: its objects, and the confidence in its listeners."""

    name: str
    items: list[Json]
    confidence: str


def _gateway_labels(name: str = "web") -> dict[str, str]:
    return {GATEWAY_NAME: name}


def istio(dual: str | None = "true", *, port: int = 80) -> list[Json]:
    """A Gateway of Istio and the istiod behind it."""
    env = {"ISTIO_DUAL_STACK": dual} if dual is not None else None
    istiod = pod(
        "istiod",
        [container("discovery", "istio/pilot:1.28.1", "discovery", env=env)],
        {"app": "istiod"},
        namespace="istio-system",
        ips=("10.244.2.3", "fd00:10:244:2::3"),
        node="node-2",
    )
    labels = {**_gateway_labels(), "gateway.istio.io/managed": "istio.io-gateway-controller"}
    proxy = pod("web-istio-1", [container("istio-proxy", "istio/proxyv2:1.28.1", "proxy", "router")], labels)
    built = service("web-istio", _gateway_labels(), {80: port}, labels=labels)
    return [*gateway("istio", "istio.io/gateway-controller"), istiod, *with_slices(built, proxy)]


def traefik(
    *args: str, families: tuple[str, ...] = ("IPv4", "IPv6"), vips: tuple[str, ...] = VIPS, port: int = 8000
) -> list[Json]:
    """Traefik as its chart installs it, with an IngressClass."""
    labels = {"app.kubernetes.io/name": "traefik"}
    args = args or ("--entryPoints.web.address=:8000/tcp", "--entryPoints.websecure.address=:8443/tcp")
    entry = container("traefik", "docker.io/traefik:v3.6.2", *args, web=port, websecure=8443)
    proxy = pod("traefik-1", [entry], labels, ips=POD_IPS[1], node="node-2")
    built = service("traefik", labels, {80: "web", 443: "websecure"}, families=families, vips=vips, number=11)
    return [ingress_class("traefik", "traefik.io/ingress-controller"), *with_slices(built, proxy)]


def envoy_gateway(family: str | None = "DualStack", *, port: int = 10080) -> list[Json]:
    """A Gateway of Envoy Gateway, with an EnvoyProxy if a family is given."""
    owner = {
        "gateway.envoyproxy.io/owning-gateway-name": "web",
        "gateway.envoyproxy.io/owning-gateway-namespace": NAMESPACE,
    }
    labels = {
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "app.kubernetes.io/component": "proxy",
        "app.kubernetes.io/name": "envoy",
        **owner,
    }
    parameters = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "dual", "namespace": NAMESPACE}
    envoy_proxy = item("EnvoyProxy", "gateway.envoyproxy.io/v1alpha1", "dual", spec={"ipFamily": family})
    proxy = pod("envoy-1", [container("envoy", "envoyproxy/envoy:distroless-v1.37.0")], labels)
    built = service("envoy-edge-web", labels, {80: port}, labels=labels)
    return [
        *gateway(
            "eg", "gateway.envoyproxy.io/gatewayclass-controller", class_parameters=parameters if family else None
        ),
        *([envoy_proxy] if family else []),
        *with_slices(built, proxy),
    ]


def cilium(**data: str) -> list[Json]:
    """A Gateway of Cilium, whose Service has a placeholder endpoint."""
    data = data or {"enable-ipv4": "true", "enable-ipv6": "true"}
    labels = {**_gateway_labels(), "io.cilium.gateway/owning-gateway": "web"}
    built = service("cilium-gateway-web", {}, {80: 80}, labels=labels)
    placeholder = item(
        "EndpointSlice",
        "discovery.k8s.io/v1",
        "cilium-gateway-web",
        labels={"kubernetes.io/service-name": "cilium-gateway-web"},
        addressType="IPv4",
        ports=[{"name": "port-80", "port": 9999, "protocol": "TCP"}],
        endpoints=[{"addresses": ["192.192.192.192"], "conditions": {"ready": True}}],
    )
    return [
        *gateway("cilium", "io.cilium/gateway-controller"),
        item("ConfigMap", "v1", "cilium-config", "kube-system", data=data),
        built,
        placeholder,
    ]


def nginx_gateway_fabric(family: str | None = "dual", *, instance: str = "ngf", port: int = 80) -> list[Json]:
    """A Gateway of NGINX Gateway Fabric, from the Helm release `instance`."""
    labels = {
        **_gateway_labels(),
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/managed-by": f"{instance}-nginx",
        "app.kubernetes.io/name": "web-nginx",
    }
    parameters = {"group": "gateway.nginx.org", "kind": "NginxProxy", "name": "proxy-config", "namespace": NAMESPACE}
    spec = {"ipFamily": family} if family else {}
    controller = pod(
        "ngf-controller",
        [container("nginx-gateway", "ghcr.io/nginx/nginx-gateway-fabric:2.6.7")],
        {"app.kubernetes.io/name": "nginx-gateway-fabric"},
        ips=("10.244.2.4", "fd00:10:244:2::4"),
        node="node-2",
    )
    proxy = pod("web-nginx-1", [container("nginx", "registry.example.com/nginx-gw:1")], labels)
    built = service("web-nginx", labels, {80: port}, labels=labels)
    return [
        *gateway("nginx", "gateway.nginx.org/nginx-gateway-controller", class_parameters=parameters),
        item("NginxProxy", "gateway.nginx.org/v1alpha2", "proxy-config", spec=spec),
        controller,
        *with_slices(built, proxy),
    ]


def nginx_gateway_fabric_1(*, addresses: tuple[str, ...] = VIPS) -> list[Json]:
    """A Gateway of NGINX Gateway Fabric 1.x, whose nginx is next to the controller and serves all Gateways."""
    labels = {"app.kubernetes.io/name": "nginx-gateway-fabric"}
    image = "registry.example.com/mirror/ngf"
    containers = [container("nginx-gateway", f"{image}:1.6.2"), container("nginx", f"{image}-nginx:1.6.2", http=80)]
    built = service("ngf", labels, {80: 80})
    return [
        *gateway("nginx", "gateway.nginx.org/nginx-gateway-controller", addresses=addresses),
        *with_slices(built, pod("ngf-1", containers, labels)),
    ]


def nginx_ingress_controller(
    *args: str, image: str = "ghcr.io/nginx/kubernetes-ingress:5.5.4", ports: tuple[int, int] = (80, 443)
) -> list[Json]:
    """F5's controller as its chart installs it, dual-stack."""
    labels = {"app.kubernetes.io/name": "nginx-ingress"}
    args = args or ("-disable-ipv6=false",)
    proxy = pod("nic-1", [container("nginx-ingress", image, *args, http=ports[0], https=ports[1])], labels)
    built = service("nginx-ingress-controller", labels, {80: ports[0], 443: ports[1]})
    return [ingress_class("nginx", "nginx.org/ingress-controller"), *with_slices(built, proxy)]


def openshift_router(mode: str = "v4v6", *, port: int = 80) -> list[Json]:
    """OpenShift's default router."""
    namespace = "openshift-ingress"
    labels = {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"}
    env = {"ROUTER_IP_V4_V6_MODE": mode} if mode else None
    proxy = pod("router-1", [container("router", "router:4.20", env=env, http=port)], labels, namespace=namespace)
    built = service("router-default", labels, {80: "http"}, namespace=namespace)
    return [ingress_class("openshift-default", "openshift.io/ingress-to-route"), *with_slices(built, proxy)]


def haproxy(*args: str, port: int = 8080) -> list[Json]:
    """The HAProxy controller as its chart installs it, with a Service for both families."""
    labels = {"app.kubernetes.io/name": "kubernetes-ingress"}
    args = args or ("--ipv4-bind-address=0.0.0.0", "--ipv6-bind-address=::")
    image = "haproxytech/kubernetes-ingress:3.2.4"
    proxy = pod("haproxy-1", [container("kubernetes-ingress-controller", image, *args, http=port)], labels)
    built = service("haproxy-kubernetes-ingress", labels, {80: "http"})
    return [ingress_class("haproxy", "haproxy.org/ingress-controller"), *with_slices(built, proxy)]


def contour(http: str = "::", https: str = "::", *, port: int = 8080) -> list[Json]:
    """Contour with its Envoys; the flag of an empty address is omitted."""
    flags = [f"--envoy-service-{name}-address={a}" for name, a in (("http", http), ("https", https)) if a]
    flags.append(f"--envoy-service-http-port={port}")
    controller_pod = pod(
        "contour-1",
        [container("contour", "ghcr.io/projectcontour/contour:v1.33.0", "contour", "serve", *flags)],
        {"app": "contour"},
        ips=("10.244.2.5", "fd00:10:244:2::5"),
        node="node-2",
    )
    labels = {"app": "envoy"}
    manager = container("shutdown-manager", "ghcr.io/projectcontour/contour:v1.33.0", "envoy", "shutdown-manager")
    proxy = pod("envoy-1", [manager, container("envoy", "envoyproxy/envoy:v1.35.3", http=port, https=8443)], labels)
    built = service("envoy", labels, {80: port, 443: 8443})
    return [
        ingress_class("contour", "projectcontour.io/ingress-controller"),
        controller_pod,
        *with_slices(built, proxy),
    ]


def kong(
    listen: str | None = "0.0.0.0:8000, [::]:8000, 0.0.0.0:8443 http2 ssl, [::]:8443 http2 ssl",
    *,
    ports: tuple[int, int] = (8000, 8443),
) -> list[Json]:
    """Kong as its chart installs it."""
    labels = {"app.kubernetes.io/name": "gateway"}
    env = {"KONG_PROXY_LISTEN": listen} if listen is not None else None
    proxy = pod("kong-1", [container("proxy", "kong:3.9", env=env, proxy=ports[0], proxy_tls=ports[1])], labels)
    built = service("kong-gateway-proxy", labels, {80: ports[0], 443: ports[1]})
    return [ingress_class("kong", "ingress-controllers.konghq.com/kong"), *with_slices(built, proxy)]


def kgateway(
    bind: str | None = "true",
    image: str = "cr.kgateway.dev/kgateway-dev/envoy-wrapper:v2.1.1",
    *,
    port: int = 80,
) -> list[Json]:
    """A Gateway of kgateway and its controller."""
    env = {"KGW_LISTENER_BIND_IPV6": bind} if bind is not None else None
    controller_pod = pod(
        "kgateway-1",
        [container("controller", "cr.kgateway.dev/kgateway-dev/kgateway:v2.1.1", env=env)],
        {"kgateway": "kgateway"},
        namespace="kgateway-system",
        ips=("10.244.2.6", "fd00:10:244:2::6"),
        node="node-2",
    )
    labels = {**_gateway_labels(), "kgateway": "kube-gateway"}
    proxy = pod("web-1", [container("kgateway-proxy", image)], labels)
    built = service("web", _gateway_labels(), {80: port}, labels=labels)
    return [*gateway("kgateway", "kgateway.dev/kgateway"), controller_pod, *with_slices(built, proxy)]


def cloud(controller: str) -> list[Json]:
    """A Gateway that a cloud serves outside the cluster, at a host name."""
    return gateway("cloud", controller, addresses=("lb-1.elb.example.com",))


HEALTHY: tuple[Door, ...] = (
    Door("istio", istio(), "declared"),
    Door("traefik", traefik(), "declared"),
    Door("envoy-gateway", envoy_gateway(), "declared"),
    Door("cilium", cilium(), "declared"),
    Door("nginx-gateway-fabric", nginx_gateway_fabric(), "declared"),
    Door("nginx-ingress-controller", nginx_ingress_controller(), "declared"),
    Door("openshift-router", openshift_router(), "declared"),
    Door("haproxy", haproxy(), "declared"),
    Door("contour", contour(), "declared"),
    Door("kong", kong(), "declared"),
    Door("kgateway", kgateway(), "declared"),
)
"""A healthy front door of each controller."""
