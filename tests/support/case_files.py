"""Test cases of the checks in YAML: each patches a small shared cluster, and is loaded as an evaluated session.

A cluster (`tests/checks/clusters/NAME.yaml`) and each case name objects as `Kind/name`, in namespace default, or as
`Kind/namespace/name`. The value of an object in a case is merged into the object of that name (RFC 7386: null removes a
field, a list replaces the whole list); null instead of an object removes it; a new object starts from the `defaults` of
its kind. Redundant fields are filled in: uid and creation time, the singular fields that go with the plural ones, the
target of an endpoint.
"""

from __future__ import annotations

import copy
import io
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from dsview.checks.engine.check import Check
from dsview.core.finding import Finding, ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.files import FilesSource
from dsview.tables.flags import cell_of
from dsview.tables.registry import PANES
from tests.support.clusters import settle

Json = dict[str, Any]

FOLDER = Path(__file__).parents[1] / "checks"

_CREATED = "2026-11-20T08:00:00Z"
_SINGULAR = (("spec", "clusterIP"), ("spec", "podCIDR"), ("status", "podIP"), ("status", "hostIP"))


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"not_given": "not given"}):
    """A case: why the check must fire or stay silent, and the patches to the cluster.

    `finds`: every finding of the check, as `severity Kind/name family`; `cells`: the columns that they flag; `says`
    and `fix`: text that the message and the fix of one of them contain, or a null fix if none of them has one;
    `begins`: how the fix of each of them begins; `field` and `grace`: the same for each of them; `related`: the objects
    that they relate to, as `Kind/name`; `causes`: the findings that they can fold under, as `CODE Kind/name`.

    `at`: the time of the capture; by default all grace periods are over. `version`: the server version. `manifests`:
    objects that are plain manifests, as in a Git repository. `not given`: kinds that were not read. `status`: the
    status of a kind in the snapshot. `conf`: the nginx.conf of pods. `evaluated`: whether the check can be evaluated.
    """

    why: str
    objects: dict[str, Json | None] = {}
    conf: dict[str, str | None] = {}
    finds: list[str] = []
    cells: list[str] = []
    field: str | None = None
    says: str = ""
    fix: str | None = ""
    begins: str = ""
    grace: float | None = None
    related: list[str] | None = None
    causes: list[str] | None = None
    at: datetime | None = None
    version: str | None = None
    manifests: list[str] = []
    not_given: list[str] = []
    status: dict[str, Json] = {}
    evaluated: bool = True


class CaseFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The cases of one check. `objects` and `conf` are patches to `cluster` that apply to all of them."""

    cluster: str = "dual"
    objects: dict[str, Json | None] = {}
    conf: dict[str, str | None] = {}
    fires: list[Case]
    silent: list[Case]


class Cluster(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A shared cluster; `changes` names the cluster that it patches, if any."""

    changes: str | None = None
    defaults: dict[str, Json] = {}
    objects: dict[str, Json | None] = {}
    conf: dict[str, str | None] = {}


class Ref(NamedTuple):
    """The kind, namespace (empty for cluster-scoped kinds) and name of an object."""

    kind: Kind
    namespace: str
    name: str


def _ref(text: str) -> Ref:
    kind, *path = text.split("/")
    resource = RESOURCES[Kind(kind)]
    if not resource.namespaced:
        return Ref(resource.kind, "", "/".join(path))
    return Ref(resource.kind, *path) if len(path) > 1 else Ref(resource.kind, "default", path[0])


def path_of(check: Check) -> Path:
    """The file with the cases of a check; its path below `tests/checks` mirrors that of the check's module."""
    module = check.decide.__module__.removeprefix("dsview.checks.") if check.decide is not None else ""
    return FOLDER / f"{module.replace('.', '/')}.yaml"


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def case_file(check: Check) -> CaseFile:
    """The cases of a check. Raises `msgspec.ValidationError` for unknown keys and wrong types."""
    return msgspec.convert(_load(path_of(check)), CaseFile)


@cache
def _cluster(name: str) -> Cluster:
    return msgspec.convert(_load(FOLDER / "clusters" / f"{name}.yaml"), Cluster)


def _chain(name: str) -> list[Cluster]:
    cluster = _cluster(name)
    return [*(_chain(cluster.changes) if cluster.changes else ()), cluster]


def merged(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386) without changing its arguments."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _objects(file: CaseFile, case: Case) -> dict[Ref, Json]:
    chain = _chain(file.cluster)
    defaults = {kind: body for cluster in chain for kind, body in cluster.defaults.items()}
    found: dict[Ref, Json] = {}
    for layer in (*(cluster.objects for cluster in chain), file.objects, case.objects):
        for text, patch in layer.items():
            ref = _ref(text)
            if patch is None:
                del found[ref]
            else:
                found[ref] = merged(found.get(ref, defaults.get(ref.kind, {})), patch)
    manifests = set(map(_ref, case.manifests))
    # Parts that no layer patched are still shared with the cached files.
    found = copy.deepcopy(found)
    for ref, body in found.items():
        _complete(ref, body, found, is_manifest=ref in manifests)
    return found


def _complete(ref: Ref, body: Json, others: dict[Ref, Json], *, is_manifest: bool) -> None:
    resource = RESOURCES[ref.kind]
    version = resource.versions[0]
    body["kind"] = resource.api_kind
    body["apiVersion"] = f"{resource.group}/{version}" if resource.group else version
    meta = body["metadata"] = dict(body.get("metadata", {}), name=ref.name)
    if ref.namespace:
        meta["namespace"] = ref.namespace
    if is_manifest:
        body.pop("status", None)
        return
    meta.setdefault("uid", _uid(ref))
    meta.setdefault("creationTimestamp", _CREATED)
    for section, name in _SINGULAR:
        fields = body.get(section)
        if fields and name not in fields and fields.get(f"{name}s"):
            first = fields[f"{name}s"][0]
            fields[name] = first["ip"] if isinstance(first, dict) else first
    for endpoint in body.get("endpoints") or () if ref.kind is Kind.ENDPOINT_SLICE else ():
        target = endpoint.get("targetRef")
        if target:
            pod = Ref(Kind.POD, target.get("namespace", ref.namespace), target["name"])
            uid = others.get(pod, {}).get("metadata", {}).get("uid") or _uid(pod)
            endpoint["targetRef"] = {"kind": "Pod", "namespace": pod.namespace, "uid": uid, **target}


def _uid(ref: Ref) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(ref)))


def session_of(file: CaseFile, case: Case) -> Session:
    """A session that has read and evaluated the cluster of a case."""
    objects = _objects(file, case)
    conf: dict[str, str | None] = {}
    for layer in (*(cluster.conf for cluster in _chain(file.cluster)), file.conf, case.conf):
        conf |= layer
    statuses = {kind.value: {"health": "not given" if kind.value in case.not_given else "given"} for kind in RESOURCES}
    snapshot = {
        "kind": "DsviewSnapshot",
        "apiVersion": "dsview.io/v1",
        "capturedAt": case.at,
        "serverVersion": case.version,
        "kinds": {**statuses, **case.status},
        "nginx": [
            dict(zip(("namespace", "name"), pod.split("/"), strict=True), text=text)
            for pod, text in conf.items()
            if text is not None
        ],
        "items": [body for ref, body in objects.items() if ref.kind.value not in case.not_given],
    }
    return settle(Session(FilesSource("-", stdin=io.BytesIO(msgspec.json.encode(snapshot)))))


def findings_of(check: Check, session: Session) -> list[Finding]:
    """The findings of a check; for a detail-only check, those that the details of its subjects show."""
    if not check.detail_only:
        return [finding for finding in session.findings.sorted() if finding.check == check.code]
    subjects = ((kind, item) for kind in check.subjects for item in session.state.store(kind))
    shown = (session.details_of(kind.value, item.namespace, item.name) for kind, item in subjects)
    return [finding for found in shown for finding in found if finding.check == check.code]


def described(finding: Finding) -> str:
    """A finding in the notation of `Case.finds`: severity, object, family."""
    return f"{finding.severity.value} {_place(finding.object)} {finding.family or ''}".rstrip()


def related_to(findings: Iterable[Finding]) -> set[str]:
    """The objects that findings relate to, in the notation of `Case.related`."""
    return {_place(ref) for finding in findings for ref in finding.related}


def causes_of(findings: Iterable[Finding]) -> set[str]:
    """The findings that these would fold under if they existed, in the notation of `Case.causes`."""
    return {f"{cause.check} {_place(cause.object)}" for finding in findings for cause in finding.causes}


def _place(ref: ObjectRef) -> str:
    namespace = f"{ref.namespace}/" if ref.namespace not in (None, "default") else ""
    return f"{ref.kind}/{namespace}{ref.name}"


def cells_of(findings: Iterable[Finding]) -> set[str]:
    """The columns that findings flag, in the pane of their objects."""
    return set(_cells(findings))


def _cells(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        for pane in PANES.values():
            if pane.flag_kind == finding.object.kind:
                yield cell_of(finding, frozenset(column.id for column in pane.columns))
