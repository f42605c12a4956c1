"""Real API servers with other settings: other families, kinds not served, no streaming lists, no cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import kind_requests, retries
from dsview.sources.kube.object_batcher import ObjectBatcher
from tests.real.real import PODS, SERVICES, Real, pod, service
from tests.support.realapi import DUAL, RealApi

OpenReal = Callable[..., Real]
NOT_SERVED = "--runtime-config=networking.k8s.io/v1/networkpolicies=false"
PAGES = ("--feature-gates=WatchList=false,ListFromCacheSnapshot=false", "--watch-cache=false")
"""Lists in pages, watches and pages from etcd itself: nothing is remembered that etcd has forgotten."""


@pytest.fixture(scope="module")
def paging(tmp_path_factory: pytest.TempPathFactory, assets: None) -> Iterator[RealApi]:
    """A server without streaming lists and without a cache."""
    with RealApi(tmp_path_factory.mktemp("paging"), *PAGES) as server:
        yield server


@contextmanager
def session(api: RealApi, folder: Path) -> Iterator[Real]:
    """A session on a server."""
    one = Real(api, folder)
    yield one
    one.session.stop()


def test_lists_come_in_pages_where_they_are_not_streamed(
    paging: RealApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind_requests, "PAGE_SIZES", (5,))
    paging.create(PODS, *(pod(f"page-{number}") for number in range(23)))
    with session(paging, tmp_path) as one:
        one.settle()
        assert len(one.session.state.pods) == 23
        assert one.source.traffic()[Kind.POD].lists == 5
        one.assert_recovers()


def test_a_continue_that_etcd_has_compacted_begins_the_list_again(
    paging: RealApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind_requests, "PAGE_SIZES", (5,))
    paging.create(PODS, *(pod(f"expired-{number}") for number in range(12)))
    taken: list[str] = []
    add = ObjectBatcher.add

    def add_and_compact(batcher: ObjectBatcher, *arguments: object, **options: object) -> str:
        version: str = add(batcher, *arguments, **options)  # type: ignore[arg-type]  # passed on as they are
        if batcher._kind is Kind.POD and not taken:
            taken.append(version)
            paging.delete(f"{PODS}/expired-0")
            paging.create(PODS, pod("after-the-first-page"))
            paging.compact()
        return version

    monkeypatch.setattr(ObjectBatcher, "add", add_and_compact)
    with session(paging, tmp_path) as one:
        one.settle()
        one.assert_recovers()
        assert taken
        assert one.session.state.pods.get(("default", "expired-0")) is None
        assert one.session.state.pods.get(("default", "after-the-first-page")) is not None
        # The kinds that were listed were listed again from the beginning.
        assert one.source.traffic()[Kind.POD].lists > 1 + len(one.session.state.pods) // 5


def test_a_watch_from_a_version_that_etcd_has_compacted_lists_anew(paging: RealApi, tmp_path: Path) -> None:
    paging.create(SERVICES, service("compacted"))
    with session(paging, tmp_path) as one:
        one.settle()
        lists = one.source.traffic()[Kind.SERVICE].lists
        paging.stop(graceful=False)
        one.until_status(Health.STALE, "refuses the connection", Kind.SERVICE)
        kept = one.session.state.services.get(("default", "kubernetes"))
        paging.start()
        paging.delete(f"{SERVICES}/compacted")
        paging.compact()
        one.assert_recovers()
        assert one.session.state.services.get(("default", "compacted")) is None
        assert one.session.state.services.get(("default", "kubernetes")) == kept
        assert one.source.traffic()[Kind.SERVICE].lists > lists


def test_a_kind_that_is_not_served_is_absent_until_it_is(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.5)
    with RealApi(tmp_path_factory.mktemp("absent"), NOT_SERVED) as api, session(api, tmp_path) as one:
        one.settle()
        one.until_status(Health.ABSENT, "does not serve", Kind.NETWORK_POLICY)
        assert not one.statuses(but=[Kind.NETWORK_POLICY])
        assert any(entry.check == "DS-NET-001" for entry in one.session.not_evaluated())
        api.stop(graceful=False)
        api.flags = ()
        api.start()
        one.assert_recovers()
        assert not any(entry.check == "DS-NET-001" for entry in one.session.not_evaluated())


@pytest.mark.parametrize(
    ("ranges", "mode"),
    [("fd00:10:96::/112,10.96.0.0/16", "dual-ipv6-first"), ("10.96.0.0/16", "ipv4"), ("fd00:10:96::/112", "ipv6")],
)
def test_what_the_server_makes_of_services_is_as_it_should_be(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, ranges: str, mode: str
) -> None:
    with RealApi(tmp_path_factory.mktemp("families"), ranges=ranges) as api, session(api, tmp_path) as one:
        api.create(
            SERVICES,
            service("plain"),
            service("prefers", ipFamilyPolicy="PreferDualStack"),
            service("headless", clusterIP="None"),
            service("headless-without-selector", clusterIP="None", selector=None),
            service("external", type="ExternalName", externalName="db.example.test", selector=None, ports=None),
        )
        one.settle()
        # The server creates its ServiceCIDR only after it is up.
        one.until(lambda: one.session.profile.confidence.value == "declared", "the families are declared")
        assert one.session.profile.mode == mode
        one.until(lambda: len(one.session.state.services) == 6, "all are there")
        one.settle()
        said = {"DS-SVC-002": {"plain", "headless"}} if mode.startswith("dual") else {}
        found: dict[str, set[str]] = {}
        for finding in one.session.findings.sorted():
            found.setdefault(finding.check, set()).add(finding.object.name)
        assert found == said
        one.assert_recovers()


def test_a_cluster_that_becomes_dual_stack_says_which_services_stayed_behind(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with RealApi(tmp_path_factory.mktemp("converted"), ranges="10.96.0.0/16") as api, session(api, tmp_path) as one:
        api.create(SERVICES, service("prefers", ipFamilyPolicy="PreferDualStack"), service("plain"))
        one.until(lambda: one.session.profile.mode == "ipv4", "the families are known")
        one.settle()
        assert one.session.findings.sorted() == []
        api.stop(graceful=False)
        api.ranges = DUAL
        api.start()
        one.until(lambda: one.session.profile.mode == "dual-ipv4-first", "the cluster is dual-stack")
        one.until(lambda: one.found("prefers") == {"DS-SVC-001"}, "the one that prefers both is said to have one")
        one.until(lambda: one.found("plain") == {"DS-SVC-002"}, "the plain one is said to have one")
        api.patch(f"{SERVICES}/prefers", {"spec": {"ipFamilies": ["IPv4", "IPv6"]}})
        one.until(lambda: one.found("prefers") == set(), "the fix that is told helps")
        one.assert_recovers()
