"""Cases beside the checks: small clusters in YAML, each a change to a shared one, as sessions that were evaluated.

A cluster (`tests/checks/clusters/NAME.yaml`) and each case name objects as `Kind/name`, in namespace default, or as
`Kind/namespace/name`. What a case says of an object is merged into the object of that name (RFC 7386: null removes a
field, a list replaces the whole list); null instead of an object removes it; an object that is not there begins with
the `defaults` of its kind. What follows from the rest is filled in: uid and creation time, the singular fields beside
the plural ones, the pod that an endpoint names.
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
    """A case: why the check must fire or stay silent, and what is changed in the cluster.

    `finds`: every finding of the check, as `severity Kind/name family`; `cells`: the columns that they flag; `says`
    and `fix`: what the message and the fix of one of them contain, a null fix where none has any; `begins`: what the
    fix of each of them begins with; `field` and `grace`: what each of them has; `related`: the objects that they relate
    to, as `Kind/name`; `causes`: what any of them would fold under, as `CODE Kind/name`.

    `at`: the time of the capture, else all grace periods are over. `version`: of the server. `manifests`: objects as
    they lie in git. `not given`: kinds that were not read. `status`: what a snapshot says of a kind. `conf`: the
    nginx.conf of pods. `evaluated`: whether the check can be evaluated at all.
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
    """The cases of one check. `objects` and `conf` are changes to `cluster` that all of them share."""

    cluster: str = "dual"
    objects: dict[str, Json | None] = {}
    conf: dict[str, str | None] = {}
    fires: list[Case]
    silent: list[Case]


class Cluster(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A shared cluster; `changes` names the one that it is a change to."""

    changes: str | None = None
    defaults: dict[str, Json] = {}
    objects: dict[str, Json | None] = {}
    conf: dict[str, str | None] = {}


class Ref(NamedTuple):
    """An object by kind, namespace (empty for kinds without) and name."""

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
    """The file with the cases of a check: where its module is in the package, it is in the folder of the tests."""
    module = check.decide.__module__.removeprefix("dsview.checks.") if check.decide is not None else ""
    return FOLDER / f"{module.replace('.', '/')}.yaml"


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def case_file(check: Check) -> CaseFile:
    """The cases of a check. Raises `msgspec.ValidationError` where the file holds what no case has."""
    return msgspec.convert(_load(path_of(check)), CaseFile)


@cache
def _cluster(name: str) -> Cluster:
    return msgspec.convert(_load(FOLDER / "clusters" / f"{name}.yaml"), Cluster)


def _chain(name: str) -> list[Cluster]:
    cluster = _cluster(name)
    return [*(_chain(cluster.changes) if cluster.changes else ()), cluster]


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch, as RFC 7386 defines it; nothing given is changed."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


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
    # What no layer changed is still that of the files, which all cases share.
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
    """The cluster of a case, read and evaluated."""
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
    """The findings of a check; of one that is shown in details only, what these show."""
    if not check.detail_only:
        return [finding for finding in session.book.sorted() if finding.check == check.code]
    subjects = ((kind, item) for kind in check.subjects for item in session.state.store(kind))
    shown = (session.details_of(kind.value, item.namespace, item.name) for kind, item in subjects)
    return [finding for found in shown for finding in found if finding.check == check.code]


def described(finding: Finding) -> str:
    """A finding as a case names it: severity, object, family."""
    return f"{finding.severity.value} {_place(finding.object)} {finding.family or ''}".rstrip()


def related_to(findings: Iterable[Finding]) -> set[str]:
    """The objects that findings relate to, as a case names them."""
    return {_place(ref) for finding in findings for ref in finding.related}


def causes_of(findings: Iterable[Finding]) -> set[str]:
    """What findings would fold under if it fired, as a case names it."""
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
