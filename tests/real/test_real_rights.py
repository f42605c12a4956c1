"""What a real API server permits, and the audit log of a whole session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from dsview.core.listen import ListenSource
from dsview.export.rbac import cluster_role
from dsview.kinds.kind import Kind
from dsview.kinds.registry import GATEWAY_KINDS, RESOURCES
from dsview.listeners.registry import CONF_COMMANDS
from dsview.sources.events import Health
from dsview.sources.kube import retries
from tests.real.kubelet import Kubelet
from tests.real.real import PODS, SERVICES, Real, pod, service
from tests.security.live import live
from tests.support.clusters import DATA
from tests.support.driven import FOLLOWED
from tests.support.realapi import USER, USER_TOKEN, Json, RealApi, RequestFailed

OpenReal = Callable[..., Real]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
AS_USER = {"token": USER_TOKEN}
CONF = next((DATA / "scenarios" / "09-disable-ipv6").glob("nginx/*/*.conf")).read_bytes()


@pytest.fixture
def permit(api: RealApi) -> Iterator[Callable[[str], None]]:
    """Replaces the ClusterRole of the user with this one, as YAML."""
    api.delete(f"{RBAC}/clusterroles/dsview")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "dsview"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "dsview"},
        "subjects": [{"kind": "User", "name": USER}],
    }
    api.create(f"{RBAC}/clusterrolebindings", binding)

    def give(role: str) -> None:
        rules = yaml.safe_load(role)
        try:
            api.request("PUT", f"{RBAC}/clusterroles/dsview", rules)
        except RequestFailed:
            api.create(f"{RBAC}/clusterroles", rules)

    yield give
    api.delete(f"{RBAC}/clusterrolebindings/dsview")


@pytest.fixture
def controller(api: RealApi) -> Iterator[Kubelet]:
    """An ingress-nginx controller pod, on a node whose kubelet runs commands in it."""
    with Kubelet({" ".join(CONF_COMMANDS[0]): CONF}) as kubelet:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}}
        api.create("/api/v1/nodes", node)
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet.port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        api.patch("/api/v1/nodes/node-a/status", {"status": status})
        labels = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
        one = pod("controller", **labels)
        one["spec"] = {
            "nodeName": "node-a",
            "containers": [{"name": "controller", "image": "registry.test/ingress-nginx/controller:v1.15.0"}],
        }
        api.create(PODS, one)
        running = {
            "phase": "Running",
            "podIP": "10.244.0.7",
            "podIPs": [{"ip": "10.244.0.7"}, {"ip": "fd00:10:244::7"}],
            "startTime": "2026-11-20T08:00:00Z",
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        api.patch(f"{PODS}/controller/status", {"status": running})
        yield kubelet
        api.delete(f"{PODS}/controller")
        api.delete("/api/v1/nodes/node-a")


def harmless(entries: list[Json]) -> set[tuple[str, str]]:
    """Check that all requests are those that dsview promises. Returns them by verb and resource."""
    asked = set()
    for entry in entries:
        target = entry.get("objectRef", {"resource": entry["requestURI"].partition("?")[0]})
        name = "/".join(filter(None, (target["resource"], target.get("subresource"))))
        asked.add((entry["verb"], name))
        assert "secret" not in entry["requestURI"].lower()
        if name == "pods/exec":
            query = parse_qs(urlsplit(entry["requestURI"]).query)
            assert tuple(query["command"]) in CONF_COMMANDS
        elif name == "configmaps":
            assert "fieldSelector=metadata.name" in entry["requestURI"] or target.get("name")
    assert {verb for verb, name in asked if name != "pods/exec"} <= {"get", "list", "watch"}
    assert {verb for verb, name in asked if name == "pods/exec"} <= {"get", "create"}
    return asked


@pytest.mark.parametrize("no_exec", [False, True], ids=["with exec", "without exec"])
@pytest.mark.usefixtures("controller")
async def test_the_printed_cluster_role_is_enough_and_the_audit_log_of_a_whole_session_holds_only_reading(
    api: RealApi, permit: Callable[[str], None], tmp_path: Path, no_exec: bool
) -> None:
    permit(cluster_role(with_exec=not no_exec))
    before = len(api.audit())
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig", **AS_USER), no_exec=no_exec) as one:
        await one.settled()
        await one.tour()
        assert one.app.workspace is not None
        state = one.app.workspace.session.state
        # Events are polled, Endpoints are read only on request.
        healths = {kind: state.status(kind).health for kind in RESOURCES if kind is not Kind.ENDPOINTS}
        assert {kind for kind, health in healths.items() if health is Health.ABSENT} == set(GATEWAY_KINDS)
        assert set(healths.values()) <= {Health.LIVE, Health.POLLING, Health.ABSENT}, healths
        sources = {conf.source for conf in state.proxy_listeners}
        assert sources == {ListenSource.PREDICTED if no_exec else ListenSource.READ}
    log = api.audit()[before:]
    asked = harmless(log)
    assert {("watch", RESOURCES[kind].plural) for kind in FOLLOWED} | {("list", "events")} <= asked
    # YAML is read anew.
    assert ("get", "services") in asked
    assert bool([name for _, name in asked if name == "pods/exec"]) is not no_exec
    refused = [entry["requestURI"] for entry in log if entry["responseStatus"].get("code") == 403]
    assert refused == []


def test_half_of_the_rights_show_half_of_the_kinds_and_say_what_is_missing(
    api: RealApi, real: OpenReal, permit: Callable[[str], None]
) -> None:
    role = yaml.safe_load(cluster_role())
    role["rules"] = [{**rule, "resources": [r for r in rule["resources"] if r != "pods"]} for rule in role["rules"]]
    permit(json.dumps(role))
    one = real(user=AS_USER).settle()
    assert one.health(Kind.POD) is Health.REFUSED
    assert 'cannot list resource "pods"' in one.reason(Kind.POD) or "watch" in one.reason(Kind.POD)
    assert not one.statuses(but=[Kind.POD])
    assert any(entry.check == "DS-POD-001" for entry in one.session.not_evaluated())


def test_rights_that_are_withdrawn_are_said_and_given_back_are_used(
    api: RealApi, real: OpenReal, permit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.5)
    permit(cluster_role())
    one = real(user=AS_USER, interval=0.2).settle()
    assert not one.statuses()
    permit("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: dsview}, rules: []}")
    # A permitted watch lasts for minutes; the refusal appears when it is reopened.
    one.wake()
    one.until_status(Health.REFUSED, "forbidden", *FOLLOWED)
    api.create(SERVICES, service("unseen"))
    permit(cluster_role())
    one.assert_recovers()
    assert one.session.state.services.get(("default", "unseen")) is not None


def test_without_any_right_every_kind_is_refused_and_nothing_else_is_tried(
    api: RealApi, real: OpenReal, permit: Callable[[str], None]
) -> None:
    permit("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: dsview}, rules: []}")
    before = len(api.audit())
    one = real(user=AS_USER).settle()
    one.until_status(Health.REFUSED, "forbidden", *FOLLOWED)
    assert one.session.state.server.version is not None
    asked = harmless(api.audit()[before:])
    # Instead of all namespaces, that of the context is tried, if it names one.
    assert {name for _, name in asked} <= {*(RESOURCES[kind].plural for kind in RESOURCES), "/version", "/apis"}
