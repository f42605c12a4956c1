"""dsview harms nothing: the requests of a whole session to a cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsview.analysis.detail_target import DETAILED
from dsview.cli import cli
from dsview.core.listen import ListenSource
from dsview.export.rbac import cluster_role
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import CONF_COMMANDS
from dsview.sources.events import Health
from dsview.ui.actions import ACTIONS
from tests.security.live import Live, cluster, live
from tests.security.rights import Rights
from tests.support.apiserver import KINDS, ApiServer
from tests.support.clusters import DATA

GATEWAYS = DATA / "scenarios-listeners" / "09-ngf-ipfamily-ipv4"


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with cluster() as server:
        yield server


def sources(one: Live) -> set[ListenSource]:
    """The sources of the listeners on the screen."""
    assert one.app.workspace is not None
    return {conf.source for conf in one.app.workspace.session.state.proxy_listeners}


def assert_harmless(api: ApiServer) -> None:
    """Check that every request is one that dsview promises."""
    assert {request.verb for request in api.log} <= {"get", "list", "watch", "exec"}
    assert not [request for request in api.log if "secret" in request.plural.lower()]
    assert all(request.command in CONF_COMMANDS for request in api.log if request.verb == "exec")
    assert all(request.plural == "pods" for request in api.log if request.verb == "exec")
    assert not [r for r in api.log if r.plural == "configmaps" and not (r.name or r.query.get("fieldSelector"))]


def test_the_fixed_commands_are_those_that_the_promise_names() -> None:
    assert set(CONF_COMMANDS) == {
        ("cat", "/etc/nginx/nginx.conf"),
        ("cat", "/chroot/etc/nginx/nginx.conf"),
        ("/dbg", "conf"),
        ("nginx", "-T"),
    }


async def test_a_full_session_only_gets_lists_watches_and_runs_the_fixed_commands(
    api: ApiServer, tmp_path: Path
) -> None:
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        await one.settled()
        assert sources(one) == {ListenSource.READ}
        pressed = await one.press_everything()
        await one.tour()
        assert one.app.is_running
    assert pressed >= {a.name for a in ACTIONS if a.name in {"detail", "trace", "findings", "yaml", "contexts", "help"}}
    assert_harmless(api)
    asked = {(request.verb, request.plural) for request in api.log}
    # YAML is read again, nginx.conf is read by exec, everything else is listed and watched: all of it happened.
    assert {("get", "services"), ("get", "pods"), ("get", "nodes"), ("exec", "pods"), ("watch", "services")} <= asked


async def test_going_to_another_context_and_back_asks_for_nothing_else(api: ApiServer, tmp_path: Path) -> None:
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        await one.settled()
        first = one.app.workspace
        await one.press("x", "enter")
        await one.until(lambda: one.app.workspace is not first, "the context was opened again")
        await one.settled()
    assert_harmless(api)


@pytest.mark.parametrize("no_exec", [False, True], ids=["with exec", "without exec"])
async def test_the_printed_cluster_role_is_enough_for_a_full_session(
    api: ApiServer, tmp_path: Path, no_exec: bool
) -> None:
    rights = Rights(cluster_role(with_exec=not no_exec))
    api.hook = rights.enforce
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig"), no_exec=no_exec) as one:
        await one.settled()
        await one.tour()
        assert one.app.workspace is not None
        state = one.app.workspace.session.state
        assert not [kind for kind, status in state.statuses.items() if status.health in {Health.FAILED, Health.STALE}]
        assert sources(one) == {ListenSource.PREDICTED if no_exec else ListenSource.READ}
    assert rights.refused == []
    assert ("exec" in {request.verb for request in api.log}) is not no_exec


def test_the_cluster_role_of_the_cronjob_is_enough_for_a_check(api: ApiServer, tmp_path: Path) -> None:
    rights = Rights(cluster_role(with_exec=False, with_details=False))
    api.hook = rights.enforce
    path = api.write_kubeconfig(tmp_path / "kubeconfig")
    result = CliRunner().invoke(cli, ["check", "--no-exec", "--kubeconfig", str(path), "--fail-on", "never"])
    assert result.exit_code == 0
    assert "not permitted" not in result.output
    assert rights.refused == []
    assert ("watch", "pods") in asked(api)


async def test_every_right_of_the_printed_cluster_role_is_used_by_some_session(api: ApiServer, tmp_path: Path) -> None:
    api.serves_add_ons, api.streams_lists = True, False
    api.load(json.loads((GATEWAYS / "objects.json").read_text())["items"])
    for plural, (version, kind, is_namespaced) in KINDS.items():
        where = {"namespace": "shop"} if is_namespaced else {}
        api.load([{"apiVersion": version, "kind": kind, "metadata": {"name": f"a-{plural}", **where}}])
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig"), select=("DS-EPS-006",)) as one:
        await one.settled()
        await one.until(lambda: ("list", "events") in asked(api), "Events were listed")
        assert one.app.workspace is not None
        state = one.app.workspace.session.state
        for kind in DETAILED.values():
            keys = list(state.store(kind).keys())
            assert keys, f"there is no {kind} to look at"
            one.app.go.yaml((kind, keys[0]))
            await one.until(partial(was_read, api, kind), f"a {kind} was read")
            await one.home()
    granted = {
        (verb, resource)
        for rule in Rights(cluster_role(with_exec=False)).rules
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    assert granted - asked(api) == set(), "granted, and never used"
    assert asked(api) - granted == {("exec", "pods")}, "asked for, and not granted"


@pytest.mark.parametrize(
    "words",
    [("check",), ("show", "pods"), ("plan",), ("trace", "service/kube-system/kube-dns"), ("snapshot", "-o", "-")],
    ids=" ".join,
)
def test_the_printed_cluster_role_is_enough_for_every_command(
    api: ApiServer, tmp_path: Path, words: tuple[str, ...]
) -> None:
    rights = Rights(cluster_role())
    api.hook = rights.enforce
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
    result = CliRunner().invoke(cli, [*words, "--kubeconfig", str(kubeconfig)], standalone_mode=False)
    assert result.exception is None
    assert rights.refused == []
    assert_harmless(api)
    assert ("watch", "services") in asked(api)


def was_read(api: ApiServer, kind: Kind) -> bool:
    return ("get", RESOURCES[kind].plural) in asked(api)


def asked(api: ApiServer) -> set[tuple[str, str]]:
    """The verbs and resources of all requests so far; discovery has no resource."""
    return {(request.verb, request.plural) for request in list(api.log) if request.plural in KINDS}


@pytest.mark.parametrize("no_exec", [False, True], ids=["with exec", "without exec"])
def test_the_cluster_role_permits_nothing_but_reading_what_is_read(no_exec: bool) -> None:
    rules = Rights(cluster_role(with_exec=not no_exec)).rules
    verbs = {verb for rule in rules if rule["resources"] != ["pods/exec"] for verb in rule["verbs"]}
    resources = [resource for rule in rules for resource in rule["resources"]]
    assert verbs == {"get", "list", "watch"}
    assert not {"*", "secrets"} & set(resources)
    assert ("pods/exec" in resources) is not no_exec
    assert all(rule["resourceNames"] for rule in rules if "configmaps" in rule["resources"])


async def test_without_any_right_the_screen_says_so_and_nothing_else_is_tried(api: ApiServer, tmp_path: Path) -> None:
    rights = Rights("rules: []")
    api.hook = rights.enforce
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        await one.until(lambda: "not permitted" in one.text, "the refusal is on the screen")
        await one.tour()
    assert_harmless(api)
    assert {request.plural for request in api.log} - {"version", "apis"} == {
        request.plural for request in rights.refused
    }
