"""The health of a kind that is read in several namespaces, or one object at a time."""

from __future__ import annotations

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube.health import EVERYWHERE, KindHealth


def test_a_kind_has_the_health_of_its_only_scope() -> None:
    changed = KindHealth().set_scope(Kind.POD, EVERYWHERE, Health.STALE, "connection refused")
    assert changed is not None
    assert (changed.health, changed.reason, changed.namespaces) == (Health.STALE, "connection refused", None)


def test_a_health_that_did_not_change_is_not_sent_again() -> None:
    health = KindHealth()
    assert health.set_scope(Kind.POD, EVERYWHERE, Health.LIVE, "") is not None
    assert health.set_scope(Kind.POD, EVERYWHERE, Health.LIVE, "") is None
    assert health.set_scope(Kind.NODE, EVERYWHERE, Health.LIVE, "") is not None


def test_a_kind_is_loading_until_the_last_of_its_namespaces_is_read() -> None:
    health = KindHealth()
    health.set_scope(Kind.POD, "shop", Health.LOADING, "")
    health.set_scope(Kind.POD, "web", Health.LOADING, "")
    assert health.set_scope(Kind.POD, "shop", Health.LIVE, "") is None
    changed = health.set_scope(Kind.POD, "web", Health.LIVE, "")
    assert changed is not None
    assert (changed.health, changed.namespaces) == (Health.LIVE, ("shop", "web"))


def test_a_kind_has_the_worst_health_of_the_namespaces_that_were_read_and_names_the_others() -> None:
    health = KindHealth()
    health.set_scope(Kind.POD, "shop", Health.LIVE, "")
    health.set_scope(Kind.POD, "web", Health.POLLING, "may not be watched")
    changed = health.set_scope(Kind.POD, "bank", Health.REFUSED, "forbidden")
    assert changed is not None
    assert (changed.health, changed.reason) == (Health.POLLING, "not read in bank")
    assert changed.namespaces == ("shop", "web")


def test_the_namespace_that_is_read_instead_of_all_is_no_failure() -> None:
    health = KindHealth()
    health.set_scope(Kind.POD, EVERYWHERE, Health.REFUSED, "forbidden")
    changed = health.set_scope(Kind.POD, "shop", Health.LIVE, "")
    assert changed is not None
    assert (changed.health, changed.reason, changed.namespaces) == (Health.LIVE, "", ("shop",))
