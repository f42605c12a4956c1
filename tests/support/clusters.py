"""Clusters for tests: fixtures of tests/data, optionally changed, as sessions that have read and evaluated them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsview.checks.engine.policy import Policy
from dsview.core.finding import Finding
from dsview.session.session import Session
from dsview.sources.files import FilesSource

DATA = Path(__file__).parent.parent / "data"
LISTENER_SCENARIOS = sorted(path for path in (DATA / "scenarios-listeners").iterdir() if path.is_dir())
SCENARIOS = sorted(path for path in (DATA / "scenarios").iterdir() if path.is_dir())
RECORDINGS = DATA / "recordings"

Json = dict[str, Any]


def settle(session: Session) -> Session:
    """Start a session and drain it until everything is read and evaluated."""
    session.start()
    while not session.is_settled:
        session.drain(0.5)
    return session


def from_path(path: Path, policy: Policy | None = None) -> Session:
    """A session that has read and evaluated a file or directory."""
    return settle(Session(FilesSource(str(path)), policy=policy))


def changed(
    scenario: str,
    change: Callable[[list[Json]], object],
    folder: Path,
    conf: Callable[[str, str], str] = lambda name, text: text,
) -> Session:
    """A scenario with changed objects and nginx.conf files (`conf` gets the pod's name and the text).

    `folder` is a temporary directory.
    """
    source = next(path for path in SCENARIOS if path.name.startswith(scenario))
    items: list[Json] = json.loads((source / "objects.json").read_text())["items"]
    change(items)
    (folder / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    for path in source.glob("nginx/*/*.conf"):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(conf(path.stem, path.read_text()))
    return from_path(folder)


def find(items: list[Json], kind: str, name: str) -> Json:
    """The object of this kind and name."""
    return next(i for i in items if i["kind"] == kind and i["metadata"]["name"] == name)


def findings_by_code(session: Session) -> dict[str, list[Finding]]:
    """The findings, by code."""
    findings: dict[str, list[Finding]] = {}
    for finding in session.findings.sorted():
        findings.setdefault(finding.check, []).append(finding)
    return findings
