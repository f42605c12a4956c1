"""Each controller's door in a dual-stack cluster: nothing is flagged while it is healthy, and one change is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from dsview.analysis.door_plan import plan_doors
from dsview.analysis.trace_target import trace_named
from dsview.core.finding import Severity
from dsview.core.listen import ListenSource
from dsview.listeners.front_doors import front_doors, proxies_of_gateway, services_of_gateway
from dsview.listeners.proxies import listeners_of, live_proxies
from dsview.session.session import Session
from tests.support import doors
from tests.support.doors import HEALTHY, Door, Json, load

V6 = "IPv6"


def flagged(session: Session) -> set[tuple[str, str, str, str | None]]:
    """Code, severity, name and family of the errors and warnings."""
    return {
        (f.check, f.severity.value, f.object.name, f.family)
        for f in session.findings
        if f.severity is not Severity.NOTE
    }


@pytest.mark.parametrize("door", HEALTHY, ids=[door.name for door in HEALTHY])
def test_a_healthy_door_of_each_controller_is_known_and_not_flagged(door: Door, tmp_path: Path) -> None:
    session = load([*door.items, *doors.backend()], tmp_path)
    found = front_doors(session.state)

    assert flagged(session) == set()
    assert [d.controller.name for d in found] == [door.name]
    sources = {d.controller.sockets(session.state, pod).source for d in found for pod in d.pods}
    sources |= {d.sockets_below.source for d in found if d.sockets_below is not None}
    assert {source.value for source in sources} == {door.confidence}


@pytest.mark.parametrize(
    "controller",
    [
        "gateway.k8s.aws/alb",
        "gateway.k8s.aws/nlb",
        "networking.gke.io/gateway",
        "alb.networking.azure.io/alb-controller",
        "example.com/of-nobody-here",
    ],
)
def test_a_gateway_that_nothing_in_the_cluster_serves_is_not_flagged(controller: str, tmp_path: Path) -> None:
    session = load([*doors.cloud(controller), *doors.backend(), doors.route("a.example.com", "shop-web")], tmp_path)

    assert flagged(session) == set()


CHANGED: list[tuple[str, Iterable[Json], set[tuple[str, str, str, str | None]]]] = [
    ("istio-default", doors.istio(None), {("DS-LSN-001", "warning", "web-istio", V6)}),
    (
        "istio-off",
        doors.istio("false"),
        {("DS-LSN-002", "error", "istiod", V6), ("DS-LSN-001", "error", "web-istio", V6)},
    ),
    ("envoy-gateway-default", doors.envoy_gateway(None), {("DS-LSN-001", "warning", "envoy-edge-web", V6)}),
    (
        "cilium-without-ipv6",
        doors.cilium(**{"enable-ipv4": "true", "enable-ipv6": "false"}),
        {("DS-LSN-002", "error", "cilium-config", V6), ("DS-LSN-001", "error", "cilium-gateway-web", V6)},
    ),
    (
        "a-release-of-another-name",
        doors.nginx_gateway_fabric("ipv4", instance="my-gateway"),
        {("DS-LSN-002", "error", "proxy-config", V6), ("DS-LSN-001", "error", "web-nginx", V6)},
    ),
    (
        "one-nginx-for-all-gateways",
        doors.nginx_gateway_fabric_1(addresses=doors.VIPS[:1]),
        {("DS-GW-001", "warning", "web", V6)},
    ),
    ("the-known-default", doors.nginx_gateway_fabric(None), set()),
    (
        "nginx-plus",
        doors.nginx_ingress_controller("-disable-ipv6", image="registry.example.com/nginx-plus-ingress:5.5.4"),
        {("DS-LSN-002", "error", "nic-1", V6), ("DS-LSN-001", "error", "nginx-ingress-controller", V6)},
    ),
    ("openshift-default", doors.openshift_router(""), {("DS-LSN-001", "warning", "router-default", V6)}),
    ("haproxy-without-ipv4", doors.haproxy("--disable-ipv4"), set()),
    (
        "contour-https-only",
        doors.contour("0.0.0.0", "::"),
        {("DS-LSN-002", "error", "contour-1", V6), ("DS-LSN-001", "error", "envoy", V6)},
    ),
    ("kong-default", doors.kong(None), {("DS-LSN-001", "warning", "kong-gateway-proxy", V6)}),
    (
        "kgateway-without-ipv6",
        doors.kgateway("false"),
        {("DS-LSN-002", "error", "kgateway-1", V6), ("DS-LSN-001", "error", "web", V6)},
    ),
    ("agentgateway", doors.kgateway("false", image="cr.agentgateway.dev/agentgateway:1.0"), set()),
    (
        "traefik-as-the-chart-makes-it",
        doors.traefik(families=("IPv4",), vips=doors.VIPS[:1]),
        {("DS-LSN-003", "warning", "traefik", V6)},
    ),
    ("traefik-with-a-file", doors.traefik("--configFile=/t.yaml", "--entryPoints.web.address=127.0.0.1:8000"), set()),
]


@pytest.mark.parametrize(("items", "wanted"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_a_door_that_was_changed_is_flagged_for_that(
    items: Iterable[Json], wanted: set[tuple[str, str, str, str | None]], tmp_path: Path
) -> None:
    session = load([*items, *doors.backend()], tmp_path)

    assert flagged(session) == wanted
    assert not [entry for entry in session.not_evaluated() if "failed on" in entry.reason]


@pytest.mark.parametrize(
    ("shown", "flags"),
    [
        (doors.VIPS, set()),
        (doors.VIPS[:1], {("DS-NET-003", "warning", "shop", V6)}),
        (("198.51.100.7",), set()),
    ],
)
def test_an_ingress_shows_every_family_of_the_service_whose_addresses_it_was_given(
    shown: tuple[str, ...], flags: set[tuple[str, str, str, str | None]], tmp_path: Path
) -> None:
    shop = doors.ingress("shop.example.com", "traefik", "shop-web", ips=shown)
    session = load([*doors.traefik(), *doors.backend(), shop], tmp_path)

    assert flagged(session) == flags
    assert all("publishedService" in (f.fix or "") for f in session.findings if f.check == "DS-NET-003")


@pytest.mark.parametrize("is_given", [True, False])
def test_the_services_of_ciliums_ingresses_are_its_doors(is_given: bool, tmp_path: Path) -> None:
    made = doors.service("cilium-ingress", {}, {80: 80}, labels={"cilium.io/ingress": "true"})
    data = {"enable-ipv4": "true", "enable-ipv6": "false"}
    config = doors.item("ConfigMap", "v1", "cilium-config", "kube-system", data=data)
    items = [doors.ingress_class("cilium", "cilium.io/ingress-controller"), made]
    session = load([*items, *doors.backend(), *([config] if is_given else [])], tmp_path)

    found = {(f.check, f.object.name) for f in session.findings if f.check.startswith("DS-LSN")}
    assert found == ({("DS-LSN-001", "cilium-ingress"), ("DS-LSN-002", "cilium-config")} if is_given else set())


def test_a_proxy_without_a_service_is_shown_with_the_ports_that_it_opens(tmp_path: Path) -> None:
    items = [*doors.traefik("--entryPoints.web.address=:80", "--entryPoints.metrics.address=:9100")]
    session = load([item for item in items if item["kind"] not in {"Service", "EndpointSlice"}], tmp_path)
    (pod,) = live_proxies(session.state)

    assert {x.port for x in listeners_of(session.state, pod).listeners} == {80, 9100}


def test_the_service_that_istio_creates_for_a_gateway_is_patched_because_no_chart_has_it(tmp_path: Path) -> None:
    items = doors.istio("true")
    for item in items:
        if item["kind"] == "Service":
            # As Istio 1.22 creates it.
            item["spec"].update(ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.0.10"])
            item["status"]["loadBalancer"]["ingress"].pop()
    (finding,) = (f for f in load([*items, *doors.backend()], tmp_path).findings if f.check == "DS-LSN-003")

    assert "kubectl" in (finding.fix or "")


def test_a_listener_of_a_gateway_is_traffic_whatever_it_is_called(tmp_path: Path) -> None:
    items = doors.istio(None)
    for item in items:
        if item["kind"] == "Service":
            item["spec"]["ports"] = [
                {"name": "status-port", "port": 15021, "targetPort": 15021, "protocol": "TCP"},
                {"name": "admin", "port": 80, "targetPort": 80, "protocol": "TCP"},
            ]
    session = load([*items, *doors.backend()], tmp_path)

    assert flagged(session) == {("DS-LSN-001", "warning", "web-istio", V6)}
    assert [f.field for f in session.findings if f.check == "DS-LSN-001"] == ["spec.ports[80]"]


def test_a_front_door_of_unknown_sockets_is_named_among_what_was_not_evaluated(tmp_path: Path) -> None:
    items = [*doors.istio("true"), *doors.traefik("--configFile=/etc/traefik.yaml"), *doors.backend()]
    reasons = {entry.check: entry.reason for entry in load(items, tmp_path).not_evaluated()}

    for code in ("DS-LSN-001", "DS-LSN-002", "DS-LSN-004"):
        assert "sockets of edge/traefik: a file configures Traefik" in reasons[code]
        assert "web-istio" not in reasons[code]


def test_a_port_that_a_host_name_shares_may_have_any_family(tmp_path: Path) -> None:
    conf = "events {} http { server { listen 80; listen edge.example.com:80; listen 443; listen [::]:443; } }"
    session = load([*doors.nginx_ingress_controller(), *doors.backend()], tmp_path, {"nic-1": conf})
    (pod,) = live_proxies(session.state)

    assert listeners_of(session.state, pod).source is ListenSource.READ
    assert flagged(session) == set()
    for target in ("pod/edge/nic-1", "service/edge/nginx-ingress-controller"):
        assert not trace_named(session, target).is_broken


LISTENS_ON_IPV4 = "events {} http { server { listen 80; } }"


def test_the_trace_of_a_gateway_breaks_only_where_a_finding_says_so(tmp_path: Path) -> None:
    items = doors.nginx_gateway_fabric(None)
    for item in items:
        if item["metadata"]["name"] == "ngf-controller":
            item["spec"]["containers"][0]["image"] = "ghcr.io/nginx/nginx-gateway-fabric:2.7.0"
    labels = next(item for item in items if item["metadata"]["name"] == "web-nginx-1")["metadata"]["labels"]
    other = doors.pod("web-nginx-2", [doors.container("nginx", "nginx-gw:1")], labels, ips=doors.POD_IPS[1])
    service = next(item for item in items if item["kind"] == "Service")
    items = [item for item in items if item["kind"] != "EndpointSlice"]
    pods = [item for item in items if item["metadata"]["name"] == "web-nginx-1"] + [other]
    items += [other, *doors.slices(service, pods), *doors.backend()]
    session = load(items, tmp_path, {"web-nginx-1": LISTENS_ON_IPV4})

    # What the second one listens on is unknown, so it may be the first one only, or nobody.
    assert flagged(session) == set()
    assert not trace_named(session, "gateway/edge/web").is_broken
    reasons = {entry.check: entry.reason for entry in session.not_evaluated()}
    assert "sockets of edge/web-nginx" in reasons["DS-LSN-001"]
    assert not [code for code, reason in reasons.items() if "web-nginx" in reason and code.startswith("DS-NGX")]


@pytest.mark.parametrize(("kind", "plural"), [("GatewayClass", "gatewayclasses"), ("Gateway", "gateways")])
def test_routes_whose_gateways_were_not_given_are_not_evaluated(kind: str, plural: str, tmp_path: Path) -> None:
    items = [*doors.istio(), *doors.backend(), doors.route("a.example.com", "shop-web")]
    reasons = {entry.check: entry.reason for entry in load(items, tmp_path).not_evaluated()}
    assert "DS-GW-002" not in reasons

    items = [item for item in items if item["kind"] != kind]
    reasons = {entry.check: entry.reason for entry in load(items, tmp_path).not_evaluated()}
    assert reasons["DS-GW-002"] == f"{plural}.gateway.networking.k8s.io: not given"


def test_a_second_family_that_is_not_wanted_may_be_removed_instead(tmp_path: Path) -> None:
    alternative = "# or, where IPv6 is not wanted: kubectl -n edge patch service envoy-edge-web"
    found = {f.check: f.fix or "" for f in load([*doors.envoy_gateway("IPv4"), *doors.backend()], tmp_path).findings}
    assert alternative in found["DS-LSN-001"]
    assert alternative in found["DS-LSN-002"]

    # The first family of a Service cannot be removed.
    found = {f.check: f.fix or "" for f in load([*doors.envoy_gateway("IPv6"), *doors.backend()], tmp_path).findings}
    assert "not wanted" not in found["DS-LSN-001"] + found["DS-LSN-002"]


@pytest.mark.parametrize(
    ("version", "wanted"), [("2.6.7", "kubectl -n edge patch service web-nginx"), ("2.7.0", "spec.ipFamily: dual")]
)
def test_a_setting_that_already_opens_the_sockets_is_no_remedy_for_the_service(
    version: str, wanted: str, tmp_path: Path
) -> None:
    items = doors.nginx_gateway_fabric(None)
    for item in items:
        if item["kind"] == "Service":
            item["spec"].update(ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.0.10"])
            item["status"]["loadBalancer"]["ingress"].pop()
        if item["metadata"]["name"] == "ngf-controller":
            item["spec"]["containers"][0]["image"] = f"ghcr.io/nginx/nginx-gateway-fabric:{version}"
    session = load([*items, *doors.backend()], tmp_path)

    (finding,) = (f for f in session.findings if f.check == "DS-LSN-003")
    assert wanted in (finding.fix or "")
    (plan,) = plan_doors(session)
    assert wanted in "\n".join(step for need in plan.needs for step in need.steps)


def test_an_nginx_without_the_label_of_a_gateway_serves_them_all(tmp_path: Path) -> None:
    items = [*doors.nginx_gateway_fabric_1(), *doors.backend()]
    session = load(items, tmp_path)
    (door,) = front_doors(session.state)
    (gateway,) = session.state.gateways

    assert flagged(session) == set()
    assert door.controller.sockets(session.state, door.pods[0]).source is ListenSource.PREDICTED
    assert proxies_of_gateway(session.state, gateway)[1] == door.pods
    assert services_of_gateway(session.state, gateway) == (door.service,)


def test_a_merged_service_of_any_type_is_a_door(tmp_path: Path) -> None:
    items = doors.envoy_gateway(None)
    for item in items:
        for labels in (item["metadata"].get("labels", {}), item["spec"] if item["kind"] == "Service" else {}):
            for of in (labels, labels.get("selector", {})):
                if of.pop("gateway.envoyproxy.io/owning-gateway-name", None):
                    of["gateway.envoyproxy.io/owning-gatewayclass"] = "eg"
        if item["kind"] == "Service":
            item["spec"]["type"] = "ClusterIP"

    assert flagged(load([*items, *doors.backend()], tmp_path)) == {("DS-LSN-001", "warning", "envoy-edge-web", V6)}


def test_a_configuration_that_could_not_be_parsed_is_said_beside_the_setting(tmp_path: Path) -> None:
    items = [*doors.nginx_ingress_controller("-disable-ipv6"), *doors.backend()]
    session = load(items, tmp_path, {"nic-1": "http { server { listen a:$port; } }"})
    (pod,) = live_proxies(session.state)
    found = listeners_of(session.state, pod)

    assert found.source is ListenSource.DECLARED
    assert found.reason.startswith("-disable-ipv6 is given; nginx.conf could not be parsed: ")
