"""The trace of Services, Ingresses and Pods: the verdict of each hop, where a family breaks, and the output."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from dsview.analysis.hop import Hop, Outcome, Trace, Verdict
from dsview.analysis.trace import trace_pod
from dsview.analysis.trace_layout import wrapped
from dsview.analysis.trace_target import trace_named
from dsview.cli import cli
from dsview.core.errors import UserError
from dsview.core.text import cell_width
from dsview.export.trace import render_json, render_text
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from tests.support.agreement import assert_agreement
from tests.support.clusters import RECORDINGS, SCENARIOS, Json, changed, find, from_path, settle

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "tui/dsview/export/trace.schema.json").read_text())


@pytest.fixture(scope="module")
def troubled() -> Session:
    session = settle(Session(DemoSource("troubled")))
    session.stop()
    return session


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=False)


def code(result: Result) -> int:
    return result.return_value if isinstance(result.return_value, int) else result.exit_code


def hop(trace: Trace, hop_id: str) -> Hop:
    return next(hop for hop in trace.hops if hop.id == hop_id)


@pytest.mark.parametrize(
    ("name", "v4", "v6", "causes"),
    [
        ("service/shop/web", Outcome.CLEAR, Outcome.BROKEN, ["pods"]),
        ("svc/checkout", Outcome.CLEAR, Outcome.BROKEN, ["nodes"]),
        ("svc/payments/gateway", Outcome.CLEAR, Outcome.BROKEN, ["load-balancer"]),
        ("svc/monitoring/grafana", Outcome.BROKEN, Outcome.BROKEN, ["load-balancer"]),
        ("svc/default/kubernetes", Outcome.CLEAR, Outcome.NOT_OFFERED, []),
        ("svc/shop/cart", Outcome.CLEAR, Outcome.CLEAR, []),
        ("svc/ingress-nginx-controller", Outcome.CLEAR, Outcome.BROKEN, ["listen"]),
        ("host/pay.example.com", Outcome.CLEAR, Outcome.BROKEN, ["listen"]),
        ("ingress/shop/storefront", Outcome.CLEAR, Outcome.BROKEN, ["listen"]),
    ],
)
def test_a_family_breaks_where_its_cause_is(
    troubled: Session, name: str, v4: Outcome, v6: Outcome, causes: list[str]
) -> None:
    found = trace_named(troubled, name)
    assert (found.v4.outcome, found.v6.outcome) == (v4, v6)
    assert [found.hops[i].id for i in found.v6.causes] == causes


def test_a_breach_at_some_of_the_objects_is_one_in_part(troubled: Session) -> None:
    assert trace_named(troubled, "svc/shop/checkout").v6.sentence.startswith("IPv6 breaks in part at Nodes")
    assert trace_named(troubled, "svc/shop/web").v6.sentence.startswith("IPv6 breaks at Pods")


def test_a_broken_hop_brings_the_fix_of_its_finding(troubled: Session) -> None:
    assert trace_named(troubled, "svc/shop/web").fix == "kubectl -n shop rollout restart deployment/web"
    assert "kubectl -n payments patch service api" in trace_named(troubled, "svc/payments/api").fix
    assert trace_named(troubled, "svc/shop/cart").fix == ""


def test_a_host_is_followed_to_its_own_backend_only(troubled: Session) -> None:
    backends = [hop.id for hop in trace_named(troubled, "host/cart.example.com").hops if hop.id.startswith("backend")]
    assert backends == ["backend/cart"]
    every = [hop.id for hop in trace_named(troubled, "ingress/storefront").hops if hop.id.startswith("backend")]
    assert every == ["backend/web", "backend/cart"]


def test_a_backend_of_one_family_breaks_nothing_since_nginx_is_between(troubled: Session) -> None:
    backend = hop(trace_named(troubled, "host/shop.example.com"), "backend/web")
    assert (backend.v4.verdict, backend.v6.verdict) == (Verdict.OK, Verdict.ABSENT)
    assert backend.v6.why == "the proxy reaches it over IPv4"


def test_an_ingress_of_an_unknown_controller_is_not_proven(tmp_path: Path) -> None:
    def foreign(items: list[Json]) -> None:
        items.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": "odd", "namespace": "shop"},
                "spec": {
                    "ingressClassName": "other",
                    "rules": [
                        {
                            "host": "*.odd.test",
                            "http": {"paths": [{"backend": {"service": {"name": "gone", "port": {"number": 80}}}}]},
                        }
                    ],
                },
            }
        )

    session = changed("03", foreign, tmp_path)
    found = trace_named(session, "host/a.odd.test")
    assert hop(found, "listen").v6.verdict is Verdict.NOT_PROVEN
    assert hop(found, "backend/gone").v4.verdict is Verdict.BROKEN
    assert found.host == "a.odd.test"


def test_a_pod_is_followed_alone_and_through_its_service(troubled: Session) -> None:
    (pod, *_) = [p for p in troubled.state.pods if p.namespace == "shop" and p.name.startswith("web-")]
    found = trace_named(troubled, f"pod/shop/{pod.name}")
    assert "through Service shop/web" in found.title
    assert found.v6.sentence == "IPv6 breaks at Pod: the pod has no IPv6"
    assert [hop.id for hop in found.hops] == ["client", "service", "endpoint-slices", "pods", "nodes"]
    assert hop(found, "endpoint-slices").v4.values == ("ready",)


def test_a_pod_that_no_service_selects_is_followed_by_its_own_address(troubled: Session) -> None:
    found = trace_named(troubled, next(f"pod/kube-system/{p.name}" for p in troubled.state.control_plane.values()))
    assert "which no Service selects" in found.title
    assert [hop.id for hop in found.hops] == ["client", "pods", "nodes"]


def service_of(change: Callable[[Json], object], folder: Path) -> Trace:
    session = changed("03", lambda items: change(find(items, "Service", "web")), folder)
    return trace_named(session, "svc/shop/web")


def test_an_alias_of_a_dns_name_is_not_proven_rather_than_not_offered(tmp_path: Path) -> None:
    found = service_of(lambda s: s.update(spec={"type": "ExternalName", "externalName": "example.com"}), tmp_path)
    assert [hop.id for hop in found.hops] == ["client", "service"]
    assert found.v6.outcome is Outcome.NOT_PROVEN


def test_a_load_balancer_with_a_host_name_only_is_not_proven(tmp_path: Path) -> None:
    def named(service: Json) -> None:
        service["spec"]["type"] = "LoadBalancer"
        service["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}

    lanes = hop(service_of(named, tmp_path), "load-balancer")
    assert (lanes.v4.verdict, lanes.v6.verdict) == (Verdict.NOT_PROVEN, Verdict.NOT_PROVEN)
    assert lanes.v4.values == ("lb.example.com",)


def test_a_node_port_is_in_order_where_every_node_has_the_family(tmp_path: Path) -> None:
    def opened(service: Json) -> None:
        service["spec"]["type"] = "NodePort"
        service["spec"]["ports"][0]["nodePort"] = 30080

    lanes = hop(service_of(opened, tmp_path), "node-port")
    assert lanes.v4.verdict is Verdict.OK
    assert lanes.v4.values[0].startswith("30080 on ")


def test_a_policy_that_shuts_a_family_out_keeps_the_trace_from_calling_it_clear(tmp_path: Path) -> None:
    def shut(items: list[Json]) -> None:
        items.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "partners", "namespace": "default"},
                "spec": {
                    "podSelector": {},
                    "policyTypes": ["Ingress"],
                    "ingress": [{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}],
                },
            }
        )

    session = changed("01", shut, tmp_path)
    found = trace_named(session, "svc/default/my-service-2")
    assert found.v6.outcome is Outcome.FLAGGED
    assert "DS-NET-001" in found.v6.sentence
    assert found.v4.outcome is Outcome.CLEAR


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("web", "'web' cannot be traced; write service/NAMESPACE/NAME"),
        ("node/worker-a", "'node/worker-a' cannot be traced"),
        ("svc/a/b/c", "'svc/a/b/c' cannot be traced"),
        ("svc/shop/wep", "There is no Service 'shop/wep'. Did you mean shop/web?"),
        ("svc/payments/web", "There is no Service 'payments/web'. Did you mean shop/web?"),
        (
            "host/shop.exmaple.com",
            "No Ingress or HTTPRoute has the host 'shop.exmaple.com'. Did you mean shop.example.com",
        ),
        ("ing/nothing", "No Ingress or HTTPRoute has the host 'nothing'."),
        ("svc/\x1b[31m", r"There is no Service '\x1b[31m'."),
    ],
)
def test_what_cannot_be_found_is_a_sentence_with_a_suggestion(troubled: Session, name: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        trace_named(troubled, name)
    assert str(caught.value).startswith(sentence)
    assert caught.value.exit_code == 2


def test_what_was_not_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text('{"kind": "PodList", "items": []}')
    result = run("trace", "svc/shop/web", "--from", str(tmp_path))
    assert "It is not known whether there is a Service 'shop/web'" in result.stderr
    assert code(result) == 2


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["svc/shop/web", "host/shop.example.com", "svc/payments/gateway"])
def test_the_picture_keeps_to_its_width(troubled: Session, name: str, width: int) -> None:
    text = render_text(trace_named(troubled, name), width, False)
    # A fix comes last, and its lines are not wrapped, because they are commands.
    way = text.partition("\n  fix ")[0]
    assert all(cell_width(line) <= width for line in way.splitlines())
    assert "breaks here" in text


def test_a_name_is_cut_only_to_make_room_for_the_address_beside_it(troubled: Session) -> None:
    lines = render_text(trace_named(troubled, "svc/payments/gateway"), 74, False).splitlines()
    at = next(number for number, line in enumerate(lines) if "10.244.1.16" in line)
    assert "gateway-wx2kl7pggx-l8z9g" in lines[at]
    assert "fd00:10:244:1::10" in lines[at + 1]


def test_pods_that_are_not_named_are_counted(troubled: Session) -> None:
    text = " ".join(render_text(trace_named(troubled, "svc/shop/web"), 120, False).split())
    assert re.search(r"4 of 4 pods have no IPv6: \S+, \S+, \S+ and 1 more", text)


def test_the_lanes_stand_side_by_side_where_there_is_room(troubled: Session) -> None:
    wide = render_text(trace_named(troubled, "svc/shop/cart"), 80, False).splitlines()
    assert any("IPv4 ─" in line and "IPv6 ─" in line for line in wide)
    narrow = render_text(trace_named(troubled, "svc/shop/cart"), 40, False).splitlines()
    assert not any("IPv4 ─" in line and "IPv6 ─" in line for line in narrow)
    assert "fd00:10:96::5002" in "".join(narrow)


def test_colours_change_nothing_but_the_colours(troubled: Session) -> None:
    found = trace_named(troubled, "svc/shop/web")
    painted = render_text(found, 100, True)
    bare = re.sub("\x1b\\[[0-9;]*m", "", painted)
    assert [line.rstrip() for line in bare.splitlines()] == render_text(found, 100, False).splitlines()


@pytest.mark.parametrize("name", ["svc/shop/web", "host/shop.example.com", "svc/default/kubernetes"])
def test_the_json_holds_its_schema(troubled: Session, name: str) -> None:
    found = trace_named(troubled, name)
    value = json.loads(render_json(found, 80, False))
    jsonschema.validate(value, SCHEMA)
    assert value["IPv6"]["brokenAt"] == [found.hops[i].id for i in found.v6.causes]


def test_long_words_are_broken_where_their_parts_end() -> None:
    assert wrapped("pod ingress-nginx-controller-abc", 20) == ["pod", "ingress-nginx-", "controller-abc"]
    assert wrapped("x" * 7, 3) == ["xxx", "xxx", "x"]
    assert all(cell_width(line) <= 5 for line in wrapped("\u4e16\u754c" * 4, 5))


@pytest.mark.parametrize(("name", "expected"), [("svc/shop/web", 1), ("svc/shop/cart", 0), ("svc/shop/nothing", 2)])
def test_the_exit_code_says_whether_a_family_breaks(name: str, expected: int) -> None:
    assert code(run("trace", name, "--demo", "troubled")) == expected


EVERY = [*SCENARIOS, *sorted(path for path in RECORDINGS.iterdir() if path.is_dir())]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_trace_findings_and_overview_agree(path: Path) -> None:
    assert_agreement(from_path(path))


def test_pods_that_are_done_are_not_held_to_the_families_of_their_node() -> None:
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("15")))
    done = [pod for pod in session.state.pods if pod.phase == "Succeeded"]
    assert done
    for pod in done:
        assert trace_pod(session, pod).v6.outcome is Outcome.NOT_PROVEN


def test_a_service_that_leads_past_nginx_is_not_held_to_its_listeners(troubled: Session) -> None:
    found = trace_named(troubled, "svc/ingress-nginx/ingress-nginx-controller-admission")
    assert "listen" not in [hop.id for hop in found.hops]
    assert found.v6.outcome is Outcome.CLEAR


def test_a_listener_that_is_switched_off_is_mended_where_it_was_switched_off() -> None:
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("09")))
    found = trace_named(session, "ingress/shop/shop")
    assert "disable-ipv6" in found.v6.fix


def test_endpoints_that_nobody_would_choose_are_not_missed(tmp_path: Path) -> None:
    def bare(items: list[Json]) -> None:
        find(items, "Service", "web")["spec"].pop("selector")
        for item in items:
            if item["kind"] == "EndpointSlice":
                item["metadata"]["labels"]["kubernetes.io/service-name"] = "another"

    session = changed("03", bare, tmp_path)
    assert trace_named(session, "svc/shop/web").v4.outcome is Outcome.NOT_PROVEN


def test_the_name_of_a_hop_keeps_both_ends(troubled: Session) -> None:
    lines = render_text(trace_named(troubled, "svc/ingress-nginx-controller"), 80, False).splitlines()
    assert any(re.match(r"ingress\S*…troller ", line) for line in lines)
