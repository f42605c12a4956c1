"""The sockets that follow from the settings of each controller."""

from __future__ import annotations

import pytest

from dsview.cluster.state import ClusterState
from dsview.core.address import V4, V6, Family
from dsview.core.listen import ListenSource
from dsview.kinds.container import Container
from dsview.kinds.gateway import Gateway, GatewayClass, ParametersRef
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.istio_gateway import IstioGateway
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.listeners.conf_reading import parse_conf
from dsview.listeners.contour import Contour
from dsview.listeners.envoy_gateway import EnvoyGateway
from dsview.listeners.haproxy import HAProxy
from dsview.listeners.istio import Istio
from dsview.listeners.kgateway import KGateway
from dsview.listeners.kong import Kong
from dsview.listeners.nginx_gateway_fabric import NginxGatewayFabric
from dsview.listeners.nginx_ingress_controller import NginxIngressController
from dsview.listeners.openshift_router import OpenShiftRouter
from dsview.listeners.proxy_controller import ProxyController
from dsview.listeners.registry import controller_of
from dsview.listeners.sockets import BOTH, Sockets
from dsview.listeners.traefik import Traefik
from dsview.sources.events import Changed, Health, StatusChanged

IPS = ("10.244.1.1", "fd00:10:244::1")
DECLARED, PREDICTED, UNKNOWN = ListenSource.DECLARED, ListenSource.PREDICTED, ListenSource.UNREAD
MIRRORED = "registry.example.com/edge@sha256:0123"
Answer = tuple[ListenSource, tuple[Family, ...] | None]


def container(
    name: str, image: str = "image", words: tuple[str, ...] = (), env: tuple[tuple[str, str | None], ...] = ()
) -> Container:
    return Container(name, image, words, (), (), env)


def pod(
    name: str,
    found: Container,
    labels: dict[str, str] | None = None,
    *,
    namespace: str = "edge",
    ips: tuple[str, ...] = IPS,
) -> Pod:
    return Pod(
        name=name,
        namespace=namespace,
        phase="Running",
        ready=True,
        pod_ips=ips,
        containers=(found,),
        labels=labels or {},
    )


def cluster(*pods: Pod) -> ClusterState:
    state = ClusterState()
    state.apply(StatusChanged(kind=Kind.POD, health=Health.GIVEN))
    state.apply(StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.ABSENT))
    state.apply(Changed(Kind.POD, list(pods)))
    return state


def answer(controller: ProxyController, proxy: Pod, *others: Pod, port: int = 8080) -> Answer:
    found = controller.sockets(cluster(proxy, *others), proxy)
    return found.source, found.on(port) if found.is_known else None


def istiod(*env: tuple[str, str | None], name: str = "istiod", revision: str = "default") -> Pod:
    return pod(name, container("discovery", env=env), {"app": "istiod", "istio.io/rev": revision})


ISTIO_GATEWAY = {"gateway.istio.io/managed": "istio.io-gateway-controller", "istio.io/rev": "default"}


@pytest.mark.parametrize(
    ("control", "ips", "wanted"),
    [
        ((istiod(),), IPS, (PREDICTED, (V4,))),
        ((istiod(),), IPS[1:], (PREDICTED, (V6,))),
        ((istiod(("ISTIO_DUAL_STACK", "true")),), IPS, (DECLARED, BOTH)),
        ((istiod(("ISTIO_DUAL_STACK", "false")),), IPS, (DECLARED, (V4,))),
        ((istiod(("ISTIO_DUAL_STACK", None)),), IPS, (UNKNOWN, None)),
        ((), IPS, (UNKNOWN, None)),
        ((istiod(revision="canary"),), IPS, (UNKNOWN, None)),
        ((istiod(), istiod(("ISTIO_DUAL_STACK", "true"), name="other")), IPS, (UNKNOWN, None)),
    ],
)
def test_the_families_of_an_istio_gateway_depend_on_istiod(
    control: tuple[Pod, ...], ips: tuple[str, ...], wanted: Answer
) -> None:
    proxy = pod("gw", container("istio-proxy"), ISTIO_GATEWAY, ips=ips)
    assert answer(Istio(), proxy, *control) == wanted


@pytest.mark.parametrize(
    ("gateway", "wanted"),
    [
        (IstioGateway(name="g", namespace="shop", selector={"istio": "edge"}), DECLARED),
        (IstioGateway(name="g", namespace="shop", selector={"istio": "edge"}, binds=True), UNKNOWN),
        (IstioGateway(name="g", namespace="shop", binds=True), UNKNOWN),
        (IstioGateway(name="g", namespace="shop", selector={"istio": "other"}, binds=True), DECLARED),
    ],
)
def test_a_gateway_of_istio_that_binds_an_address_makes_its_proxies_unknown(
    gateway: IstioGateway, wanted: ListenSource
) -> None:
    proxy = pod("gw", container("istio-proxy", words=("proxy", "router")), {"istio": "edge"})
    state = cluster(proxy, istiod(("ISTIO_DUAL_STACK", "true")))
    state.apply(StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.GIVEN))
    state.apply(Changed(Kind.ISTIO_GATEWAY, [gateway]))
    assert Istio().sockets(state, proxy).source is wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.REFUSED), UNKNOWN),
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.LIVE), DECLARED),
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.LIVE, namespaces=("edge",)), UNKNOWN),
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.GIVEN, cut_off="the file ends early"), UNKNOWN),
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.GIVEN, listed=frozenset()), UNKNOWN),
        (StatusChanged(kind=Kind.ISTIO_GATEWAY, health=Health.GIVEN, listed=frozenset({"edge"})), DECLARED),
    ],
)
def test_gateways_of_istio_that_were_not_all_read_make_its_proxies_unknown(
    status: StatusChanged, wanted: ListenSource
) -> None:
    proxy = pod("gw", container("istio-proxy"), ISTIO_GATEWAY)
    state = cluster(proxy, istiod(("ISTIO_DUAL_STACK", "true")))
    state.apply(status)
    assert Istio().sockets(state, proxy).source is wanted


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("--entryPoints.web.address=:8080/tcp", (DECLARED, BOTH)),
        ("--entrypoints.web.address=0.0.0.0:8080", (DECLARED, BOTH)),
        ("--entryPoints.web.address=[::]:8080", (DECLARED, BOTH)),
        ("--entryPoints.web.address=10.0.0.1:8080", (DECLARED, (V4,))),
        ("--entryPoints.web.address=127.0.0.1:8080", (DECLARED, ())),
        ("--entryPoints.web.address=:9090", (DECLARED, None)),
        ("--entryPoints.web.address=10.0.x.x:8080", (UNKNOWN, None)),
        ("--entryPoints.web.address=traefik.example.com:8080", (UNKNOWN, None)),
        ("--entryPoints.web.address=[0::0]:8080", (DECLARED, BOTH)),
        ("-entrypoints.web.address=10.0.0.1:8080", (DECLARED, (V4,))),
        ("--configFile=/etc/traefik.yaml", (UNKNOWN, None)),
        ("-configfile=/etc/traefik.yaml", (UNKNOWN, None)),
    ],
)
def test_traefik_goes_by_its_entry_points(word: str, wanted: Answer) -> None:
    proxy = pod("t", container("traefik", "docker.io/traefik:v3", (word,)), {"app.kubernetes.io/name": "traefik"})
    assert answer(Traefik(), proxy) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), (PREDICTED, BOTH)),
        (("--disable-ipv6",), (DECLARED, (V4,))),
        (("--disable-ipv4",), (DECLARED, BOTH)),
        # A switch does not take the next word.
        (("--disable-ipv6", "false"), (DECLARED, (V4,))),
        (("--disable-ipv4", "--ipv6-bind-address=0:0:0:0:0:0:0:0"), (DECLARED, BOTH)),
        (("--ipv6-bind-address=::1",), (DECLARED, (V4,))),
        (("--ipv4-bind-address=10.x.x.x",), (UNKNOWN, None)),
        (("--ipv6-bind-address=fd00::7",), (DECLARED, BOTH)),
        (("--disable-ipv4", "--ipv6-bind-address=fd00::7"), (DECLARED, (V6,))),
        (("--disable-ipv4", "--ipv6-bind-address=::ffff:192.0.2.7"), (DECLARED, (V4,))),
    ],
)
def test_haproxy_goes_by_its_flags_and_opens_ipv6_for_both(words: tuple[str, ...], wanted: Answer) -> None:
    assert answer(HAProxy(), pod("h", container("c", "haproxytech/kubernetes-ingress:3", words))) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), (PREDICTED, BOTH)),
        (("-disable-ipv6=false",), (DECLARED, BOTH)),
        (("-disable-ipv6=true",), (DECLARED, (V4,))),
        (("-disable-ipv6",), (DECLARED, (V4,))),
        (("-disable-ipv6", "false"), (DECLARED, (V4,))),
    ],
)
def test_the_nginx_ingress_controller_goes_by_its_flag(words: tuple[str, ...], wanted: Answer) -> None:
    assert answer(NginxIngressController(), pod("n", container("c", "nginx/nginx-ingress:5.3.1", words))) == wanted


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ((), (PREDICTED, (V4,))),
        ((("ROUTER_IP_V4_V6_MODE", "v4v6"),), (DECLARED, BOTH)),
        ((("ROUTER_IP_V4_V6_MODE", "v6"),), (DECLARED, (V6,))),
        ((("ROUTER_IP_V4_V6_MODE", "odd"),), (DECLARED, (V4,))),
    ],
)
def test_the_openshift_router_goes_by_its_mode(env: tuple[tuple[str, str | None], ...], wanted: Answer) -> None:
    assert answer(OpenShiftRouter(), pod("r", container("router", env=env))) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("0.0.0.0:8080, [::]:8080", (DECLARED, BOTH)),
        ("0.0.0.0:8080 reuseport", (DECLARED, (V4,))),
        ("[::]:8080 ipv6only=off", (DECLARED, BOTH)),
        ("off", (DECLARED, None)),
        ("[::", (UNKNOWN, None)),
        ("0.0.x.x:8080, [::]:8080", (UNKNOWN, None)),
    ],
)
def test_kong_goes_by_its_list_of_targets(value: str, wanted: Answer) -> None:
    assert answer(Kong(), pod("k", container("proxy", "kong:3.9", env=(("KONG_PROXY_LISTEN", value),)))) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("contour", "serve"), (PREDICTED, (V4,))),
        (
            ("contour", "serve", "--envoy-service-http-address=::", "--envoy-service-https-address=0.0.0.0"),
            (DECLARED, BOTH),
        ),
        (("contour", "serve", "--envoy-service-http-address=0::0"), (PREDICTED, BOTH)),
        (("contour", "serve", "--contour-config-name=c"), (UNKNOWN, None)),
    ],
)
def test_contour_goes_by_the_flags_of_its_own_pods(words: tuple[str, ...], wanted: Answer) -> None:
    proxy = pod("e", container("envoy", "envoyproxy/envoy"), {"app": "envoy"})
    assert answer(Contour(), proxy, pod("c", container("contour", "projectcontour/contour", words))) == wanted


@pytest.mark.parametrize(
    ("env", "wanted"),
    [((), (PREDICTED, BOTH)), ((("KGW_LISTENER_BIND_IPV6", "false"),), (DECLARED, (V4,)))],
)
def test_kgateway_goes_by_its_controller(env: tuple[tuple[str, str | None], ...], wanted: Answer) -> None:
    proxy = pod("p", container("proxy"), {"kgateway": "kube-gateway"})
    assert answer(KGateway(), proxy, pod("c", container("c", env=env), {"kgateway": "kgateway"})) == wanted
    assert answer(KGateway(), proxy) == (UNKNOWN, None)


def _with_parameters(
    kind: Kind, own: str | None, of_class: str | None, *, there: bool = True, merge: str = ""
) -> ClusterState:
    """A cluster with Gateway edge/gw, whose parameters, or those of its class, have an ipFamily, or are missing."""
    state = cluster()

    def ref(name: str, value: str | None) -> ParametersRef | None:
        return ParametersRef("any", kind.value, name, "edge") if value is not None else None

    state.apply(Changed(Kind.GATEWAY_CLASS, [GatewayClass(name="c", parameters=ref("class", of_class))]))
    gateway = Gateway(name="gw", namespace="edge", class_name="c", parameters=ref("own", own))
    state.apply(Changed(Kind.GATEWAY, [gateway]))
    for name, value in (("own", own), ("class", of_class)):
        if value is not None and there:
            item = GatewayParameters(name=name, namespace="edge", kind=kind.value, ip_family=value, merge_type=merge)
            state.apply(Changed(kind, [item]))
    return state


@pytest.mark.parametrize(
    ("own", "of_class", "merge", "there", "wanted"),
    [
        (None, None, "", True, (PREDICTED, (V4,))),
        (None, "DualStack", "", True, (DECLARED, BOTH)),
        ("IPv6", "DualStack", "", True, (DECLARED, (V6,))),
        ("", "DualStack", "", True, (PREDICTED, (V4,))),
        ("", "DualStack", "StrategicMerge", True, (DECLARED, BOTH)),
        ("DualStack", None, "", False, (UNKNOWN, None)),
    ],
)
def test_envoy_gateway_goes_by_the_gateways_parameters_before_those_of_the_class(
    own: str | None, of_class: str | None, merge: str, there: bool, wanted: Answer
) -> None:
    labels = {
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "gateway.envoyproxy.io/owning-gateway-name": "gw",
        "gateway.envoyproxy.io/owning-gateway-namespace": "edge",
    }
    proxy = pod("e", container("envoy"), labels, namespace="envoy-gateway-system")
    found = EnvoyGateway().sockets(_with_parameters(Kind.ENVOY_PROXY, own, of_class, there=there, merge=merge), proxy)
    assert (found.source, found.on(80)) == wanted


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ("1.3.0", (PREDICTED, (V4,))),
        ("2.6.7", (PREDICTED, BOTH)),
        ("2.6.7-ubi", (PREDICTED, BOTH)),
        ("2.6.8", (UNKNOWN, None)),
        ("edge", (UNKNOWN, None)),
    ],
)
def test_nginx_gateway_fabric_without_ip_family_is_predicted_up_to_the_version_whose_default_is_known(
    tag: str, wanted: Answer
) -> None:
    state = _with_parameters(Kind.NGINX_PROXY, None, None)
    controller = pod("c", container("nginx-gateway", f"ghcr.io/nginx/nginx-gateway-fabric:{tag}"))
    state.apply(Changed(Kind.POD, [controller]))
    labels = {
        "app.kubernetes.io/managed-by": "ngf-nginx",
        "gateway.networking.k8s.io/gateway-name": "gw",
    }
    found: Sockets = NginxGatewayFabric().sockets(state, pod("n", container("nginx"), labels))
    assert (found.source, found.on(80)) == wanted


@pytest.mark.parametrize(
    ("managed", "words", "is_door"),
    [
        ("istio.io-gateway-controller", ("proxy", "router"), True),
        ("openshift.io-gateway-controller-v1", ("proxy", "router"), True),
        ("istio.io-mesh-controller", ("proxy", "waypoint"), False),
        ("istio.io-eastwest-controller", ("proxy", "router"), False),
        ("istio.io-agentgateway-controller", (), False),
    ],
)
def test_waypoints_and_proxies_other_than_envoy_are_no_doors_of_istio(
    managed: str, words: tuple[str, ...], is_door: bool
) -> None:
    proxy = pod("w", container("istio-proxy", words=words), {"gateway.istio.io/managed": managed})
    assert (controller_of(proxy) is not None) is is_door


@pytest.mark.parametrize(("role", "is_door"), [("ingressgateway", True), ("egressgateway", False)])
def test_traffic_that_leaves_the_mesh_enters_by_no_door(role: str, is_door: bool) -> None:
    proxy = pod("g", container("istio-proxy", words=("proxy", "router")), {"istio": role})
    assert (controller_of(proxy) is not None) is is_door


def test_the_contour_of_a_gateway_is_no_proxy_of_it() -> None:
    labels = {"projectcontour.io/owning-gateway-name": "web", "app": "contour"}
    contour = pod("c", container("contour", "projectcontour/contour", ("contour", "serve")), labels)
    envoy = pod("e", container("shutdown-manager", "projectcontour/contour", ("envoy", "shutdown-manager")), labels)
    assert controller_of(contour) is None
    assert controller_of(envoy) is not None


def test_contour_says_which_of_its_addresses_is_a_default() -> None:
    flag = "--envoy-service-http-address=::"
    contour = pod("c", container("contour", "projectcontour/contour", ("contour", "serve", flag)))
    proxy = pod("e", container("envoy", "envoyproxy/envoy"), {"app": "envoy"})
    found = Contour().sockets(cluster(proxy, contour), proxy)
    assert "predicted from the default of --envoy-service-https-address" in found.reason
    assert f"started with {flag};" in found.reason


@pytest.mark.parametrize(
    ("found", "labels", "wanted"),
    [
        # nginx/kubernetes-ingress, chart 0.16 with an image of another registry: the label has the release's name.
        (container("nginx-ingress", MIRRORED, ("-nginx-configmaps=ns/c",)), {"app": "edge-nginx-ingress"}, "f5"),
        (container("nginx-ingress", MIRRORED), {"app.kubernetes.io/name": "nginx-ingress"}, "f5"),
        (container("nginx-ingress", MIRRORED), {"app": "edge"}, ""),
        # haproxytech/kubernetes-ingress, deploy/haproxy-ingress.yaml, and the chart with nameOverride.
        (
            container("haproxy-ingress", MIRRORED, ("--ipv4-bind-address=0.0.0.0",)),
            {"run": "haproxy-ingress"},
            "haproxy",
        ),
        (container("kubernetes-ingress-controller", MIRRORED, ("--ingress.class=haproxy",)), {}, "haproxy"),
        # The other project, whose container has the same name.
        (
            container("haproxy-ingress", MIRRORED, ("--configmap=ns/c", "--ingress-class=h")),
            {"run": "haproxy-ingress"},
            "",
        ),
        # A part of a name is no Kong.
        (container("proxy", "registry.example.com/hongkong/proxy:1"), {}, ""),
        (container("proxy", "registry.example.com/mirror/kong-gateway:3.9"), {}, "kong"),
        (container("proxy", "kong"), {}, "kong"),
        # Traefik with a configuration file.
        (container("traefik", MIRRORED), {"app.kubernetes.io/name": "traefik"}, "traefik"),
        (container("edge", MIRRORED, ("--entrypoints.web.address=:80",)), {}, "traefik"),
    ],
)
def test_controllers_are_recognised_where_the_image_is_mirrored(
    found: Container, labels: dict[str, str], wanted: str
) -> None:
    of = controller_of(pod("p", found, labels))
    assert (of.name if of is not None else "") == wanted.replace("f5", "nginx-ingress-controller")


def test_files_that_nginx_includes_are_read_where_they_are_included() -> None:
    text = b"""\
# configuration file /etc/nginx/nginx.conf:
events {}
http {
    include /etc/nginx/conf.d/*.conf;
    server { listen unix:/var/run/a.sock; }
}
stream {
    include stream-conf.d/*.conf;
}
# configuration file /etc/nginx/conf.d/a.conf:
server { listen 80; listen [::]:80; }
# configuration file /etc/nginx/stream-conf.d/b.conf:
server { listen 53 udp; }
"""
    found = {(x.transport, x.port, x.context) for x in parse_conf(text) if not x.internal}
    assert found == {("tcp", 80, "http"), ("udp", 53, "stream")}


@pytest.mark.parametrize(
    "http",
    [
        "include conf.d/*.conf; include more.conf;",
        "log_format main '$remote_addr # '; include conf.d/*.conf; include more.conf;",
        "include\n        conf.d/*.conf\n    ; include # of all\n 'more.conf';",
        "include /etc/nginx/./conf.d//*.conf; include conf.d/../more.conf;",
    ],
)
def test_an_include_is_followed_wherever_it_stands_on_its_line(http: str) -> None:
    text = f"""\
# configuration file /etc/nginx/nginx.conf:
events {{}}
http {{ server {{ listen 80; }} {http} # include other.conf;
    init_by_lua_block {{ s = "include other.conf;" }}
}}
# configuration file /etc/nginx/conf.d/a.conf:
server {{ listen [::]:80; }}
# configuration file /etc/nginx/more.conf:
server {{ listen 81; }}
# configuration file /etc/nginx/other.conf:
server {{ listen 82; }}
"""
    assert {(x.address, x.port) for x in parse_conf(text.encode())} == {("*", 80), ("[::]", 80), ("*", 81)}
