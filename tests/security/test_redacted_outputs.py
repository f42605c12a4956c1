"""`--redact` applies to everything that leaves the process, and changes no finding."""

from __future__ import annotations

import gzip
import json
import logging
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsview.cli import cli, crash, logs
from dsview.core.listen import ProxyListeners
from dsview.session.session import Session
from dsview.sources.files import FilesSource
from dsview.sources.redact import RedactedSource
from dsview.sources.redact.logged import redacted_path
from dsview.sources.redact.names import KEPT_NAMES, KEPT_NAMESPACES, KEPT_PROVIDERS, KEPT_TAINTS, KEPT_VALUES
from tests.security.live import cluster
from tests.support.apiserver import ApiServer
from tests.support.clusters import DATA, SCENARIOS, settle
from tests.support.mutants import Json, mutant

KEY = b"the same each time"


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    yield
    logs.set_up(None, 0)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with cluster() as server:
        yield server


def test_a_redacted_snapshot_names_nothing_in_its_log_and_on_standard_error(api: ApiServer, tmp_path: Path) -> None:
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
    words = ["snapshot", "--redact", "-o", str(tmp_path / "s.json"), "--log-file", str(tmp_path / "log"), "-v"]
    result = CliRunner().invoke(cli, [*words, "--kubeconfig", str(kubeconfig)])
    assert result.exit_code == 0, result.output
    log = (tmp_path / "log").read_text()
    assert "watch /api/v1/pods 200" in log
    items = [item for kind in api.objects.values() for item in kind.values()]
    names = {item["metadata"]["name"] for item in items} | {item["metadata"].get("namespace", "") for item in items}
    own = {name for name in names if len(name) > 3} - KEPT_NAMES - KEPT_NAMESPACES - KEPT_VALUES - {"nginx"}
    assert own
    for text in (log, result.stderr, (tmp_path / "s.json").read_text()):
        assert not [name for name in own if f"/{name}" in text or f'"{name}"' in text]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/v1/pods?limit=500", "/api/v1/pods"),
        ("/apis/discovery.k8s.io/v1/endpointslices", "/apis/discovery.k8s.io/v1/endpointslices"),
        ("/api/v1/namespaces/shop/pods/web-1/exec?command=cat", "/api/v1/namespaces/(redacted)/pods/(redacted)/exec"),
        ("/api/v1/namespaces/pods/services/v1", "/api/v1/namespaces/(redacted)/services/(redacted)"),
        ("/apis/shop.example/v1/things", "/apis/(redacted)/v1/(redacted)"),
        ("/version", "/version"),
    ],
)
def test_a_logged_path_keeps_what_the_api_defines(path: str, shown: str) -> None:
    assert redacted_path(path) == shown


SAID = ("pod shop/web at 10.1.2.3", "namespace shop is odd")


def failed() -> ValueError:
    try:
        try:
            raise KeyError(SAID[0])
        except KeyError as error:
            raise ValueError(SAID[1]) from error
    except ValueError as error:
        return error


def test_a_redacted_log_and_crash_report_say_where_and_not_what(tmp_path: Path) -> None:
    logs.set_up(str(tmp_path / "log"), 1, redact=True)
    logging.getLogger("dsview.any").warning("%s: %s of %s", 3, "shop/web", "/api/v1/namespaces/shop")
    logging.getLogger("urllib3").warning("shop.example is slow")
    logs.log_failure(failed())
    report = crash.report_text(failed())
    log = (tmp_path / "log").read_text()
    assert "3: (redacted) of /api/v1/namespaces/(redacted)" in log
    for text in (log, report):
        assert "ValueError: (redacted)" in text
        assert "KeyError: (redacted)" in text
        assert "in failed" in text
        assert not [word for word in ("10.1.2.3", "shop", "is slow") if word in text]
    logs.set_up(None, 0)
    assert all(said in crash.report_text(failed()) for said in SAID)


def test_what_stays_of_taints_and_providers_is_a_list_of_exact_values(tmp_path: Path) -> None:
    taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/acme-blue", "node-role.kubernetes.io/acme", "acme"]
    providers = {"a": "aws:///eu-1/i-0123", "b": "acme-cloud://rack-7", "c": "rack-7", "d": "kind://docker/acme/node"}
    items: list[Json] = [
        {
            "kind": "Node",
            "apiVersion": "v1",
            "metadata": {"name": name},
            "spec": {"providerID": provider, "taints": [{"key": key, "effect": "NoSchedule"} for key in taints]},
        }
        for name, provider in providers.items()
    ]
    (tmp_path / "nodes.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    session = settle(Session(RedactedSource(FilesSource(str(tmp_path)), KEY)))
    nodes = list(session.state.nodes)
    assert sorted(node.provider_id for node in nodes) == ["aws:", "kind:", "other", "other:"]
    kept = {key for node in nodes for key, _ in node.taints}
    assert kept == {"node.kubernetes.io/not-ready", "taint-1", "taint-2", "taint-3"}
    assert all("acme" not in text for text in KEPT_TAINTS | KEPT_PROVIDERS)


def verdict(session: Session) -> Counter[tuple[object, ...]]:
    return Counter(
        (f.check, f.severity, f.object.kind, f.family, session.root_of(f) is not None) for f in session.findings
    )


def clusters() -> Iterator[tuple[Path, list[Json]]]:
    for path in [*SCENARIOS, *sorted((DATA / "cases").iterdir())]:
        for file in path.glob("objects.json*"):
            content = file.read_bytes()
            found: Any = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
            items: list[Json] = found.get("items") or []
            is_whole = bool(items) and all("kind" in item and "metadata" in item for item in items)
            if is_whole and len(items) < 400:
                yield path, items


def session_of(path: Path, items: list[Json], folder: Path) -> tuple[Session, Session]:
    """The objects, nginx.conf files and version of a folder, unchanged and redacted."""
    (folder / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    for file in [*path.glob("nginx/*/*.conf"), *path.glob("version.json")]:
        target = folder / file.relative_to(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    plain = Session(FilesSource(str(folder)), clock=lambda: 1.9e9)
    hidden = Session(RedactedSource(FilesSource(str(folder)), KEY), clock=lambda: 1.9e9)
    return settle(plain), settle(hidden)


@pytest.mark.parametrize("part", range(4))
def test_changed_clusters_have_the_same_findings_redacted(part: int, tmp_path: Path) -> None:
    known = list(clusters())
    assert len(known) > 40
    for seed in range(40 * part, 40 * (part + 1)):
        by = random.Random(seed)
        path, items = by.choice(known)
        folder = tmp_path / str(seed)
        folder.mkdir()
        plain, hidden = session_of(path, mutant(items, by), folder)
        assert verdict(hidden) == verdict(plain), (path.name, seed)
        assert not [
            conf for conf in hidden.state.proxy_listeners if isinstance(conf, ProxyListeners) and "shop" in conf.name
        ]
