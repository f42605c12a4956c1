"""A real API server and its store that go away and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import client, reflector, source
from tests.real.real import SERVICES, Real, service
from tests.support.driven import FOLLOWED
from tests.support.realapi import RealApi

OpenReal = Callable[..., Real]


@pytest.mark.parametrize("graceful", [True, False], ids=["graceful", "killed"])
def test_a_server_that_is_restarted_is_found_again_and_takes_nothing_away(
    api: RealApi, real: OpenReal, graceful: bool
) -> None:
    api.create(SERVICES, service(f"before-{graceful}".lower()))
    one = real().settle()
    kept = {item.key for item in one.session.state.services}
    api.stop(graceful=graceful)
    one.until_status(Health.STALE, "refuses the connection", *FOLLOWED)
    assert {item.key for item in one.session.state.services} == kept
    api.start()
    one.assert_recovers()
    assert kept <= {item.key for item in one.session.state.services}


def test_what_changed_while_the_server_was_away_is_known_afterwards(api: RealApi, real: OpenReal) -> None:
    api.create(SERVICES, service("goes"), service("changes"))
    one = real().settle()
    api.stop(graceful=False)
    one.until_status(Health.STALE, "refuses the connection", Kind.SERVICE)
    api.start()
    api.delete(f"{SERVICES}/goes")
    api.patch(f"{SERVICES}/changes", {"spec": {"ipFamilyPolicy": "RequireDualStack"}})
    one.assert_recovers()
    changed = one.session.state.services.get(("default", "changes"))
    assert changed is not None
    assert len(changed.cluster_ips) == 2
    assert one.session.state.services.get(("default", "goes")) is None


def test_a_server_that_returns_with_an_older_store_is_listed_again(api: RealApi, real: OpenReal) -> None:
    api.create(SERVICES, service("in-the-backup"))
    api.back_up()
    api.delete(f"{SERVICES}/in-the-backup")
    for number in range(30):
        api.create(SERVICES, service(f"after-the-backup-{number}"))
    one = real().settle()
    newest = max(int(item.resource_version) for item in one.session.state.services)
    api.stop(graceful=False)
    api.stop_store()
    one.until_status(Health.STALE, "refuses the connection", *FOLLOWED)
    api.restore()
    api.start_store()
    api.start()
    one.assert_recovers()
    assert max(int(item.resource_version) for item in one.session.state.services) < newest
    assert one.session.state.services.get(("default", "after-the-backup-1")) is None
    assert one.session.state.services.get(("default", "in-the-backup")) is not None


def test_a_server_without_its_store_is_waited_for_and_said_to_give_no_answer(
    api: RealApi, real: OpenReal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "RESPONSE_TIMEOUT", 1.0)
    monkeypatch.setattr(source, "MONITOR_INTERVAL", 0.5)
    one = real().settle()
    kept = {item.key for item in one.session.state.services}
    api.stop_store()
    # Watches continue from the server's memory; a list waits for the store.
    other = real()
    other.until_status(Health.LOADING, "may be waiting for its etcd", Kind.SERVICE, Kind.POD)
    assert {item.key for item in one.session.state.services} == kept
    api.start_store()
    api.await_ready()
    one.assert_recovers()
    other.assert_recovers()


def test_a_token_that_is_no_longer_accepted_is_said_and_a_new_one_is_used(
    api: RealApi, real: OpenReal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MIN_REFRESH_INTERVAL", 0.5)
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "reads-all"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": "reader"}],
    }
    api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    file = tmp_path / "token"

    def renew() -> None:
        api.create(accounts, {"metadata": {"name": "reader"}})
        asked = {"spec": {"expirationSeconds": 600}, "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        answer = json.loads(api.request("POST", f"{accounts}/reader/token", asked))
        file.write_text(answer["status"]["token"])

    renew()
    one = real(user={"tokenFile": str(file)}).settle()
    assert not one.statuses()
    # Tokens of an account end with it. A running server caches for some seconds that it accepted one.
    api.delete(f"{accounts}/reader")
    api.stop(graceful=False)
    api.start()
    one.until_status(Health.STALE, "does not accept the credentials", Kind.POD, Kind.SERVICE)
    renew()
    one.assert_recovers()
