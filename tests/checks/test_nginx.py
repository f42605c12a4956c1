"""DS-NGX, listeners: each condition and each exemption, on a healthy cluster with one change."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest

from dsview.checks.engine.engine import Engine
from dsview.kinds.kind import Kind
from dsview.sources.events import Changed, Health, StatusChanged
from tests.support.changes import (
    CONTROLLER,
    V4,
    V6,
    Case,
    Change,
    Conf,
    Json,
    all_of,
    pod_named,
    removing,
    verify,
    with_pod_ips,
    with_spec,
)
from tests.support.clusters import changed, find

FIRST, SECOND = "ingress-nginx-controller-d6lgqfjspf-s6xgn", "ingress-nginx-controller-d6lgqfjspf-xfnbk"
SET = "ingress-nginx-controller-d6lgqfjspf"
SINGLE = {("DS-NGX-005", "warning", "Service", CONTROLLER, V6)}
"""What the chart's default shows in every case here."""


def without(*patterns: str, of: tuple[str, ...] = (FIRST, SECOND)) -> Conf:
    """The nginx.conf of some replicas without the lines that contain one of the texts."""

    def edit(name: str, text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(x for x in lines if name not in of or not any(p in x for p in patterns))

    return edit


def replacing(old: str, new: str) -> Conf:
    """The nginx.conf with one text replaced."""
    return lambda name, text: text.replace(old, new)


def unchanged(items: list[Json]) -> None:
    """No change."""


def _dual_service(items: list[Json]) -> None:
    """The controller's Service has both families, and slices for both."""
    find(items, "Service", CONTROLLER)["spec"].update(
        ipFamilies=[V4, V6], clusterIPs=["10.96.157.173", "fd00:10:96::77"], ipFamilyPolicy="RequireDualStack"
    )
    old = next(
        i
        for i in items
        if i["kind"] == "EndpointSlice" and i["metadata"]["labels"].get("kubernetes.io/service-name") == CONTROLLER
    )
    new = copy.deepcopy(old)
    new["metadata"]["name"] += "6"
    new["addressType"] = V6
    for endpoint in new["endpoints"]:
        endpoint["addresses"] = [find(items, "Pod", endpoint["targetRef"]["name"])["status"]["podIPs"][1]["ip"]]
    items.append(new)


def _with_passthrough(items: list[Json]) -> None:
    for i in (0, 1):
        pod_named(items, CONTROLLER, i)["spec"]["containers"][0]["args"].append("--enable-ssl-passthrough")


def _named(name: str) -> set[tuple[str, str, str, str, str | None]]:
    return {("DS-NGX-001", "error", "Pod", name, V6)}


DEAF = {("DS-NGX-003", "error", "Service", CONTROLLER, V6)}


def _with_port(*ports: Json) -> Change:
    return lambda items: find(items, "Service", CONTROLLER)["spec"]["ports"].extend(ports)


def _without_labels(*labels: str, image: str | None = None, flags: tuple[str, ...] = ()) -> Change:
    """Controllers that only their arguments, or only their image, reveal; their Service still selects them."""

    def change(items: list[Json]) -> None:
        find(items, "Service", CONTROLLER)["spec"]["selector"] = {"pod-template-hash": "d6lgqfjspf"}
        for pod in (pod_named(items, CONTROLLER, i) for i in (0, 1)):
            for label in labels:
                del pod["metadata"]["labels"][label]
            container = pod["spec"]["containers"][0]
            container["name"] = "nginx-ingress-controller"
            if image is not None:
                container["image"] = image
                container["args"] = list(flags)

    return change


NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
QUIC = "server { listen 443 quic reuseport; listen [::]:443 quic reuseport; server_name _; }"
HTTPS_OVER_UDP = {"name": "quic", "port": 443, "protocol": "UDP", "targetPort": 443}


def adding_server(block: str) -> Conf:
    """The nginx.conf with an additional server."""
    return lambda name, text: text.replace("http {", "http {\n" + block, 1)


def _flags(old: str, new: str) -> Change:
    """The controllers' arguments with one replaced."""

    def change(items: list[Json]) -> None:
        for pod in (pod_named(items, CONTROLLER, i) for i in (0, 1)):
            args = pod["spec"]["containers"][0]["args"]
            pod["spec"]["containers"][0]["args"] = [arg.replace(old, new) for arg in args]

    return change


def _of_type(name: str, kind: str) -> Change:
    return with_spec("Service", name, type=kind)


PUBLISHED = "$(POD_NAMESPACE)/ingress-nginx-controller"
ADMISSION = "ingress-nginx-controller-admission"
INTERNAL: Json = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {"name": "internal", "namespace": "ingress-nginx", "creationTimestamp": "2026-11-20T08:15:30Z"},
    "spec": {
        "type": "NodePort",
        "clusterIP": "10.96.7.7",
        "clusterIPs": ["10.96.7.7"],
        "ipFamilies": [V4],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"port": 8443, "targetPort": "https", "protocol": "TCP"}],
        "selector": {"app.kubernetes.io/component": "controller"},
    },
}


def _with_internal(items: list[Json]) -> None:
    """Another Service of the controllers, and its slice."""
    items.append(copy.deepcopy(INTERNAL))
    old = next(
        i
        for i in items
        if i["kind"] == "EndpointSlice" and i["metadata"]["labels"].get("kubernetes.io/service-name") == CONTROLLER
    )
    new = copy.deepcopy(old)
    new["metadata"].update(name="internal-x", labels={"kubernetes.io/service-name": "internal"})
    items.append(new)


ONLY_INTERNAL = {("DS-NGX-005", "warning", "Service", "internal", V6)}


CASES = [
    Case(
        "started-before-the-pod-had-ipv6",
        "08",
        unchanged,
        SINGLE | _named(FIRST) | _named(SECOND),
        ("DS-NGX-003", "DS-NGX-007", "DS-NGX-008"),
        without("[::]"),
    ),
    Case(
        "one-replica-started-too-early",
        "08",
        unchanged,
        SINGLE | _named(FIRST) | {("DS-NGX-008", "error", "ReplicaSet", SET, None)},
        ("DS-NGX-003", "DS-NGX-007"),
        without("[::]", of=(FIRST,)),
    ),
    Case(
        "one-deaf-replica-behind-a-dual-service",
        "08",
        _dual_service,
        DEAF | _named(FIRST) | {("DS-NGX-008", "error", "ReplicaSet", SET, None)},
        ("DS-NGX-005", "DS-NGX-007"),
        without("[::]", of=(FIRST,)),
    ),
    Case("dual-service-and-dual-listeners", "08", _dual_service, set(), ("DS-NGX-001", "DS-NGX-003", "DS-NGX-005")),
    Case(
        "replica-that-gets-no-ipv6-needs-no-listener",
        "08",
        all_of(
            _dual_service,
            with_pod_ips(CONTROLLER, "10.244.1.3"),
            lambda items: [
                e["endpoints"].pop(next(i for i, x in enumerate(e["endpoints"]) if x["targetRef"]["name"] == FIRST))
                for e in items
                if e["kind"] == "EndpointSlice"
                and e["addressType"] == V6
                and e["metadata"]["labels"].get("kubernetes.io/service-name") == CONTROLLER
            ],
        ),
        {
            ("DS-POD-001", "error", "Pod", FIRST, V6),
            ("DS-EPS-002", "warning", "Service", CONTROLLER, V6),
            ("DS-NET-005", "warning", "Ingress", "shop", V6),
            ("DS-NGX-008", "error", "ReplicaSet", SET, None),
        },
        ("DS-NGX-001", "DS-NGX-003"),
        without("[::]", of=(FIRST,)),
    ),
    Case(
        "go-proxy-owns-https",
        "08",
        all_of(_dual_service, _with_passthrough),
        set(),
        ("DS-NGX-001", "DS-NGX-003", "DS-NGX-007"),
        lambda name, text: text.replace("listen 443 ", "listen 442 proxy_protocol ").replace(
            "listen [::]:443 ", "listen [::]:442 proxy_protocol "
        ),
    ),
    Case(
        "one-site-deaf-on-ipv6",
        "08",
        unchanged,
        SINGLE | {("DS-NGX-007", "error", "Pod", FIRST, V6), ("DS-NGX-007", "error", "Pod", SECOND, V6)},
        ("DS-NGX-001", "DS-NGX-003", "DS-NGX-008"),
        without("listen [::]:80  ;"),
    ),
    Case(
        "https-deaf-on-ipv6",
        "08",
        unchanged,
        SINGLE
        | _named(FIRST)
        | _named(SECOND)
        | {("DS-NGX-007", "error", "Pod", FIRST, V6), ("DS-NGX-007", "error", "Pod", SECOND, V6)},
        ("DS-NGX-008",),
        without("listen [::]:443"),
    ),
    Case(
        "two-sockets-want-one-port",
        "08",
        unchanged,
        SINGLE | {("DS-NGX-009", "error", "Pod", FIRST, V4), ("DS-NGX-009", "error", "Pod", SECOND, V4)},
        ("DS-NGX-001", "DS-NGX-007"),
        replacing("listen [::]:80 default_server", "listen [::]:80 default_server ipv6only=off"),
    ),
    Case(
        "one-dual-socket-is-enough",
        "08",
        _dual_service,
        set(),
        ("DS-NGX-001", "DS-NGX-003", "DS-NGX-009"),
        lambda name, text: without("listen 80 ", "listen 443 ", "listen 8181 ")(name, text).replace(
            "default_server reuseport", "default_server ipv6only=off reuseport"
        ),
    ),
    Case(
        "address-beside-a-dual-socket",
        "08",
        unchanged,
        SINGLE | {("DS-NGX-009", "error", "Pod", FIRST, V4), ("DS-NGX-009", "error", "Pod", SECOND, V4)},
        (),
        adding_server("server { listen 10.0.0.7:9000; listen [::]:9000 ipv6only=off; }"),
    ),
    Case(
        "server-without-name-is-deaf",
        "08",
        unchanged,
        SINGLE | {("DS-NGX-007", "error", "Pod", FIRST, V6), ("DS-NGX-007", "error", "Pod", SECOND, V6)},
        ("DS-NGX-001", "DS-NGX-008"),
        adding_server("server { listen 80; }"),
    ),
    Case(
        "loopback-server-is-nobodys-business",
        "08",
        unchanged,
        SINGLE,
        ("DS-NGX-001", "DS-NGX-003", "DS-NGX-007"),
        adding_server(
            "server { listen 127.0.0.1:9000; server_name a; } server { listen unix:/a; listen localhost:80; }"
        ),
    ),
    Case(
        "redirect-port-of-the-manifest-for-aws-is-deaf",
        "08",
        all_of(_dual_service, _with_port({"name": "r", "port": 8000, "protocol": "TCP", "targetPort": 2443})),
        DEAF | _named(FIRST) | _named(SECOND),
        ("DS-NGX-007", "DS-NGX-008"),
        adding_server("server { listen 2443; return 308 https://$host$request_uri; }"),
    ),
    Case(
        "host-name-as-target-may-be-of-any-family",
        "08",
        all_of(_dual_service, _with_port({"name": "r", "port": 8000, "protocol": "TCP", "targetPort": 2443})),
        set(),
        ("DS-NGX-001", "DS-NGX-003"),
        adding_server("server { listen 10.0.0.7:2443; listen edge.example:2443; }"),
    ),
    Case(
        "http3-is-a-listener-for-udp",
        "08",
        all_of(_dual_service, _with_port(HTTPS_OVER_UDP)),
        set(),
        ("DS-NGX-003",),
        adding_server(QUIC),
    ),
    Case(
        "http3-of-one-family",
        "08",
        all_of(_dual_service, _with_port(HTTPS_OVER_UDP)),
        DEAF | _named(FIRST) | _named(SECOND),
        (),
        adding_server("server { listen 443 quic reuseport; server_name _; }"),
    ),
    Case(
        "udp-port-that-nginx-has-nothing-to-do-with",
        "08",
        all_of(_dual_service, _with_port(HTTPS_OVER_UDP)),
        set(),
        ("DS-NGX-003",),
    ),
    Case(
        "controller-of-the-first-manifests",
        "08",
        _without_labels(COMPONENT),
        SINGLE | _named(FIRST) | _named(SECOND),
        (),
        without("[::]"),
    ),
    Case(
        "controller-known-by-its-arguments",
        "08",
        _without_labels(COMPONENT, NAME),
        SINGLE | _named(FIRST) | _named(SECOND),
        (),
        without("[::]"),
    ),
    Case(
        "controller-known-by-its-image",
        "08",
        _without_labels(COMPONENT, NAME, image="registry.example/mirror/ingress-nginx/controller-chroot:v1.15.0"),
        SINGLE | _named(FIRST) | _named(SECOND),
        (),
        without("[::]"),
    ),
    Case(
        "another-nginx-is-no-controller",
        "08",
        _without_labels(COMPONENT, NAME, image="docker.io/nginx/nginx-ingress:5.0"),
        {("DS-LSN-003", "warning", "Service", CONTROLLER, V6)},
        ("DS-NGX-001", "DS-NGX-005", "DS-NET-004", "DS-NET-005"),
        without("[::]"),
    ),
    Case(
        "published-service-is-the-one",
        "08",
        _with_internal,
        SINGLE | {("DS-SVC-002", "note", "Service", "internal", V6)},
        (),
    ),
    Case(
        "another-service-is-published",
        "08",
        all_of(_with_internal, _flags(PUBLISHED, "ingress-nginx/internal")),
        ONLY_INTERNAL | {("DS-SVC-002", "note", "Service", CONTROLLER, V6)},
        (),
    ),
    Case(
        "published-service-that-is-not-there",
        "08",
        all_of(_with_internal, _flags(PUBLISHED, "edge/gone"), _of_type(ADMISSION, "NodePort")),
        SINGLE | ONLY_INTERNAL | {("DS-SVC-002", "note", "Service", ADMISSION, V6)},
        (),
    ),
    Case(
        "nothing-is-published",
        "08",
        all_of(_flags(f"--publish-service={PUBLISHED}", "--v=2"), _of_type(CONTROLLER, "ClusterIP")),
        {("DS-SVC-002", "note", "Service", CONTROLLER, V6)},
        ("DS-NGX-005", "DS-NGX-003", "DS-NET-003"),
    ),
    Case(
        "inert-listener",
        "10",
        unchanged,
        {("DS-NGX-004", "note", "Pod", "ingress-nginx-controller-cccqb57zf7-fccmq", V6)},
        ("DS-NGX-001", "DS-NODE-001"),
    ),
    Case(
        "inert-listener-on-the-host",
        "10",
        lambda items: pod_named(items, CONTROLLER)["spec"].update(hostNetwork=True),
        set(),
        ("DS-NGX-004",),
    ),
    Case(
        "file-that-cannot-be-read-proves-nothing",
        "08",
        unchanged,
        SINGLE,
        ("DS-NGX-001", "DS-NGX-003", "DS-NGX-007", "DS-NGX-008"),
        lambda name, text: without("[::]")(name, text).replace("http {", "http { include servers/*;") + "\n{",
    ),
    Case(
        "controller-service-of-both-families-needs-both",
        "08",
        with_spec("Service", CONTROLLER, ipFamilyPolicy="PreferDualStack"),
        {("DS-SVC-001", "warning", "Service", CONTROLLER, V6)},
        ("DS-NGX-005",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_cluster_shows_this_and_nothing_else_of_weight(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


@pytest.mark.parametrize("of", [(FIRST,), (FIRST, SECOND)], ids=["one replica", "both"])
def test_file_that_was_not_understood_leaves_its_checks_unevaluated(of: tuple[str, ...], tmp_path: Path) -> None:
    session = changed("08", unchanged, tmp_path, lambda name, text: text + "\n{" if name in of else text)
    found = {entry.check: entry.reason for entry in session.not_evaluated() if entry.check.startswith("DS-NGX")}
    assert list(found) == [f"DS-NGX-{number:03}" for number in (1, 3, 4, 7, 8, 9, 10)]
    assert all("could not be parsed: the directive at line 282 does not end" in reason for reason in found.values())
    is_half = [reason.endswith("; evaluated for the other controllers only") for reason in found.values()]
    assert set(is_half) == {len(of) == 1}


def test_file_that_is_missing_leaves_those_unevaluated_that_never_go_by_a_prediction(tmp_path: Path) -> None:
    session = changed("08", unchanged, tmp_path)
    session.state.apply(Changed(Kind.PROXY_LISTENERS, (), (("ingress-nginx", FIRST),)))
    found = [entry.check for entry in session.not_evaluated() if entry.check.startswith("DS-NGX")]
    assert found == [f"DS-NGX-{number:03}" for number in (1, 4, 7, 8, 9)]


def test_it_is_a_warning_where_the_configmap_that_may_disable_ipv6_was_not_read(tmp_path: Path) -> None:
    session = changed("08", removing("ConfigMap", CONTROLLER), tmp_path, without("[::]"))
    engine = Engine(session.state, live=False)
    found = []
    for reason in ("", f"not read in ingress-nginx/{CONTROLLER}", ""):
        session.state.apply(StatusChanged(kind=Kind.CONFIG_MAP, health=Health.GIVEN, reason=reason))
        engine.note_statuses()
        engine.step(math.inf)
        unevaluated = {entry.check for entry in session.not_evaluated()} & {"DS-NGX-001", "DS-NGX-002", "DS-CLU-009"}
        found.append(([f.severity.value for f in engine.findings if f.check == "DS-NGX-001"], unevaluated))
    known = (["error", "error"], set[str]())
    assert found == [known, (["warning", "warning"], {"DS-NGX-002"}), known]
