"""Reading files with `--from`: every format, and only broken parts are lost."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsview.cluster.component_settings import kube_proxy_settings
from dsview.core.errors import UserError
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.registry import RESOURCES
from dsview.sources.bounded_files import FileLimit
from dsview.sources.events import Changed, Health, Note, Quarantined, ServerInfo, SourceEvent, StatusChanged
from dsview.sources.files import FilesSource, folder
from dsview.sources.files import source as files_source
from tests.support.clusters import from_path

DATA = Path(__file__).parent.parent / "data"
RECORDING = DATA / "recordings" / "dual-two-nodes"


class Told:
    """The events of a source."""

    def __init__(self, source: FilesSource) -> None:
        self.source = source
        self.events: list[SourceEvent] = []
        source.start(self.events.append)

    def objects(self, kind: Kind) -> dict[Key, Object]:
        return {i.key: i for e in self.events if isinstance(e, Changed) and e.kind is kind for i in e.upserts}  # type: ignore[misc]  # no ProxyListeners among them

    @property
    def confs(self) -> list[ProxyListeners]:
        found = (i for e in self.events if isinstance(e, Changed) for i in e.upserts)
        return [i for i in found if isinstance(i, ProxyListeners)]

    def status(self, kind: Kind) -> StatusChanged:
        return next(e for e in self.events if isinstance(e, StatusChanged) and e.kind is kind)

    @property
    def notes(self) -> list[str]:
        return [e.message for e in self.events if isinstance(e, Note)]

    @property
    def quarantined(self) -> list[str]:
        return [e.message for e in self.events if isinstance(e, Quarantined)]

    @property
    def names(self) -> list[str]:
        return sorted(key[1] for kind in RESOURCES for key in self.objects(kind))


def read(path: Path, **options: Any) -> Told:
    return Told(FilesSource(str(path), **options))


def read_bytes(data: bytes) -> Told:
    return Told(FilesSource("-", stdin=io.BytesIO(data)))


def service(name: str, namespace: str = "shop", version: str = "1", **spec: object) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def typed_list(*items: dict[str, Any]) -> dict[str, Any]:
    bare = [{k: v for k, v in item.items() if k not in {"kind", "apiVersion"}} for item in items]
    return {"apiVersion": "v1", "kind": "ServiceList", "items": bare}


def plain_list(*items: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


A, B = service("a"), service("b")
LOGS = (
    b"\n==== START logs for container web of pod shop/web ====\n"
    b'{"kind": "Service", "metadata": {"name": "logged"}}\n} "unbalanced {\n'
    b"==== END logs for container web of pod shop/web ====\n"
)
"""What `kubectl cluster-info dump` writes between its lists."""


@pytest.mark.parametrize(
    "content",
    [
        dump(plain_list(A, B)),
        dump(typed_list(A, B)),
        json.dumps(plain_list(A, B), indent=4).encode(),
        b"\xef\xbb\xbf" + dump(plain_list(A, B)),
        dump(A) + b"\n" + dump(B) + b"\n",
        (json.dumps(A, indent=2) + "\n" + json.dumps(B, indent=2)).encode(),
        yaml.safe_dump(plain_list(A, B)).encode(),
        yaml.safe_dump(typed_list(A, B)).encode(),
        yaml.safe_dump_all([A, None, B], explicit_start=True).encode(),
        yaml.safe_dump(plain_list(A, B)).encode("utf-16"),
        b"{kind: List, items: [" + dump(A) + b", " + dump(B) + b"]}",
        dump(A) + b"\n---\n" + dump(B),
        gzip.compress(dump(plain_list(A, B))),
        gzip.compress(yaml.safe_dump_all([A, B]).encode()),
        gzip.compress(dump(A) + b"\n") + gzip.compress(dump(B)),
        dump(plain_list(A)) + dump(plain_list(service("b", note="} {"))),
        dump([A, B]),
        dump([plain_list(A), typed_list(B)]),
        dump(typed_list(A)) + LOGS + dump(typed_list(B)) + b"\n" + LOGS,
        json.dumps(plain_list(A, B), indent=4).encode("utf-16"),
        yaml.safe_dump(plain_list(A, B)).replace("\n", "\r\n").encode(),
        json.dumps(plain_list(A, B), indent=4).replace("\n", "\r\n").encode(),
        b"[root@host ~]# kubectl get svc -A -o json\n" + dump(plain_list(A, B)),
        b"+ kubectl get svc -o yaml\nDefaulted to: shop\n\n" + yaml.safe_dump(plain_list(A, B)).encode(),
        b"# made by a script\n" + dump(plain_list(A, B)),
    ],
    ids=[
        "List",
        "typed list",
        "indented",
        "byte order mark",
        "JSON lines",
        "concatenated JSON",
        "YAML List",
        "YAML typed list",
        "YAML documents",
        "UTF-16 of a Windows shell",
        "YAML in flow style",
        "JSON as YAML documents",
        "gzip",
        "gzip of YAML",
        "several gzip files behind each other",
        "JSON without a line feed between",
        "array of jq",
        "array of lists",
        "cluster-info dump",
        "JSON in UTF-16",
        "YAML with the line ends of Windows",
        "JSON with the line ends of Windows",
        "a prompt before JSON",
        "a shell's trace before YAML",
        "a comment before JSON",
    ],
)
def test_every_format_gives_the_same_objects(content: bytes) -> None:
    told = read_bytes(content)
    assert told.names == ["a", "b"]
    assert told.status(Kind.SERVICE).health is Health.GIVEN
    assert told.notes == []


def recorded(name: str) -> bytes:
    """A list of the recording, some of which are kept compressed."""
    plain = RECORDING / "lists" / f"{name}.json"
    return plain.read_bytes() if plain.exists() else gzip.decompress(Path(f"{plain}.gz").read_bytes())


def test_a_recorded_cluster_is_read_whole() -> None:
    told = read(RECORDING)
    assert {kind: len(told.objects(kind)) for kind in (Kind.SERVICE, Kind.POD, Kind.NODE, Kind.IP_ADDRESS)} == {
        kind: len(json.loads(recorded(name))["items"])
        for kind, name in (
            (Kind.SERVICE, "services"),
            (Kind.POD, "pods"),
            (Kind.NODE, "nodes"),
            (Kind.IP_ADDRESS, "ipaddresses"),
        )
    }
    assert ServerInfo(version=json.loads(recorded("version"))["gitVersion"], serves_slices=True) in told.events
    assert [conf.source for conf in told.confs] == [ListenSource.READ, ListenSource.READ]
    assert told.status(Kind.NETWORK_POLICY).health is Health.GIVEN, "its empty List is there"
    assert told.status(Kind.VALIDATING_WEBHOOK).health is Health.NOT_GIVEN
    assert told.quarantined == []


def test_what_kubectl_was_refused_is_known_as_refused() -> None:
    told = read(DATA / "recordings" / "dual-two-nodes-as-viewer")
    for kind in (Kind.NODE, Kind.SERVICE_CIDR, Kind.IP_ADDRESS, Kind.INGRESS_CLASS):
        assert told.status(kind).health is Health.REFUSED
        assert "forbidden" in told.status(kind).reason
    assert told.status(Kind.POD).health is Health.GIVEN


@pytest.mark.parametrize(
    ("content", "health"),
    [
        ({"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1", "items": []}, Health.GIVEN),
        ({"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1", "items": None}, Health.GIVEN),
        ({"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1"}, Health.GIVEN),
        ({"kind": "List", "apiVersion": "v1", "items": []}, Health.NOT_GIVEN),
        ({"kind": "PodList", "apiVersion": "v1", "items": []}, Health.NOT_GIVEN),
    ],
)
def test_only_its_own_empty_list_says_that_there_is_none_of_a_kind(content: dict[str, Any], health: Health) -> None:
    assert read_bytes(dump(content)).status(Kind.NETWORK_POLICY).health is health


@pytest.mark.parametrize(
    ("versions", "wins"),
    [
        (("9", "10"), "10"),
        (("10", "9"), "10"),
        (("7", "7"), "second"),
        (("", ""), "second"),
        (("odd", "3"), "3"),
        (("9" * 5000, "3"), "3"),
    ],
)
def test_of_an_object_given_twice_the_newest_counts(versions: tuple[str, str], wins: str) -> None:
    first, second = (
        service("a", version=v, clusterIP=ip) for v, ip in zip(versions, ("10.0.0.1", "10.0.0.2"), strict=True)
    )
    told = read_bytes(dump(plain_list(first, second)))
    item = told.objects(Kind.SERVICE)[("shop", "a")]
    expected = second if wins == "second" or versions[1] == wins else first
    assert item.resource_version == expected["metadata"]["resourceVersion"]
    assert getattr(item, "cluster_ip") == expected["spec"]["clusterIP"]  # noqa: B009  (an Object of any kind)


def test_the_same_bytes_give_the_same_events() -> None:
    first, second = (read(DATA / "scenarios" / "08-chart-default").events for _ in range(2))
    assert first == second


def test_a_broken_object_costs_only_itself() -> None:
    broken = service("broken", clusterIPs="10.0.0.1")
    told = read_bytes(dump(plain_list(A, broken, B)))
    assert told.names == ["a", "b"]
    assert len(told.quarantined) == 1
    assert "Service shop/broken cannot be read" in told.quarantined[0]


@pytest.mark.parametrize("list_of", [plain_list, typed_list])
def test_of_a_file_that_was_cut_off_the_whole_objects_are_read(list_of: Any) -> None:
    whole = dump(list_of(A, service('with } and \\" in it', x='}"{'), B))
    told = read_bytes(whole[: whole.rindex(b'"b"')])
    assert told.names == ["a", 'with } and \\" in it']
    assert "not read to its end" in told.notes[0]
    assert "2 objects were read" in told.notes[0]


def test_of_yaml_that_was_cut_off_the_whole_objects_are_read() -> None:
    whole = yaml.safe_dump({"apiVersion": "v1", "items": [A, B, service("c")], "kind": "List"}).encode()
    told = read_bytes(whole[: whole.rindex(b"spec:")])
    assert told.names == ["a", "b"]
    assert "seems to be truncated" in told.notes[0]
    assert "2 objects were read" in told.notes[0]


def test_data_after_the_end_of_a_gzip_file_is_not_ignored_silently() -> None:
    with pytest.raises(UserError, match="followed by data that is not gzip"):
        read_bytes(gzip.compress(dump(A)) + dump(B))


def test_a_broken_line_costs_only_itself() -> None:
    told = read_bytes(dump(A) + b'\n{"kind": \x80}\n{"kind": 1}\n' + dump(B) + b"\n")
    assert told.names == ["a", "b"]
    assert "2 of 4 documents in it are not JSON" in told.notes[0]


@pytest.mark.parametrize(
    "bad", [b"\x80", b"[" * 100_000, b"{}", b"\x00", b"nul"], ids=["no UTF-8", "deep", "object", "NUL", "syntax"]
)
def test_bytes_that_are_no_json_cost_only_their_object(bad: bytes) -> None:
    broken = dump(service("c")).replace(b'"shop"', bad)
    told = read_bytes(dump(plain_list(A, B))[:-2] + b", " + broken + b"]}")
    assert told.names == ["a", "b"]
    assert told.notes or told.quarantined


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pods-errors.json", Kind.POD),
        ("network-policies.json", Kind.NETWORK_POLICY),
        ("network-policy/shop.json", Kind.NETWORK_POLICY),
        ("kubectl_get_services.yaml", Kind.SERVICE),
        ("kubectl-top-nodes-errors.json", None),
        ("node-exporter.json", None),
        ("gateways.networking.istio.io.json", Kind.ISTIO_GATEWAY),
    ],
)
def test_what_a_collector_writes_instead_of_a_list_makes_that_kind_incomplete(
    name: str, kind: Kind | None, tmp_path: Path
) -> None:
    """Collectors of support bundles write a list of errors beside or instead of the objects."""
    (tmp_path / "a.json").write_bytes(dump(plain_list(A)))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b'["the server could not find the requested resource"]')
    told = read(tmp_path)
    cut = [of for of in RESOURCES if told.status(of).cut_off or told.status(of).reason]
    assert cut == ([kind] if kind is not None else [])
    assert len(told.notes) == 1


def bare(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in {"kind", "apiVersion"}}


@pytest.mark.parametrize(
    "name", ["services.json", "svc/services.yaml", "core/services.core.json", "get-services-all.json"]
)
def test_a_file_name_tells_the_kind_of_objects_that_do_not_say_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(dump({"items": [bare(A), bare(B)]}))
    told = read(tmp_path)
    assert sorted(told.objects(Kind.SERVICE)) == [("shop", "a"), ("shop", "b")]
    assert told.notes == []


def test_a_folder_tells_the_kind_of_objects_that_do_not_say_it(tmp_path: Path) -> None:
    for place, item in (("service/shop/a", A), ("service/node/b", B), ("deployment/shop/c", service("c"))):
        path = tmp_path / f"{place}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dump(bare(item)))
    told = read(tmp_path)
    assert sorted(told.objects(Kind.SERVICE)) == [("shop", "a"), ("shop", "b")], "no Node has a namespace"
    assert told.names == ["a", "b"]
    assert told.notes == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.SERVICE, {"spec": {"clusterIP": "None"}}),
        (Kind.SERVICE, {"spec": {"type": "ExternalName", "externalName": "example.org"}}),
        (Kind.POD, {"spec": {"containers": []}}),
        (Kind.NODE, {"spec": {}, "status": {"nodeInfo": {"kubeletVersion": "v1.36.0"}}}),
        (Kind.ENDPOINT_SLICE, {"addressType": "IPv6", "endpoints": []}),
        (Kind.SERVICE_CIDR, {"spec": {"cidrs": ["10.96.0.0/16"]}}),
        (Kind.IP_ADDRESS, {"spec": {"parentRef": {"resource": "services", "name": "a"}}}),
        (None, {"spec": {"template": {"spec": {"containers": []}}}}),
        (None, {"spec": {"parentRef": {"name": "a"}}}),
        (None, {"data": {"password": "c2VjcmV0"}}),
    ],
)
def test_fields_tell_the_kind_of_objects_that_do_not_say_it(kind: Kind | None, fields: dict[str, Any]) -> None:
    name = "2001:db8::1" if kind is Kind.IP_ADDRESS else "x"
    told = read_bytes(dump(plain_list(A)) + b"\n" + dump({"metadata": {"name": name}, **fields}))
    found = [of for of in RESOURCES for key in told.objects(of) if key[1] == name]
    assert found == ([kind] if kind is not None else [])
    assert bool(told.notes) is (kind is None)


def test_an_object_whose_kind_nothing_tells_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dump(A))
    (tmp_path / "odd.json").write_bytes(dump([{"metadata": {"name": "x"}}, {"metadata": {"name": "y"}}]))
    (tmp_path / "values.yaml").write_bytes(b"replicas: 2\n")
    assert read(tmp_path).notes == [
        "2 objects have no kind, and the fields and file names do not show it. Not read: odd.json.",
        "Skipped because they contain no objects: values.yaml.",
    ]


@pytest.mark.parametrize(
    ("first", "second", "are_two"),
    [
        ({"uid": "1", "resourceVersion": "1"}, {"uid": "2", "resourceVersion": "9"}, True),
        ({"uid": "1", "resourceVersion": "1"}, {"uid": "1", "resourceVersion": "9"}, False),
        ({"uid": "1", "resourceVersion": "1"}, {"labels": {"a": "manifest"}}, False),
        ({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, True),
        ({}, {}, False),
    ],
    ids=["other uid", "another state", "a manifest beside it", "two manifests", "the same twice"],
)
def test_two_objects_of_the_same_name_are_reported(first: Any, second: Any, are_two: bool, tmp_path: Path) -> None:
    for name, metadata in (("one.json", first), ("two.json", second)):
        item = service("a")
        item["metadata"] = {"name": "a", "namespace": "shop"} | metadata
        (tmp_path / name).write_bytes(dump(plain_list(item)))
    told = read(tmp_path)
    note = "Service shop/a is in one.json and in two.json, with different content; only the one in two.json is shown."
    assert told.notes == ([note] if are_two else [])
    assert bool(told.status(Kind.SERVICE).cut_off) is are_two


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"<html><body>502 Bad Gateway</body></html>", "it contains HTML or XML"),
        (b"\xff\xfe{", "it starts with the byte-order mark of UTF-16, but is not UTF-16"),
        (b"NAME READY\nweb 1/1\n", "it contains something that is not a Kubernetes object"),
        (b'["pods is forbidden"]', "it contains something that is not a Kubernetes object"),
        (b'{"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}', "it contains a table"),
    ],
)
def test_a_file_without_objects_makes_the_kind_of_its_name_incomplete(
    content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "services.json").write_bytes(dump(plain_list(A)))
    (tmp_path / "pods.json").write_bytes(content)
    told = read(tmp_path)
    assert [note for note in told.notes if note.startswith("pods.json could not be read") and said in note]
    assert told.status(Kind.POD).health is Health.NOT_GIVEN
    assert "pods.json could not be read" in told.status(Kind.POD).reason


def _page(*items: dict[str, Any], left: int | None = None, token: str = "eyJ2Ijoi") -> bytes:
    remaining = {"remainingItemCount": left} if left is not None else {}
    return dump(typed_list(*items) | {"metadata": {"resourceVersion": "9", "continue": token, **remaining}})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.json": _page(A, left=5)}, "5 more objects"),
        ({"a.json": _page(A)}, "more objects"),
        ({"a.yaml": yaml.safe_dump(json.loads(_page(A, left=5))).encode()}, "5 more objects"),
        ({"a.json": _page(A, left=2), "b.json": _page(B, left=1)}, "1 more object of kind"),
        ({"a.json": _page(A, left=1), "b.json": dump(typed_list(B))}, None),
        ({"a.json": _page(A, token="")}, None),
        (
            {"a.json": _page(A, left=1), "pods.json": dump({"kind": "PodList", "apiVersion": "v1", "items": []})},
            "1 more object of kind",
        ),
    ],
)
def test_a_page_of_a_longer_list_is_not_the_whole_of_its_kind(
    files: dict[str, bytes], said: str | None, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    told = read(tmp_path)
    assert bool(told.status(Kind.SERVICE).cut_off) is (said is not None)
    assert told.status(Kind.POD).cut_off == ""
    assert any(said in note for note in told.notes) if said is not None else told.notes == []


def test_all_pages_form_a_complete_list_even_if_only_some_namespaces_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(_page(A, left=1))
    (tmp_path / "b.json").write_bytes(dump(typed_list(service("c", "other"))))
    assert read(tmp_path, namespaces=("shop",)).status(Kind.SERVICE).cut_off == ""


def test_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dump(A))
    (tmp_path / "b.json").write_bytes(b'{"kind":"List","items":[')
    (tmp_path / "c.yaml").write_bytes(b"a: [unclosed")
    (tmp_path / "d.json").write_bytes(gzip.compress(dump(B) * 1000)[:-9])
    (tmp_path / "e.json").write_bytes(b"\0\1\2\xff")
    (tmp_path / "version.json").write_bytes(b"[]")
    told = read(tmp_path)
    assert told.names == ["a"]
    assert sorted(note.split()[0] for note in told.notes) == ["b.json", "c.yaml", "d.json", "e.json", "version.json"]


def test_documents_that_are_not_objects_are_skipped_and_named_in_one_note(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_bytes(dump(A))
    for name in ("README.md", "watch.jsonl", "expect.json", "x.err", "site.conf", *(f"{i}.txt" for i in range(5))):
        (tmp_path / name).write_text("Connection refused")
    os.mkfifo(tmp_path / "pipe")
    told = read(tmp_path)
    assert told.names == ["a"]
    assert told.notes == ["Skipped because they contain no objects: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 6 more."]


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dump(A))
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "gone")
    told = read(tmp_path)
    assert told.names == ["a"]
    assert sorted(note.split()[0] for note in told.notes) == ["nowhere.json", "self"]


def test_a_file_that_cannot_be_read_costs_only_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services.json").write_bytes(dump(A))
    (tmp_path / "pods.json").write_bytes(b"{}" + b" " * 500)
    monkeypatch.setattr(files_source, "OBJECTS", FileLimit(400))
    told = read(tmp_path)
    assert told.names == ["a"]
    assert told.notes == ["pods.json could not be read: it is larger than 1 MB."]
    assert told.status(Kind.POD).reason == "pods.json could not be read"
    with pytest.raises(UserError, match="cannot be read: it is larger than"):
        read(tmp_path / "pods.json")


def test_standard_input_is_bounded_after_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_source, "STANDARD_INPUT", FileLimit(10_000, may_be_gzip=True))
    with pytest.raises(UserError, match="Standard input cannot be read: it is larger than"):
        read_bytes(gzip.compress(dump(A) + b" " * 1_000_000))


def test_links_may_not_leave_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    (inside / "deep").mkdir(parents=True)
    (outside / "b.json").write_bytes(dump(B))
    (inside / "deep" / "a.json").write_bytes(dump(A))
    (inside / "again.json").symlink_to(inside / "deep" / "a.json")
    (inside / "out.json").symlink_to(outside / "b.json")
    (inside / "outfolder").symlink_to(outside)
    told = read(inside)
    assert told.names == ["a"]
    assert told.notes == [
        f"{name} could not be read: it is a link that leads out of the folder." for name in ("out.json", "outfolder")
    ]


def test_folders_without_end_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(dump(A))
    (tmp_path / "/".join("d" * 12)).mkdir(parents=True)
    monkeypatch.setattr(folder, "MAX_DEPTH", 5)
    assert read(tmp_path).notes == ["d/d/d/d/d/d could not be read: it is more than 5 folders deep."]
    monkeypatch.setattr(folder, "MAX_ENTRIES", 4)
    assert read(tmp_path).notes == ["d/d/d could not be read: the folder contains more than 4 files."]


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        MERGES,
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 50_000,
        '{"a":' * 100_000,
    ],
    ids=["laughs", "merges", "list in itself", "map in itself", "deep flow", "deep map", "deep block", "deep JSON"],
)
def test_yaml_made_to_hurt_is_refused_at_once(content: str) -> None:
    with pytest.raises(UserError, match="contains no Kubernetes objects"):
        read_bytes(content.encode())


def test_yaml_with_modest_anchors_is_read() -> None:
    text = """
    kind: List
    items:
    - {kind: Service, metadata: &m {name: a, namespace: shop, creationTimestamp: 2026-11-20T08:14:01Z}, spec: {}}
    - {kind: Service, metadata: {<<: *m, name: b}, spec: {}}
    """
    told = read_bytes(text.encode())
    assert told.names == ["a", "b"]
    assert {item.created for item in told.objects(Kind.SERVICE).values()} == {1795162441}


def test_secrets_are_never_kept() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
    told = read_bytes(dump(plain_list(secret, A)))
    assert told.names == ["a"]
    assert "aHVudGVyMg" not in repr(told.events) + repr(vars(told.source))


def test_kinds_of_other_groups_with_a_known_name_are_left_alone() -> None:
    knative = service("k") | {"apiVersion": "serving.knative.dev/v1"}
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}}
    told = read_bytes(dump(plain_list(knative, event, A)))
    assert told.names == ["a"]


@pytest.mark.parametrize("version", ["extensions/v1beta1", "networking.k8s.io/v1beta1"])
def test_ingresses_of_old_clusters_are_read(version: str) -> None:
    backend = {"serviceName": "web", "servicePort": "http"}
    ingress = {
        "apiVersion": version,
        "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "shop"},
        "spec": {
            "backend": {"serviceName": "rest", "servicePort": 80},
            "rules": [{"http": {"paths": [{"backend": backend}]}}],
        },
    }
    found = read_bytes(dump(plain_list(ingress))).objects(Kind.INGRESS)[("shop", "i")]
    assert isinstance(found, Ingress)
    assert [(each.service, each.port) for each in found.backends] == [("rest", 80), ("web", "http")]


def test_endpoints_of_old_slices_are_on_the_node_of_their_topology() -> None:
    endpoint = {"addresses": ["10.0.0.1"], "topology": {"kubernetes.io/hostname": "node-a"}}
    metadata = {"name": "s", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}}
    item = {"apiVersion": "discovery.k8s.io/v1beta1", "kind": "EndpointSlice", "metadata": metadata}
    told = read_bytes(dump(plain_list({**item, "addressType": "IPv4", "endpoints": [endpoint]})))
    found = told.objects(Kind.ENDPOINT_SLICE)[("shop", "s")]
    assert isinstance(found, EndpointSlice)
    assert [each.node_name for each in found.endpoints()] == ["node-a"]


def test_only_the_given_namespaces_and_cluster_scoped_objects_are_sent() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    content = dump(plain_list(A, service("c", "other"), node))
    told = Told(FilesSource("-", stdin=io.BytesIO(content), namespaces=("shop",)))
    assert told.names == ["a", "n"]
    assert told.status(Kind.SERVICE).namespaces == ("shop",)
    assert told.status(Kind.NODE).namespaces is None


def test_nginx_conf_is_found_by_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "nginx" / "ingress-nginx"
    folder.mkdir(parents=True)
    (folder / "controller.0.conf").write_bytes(b"http { server { listen 80; listen [::]:80; } }")
    (folder / "controller.1.conf.gz").write_bytes(gzip.compress(b"http { server { listen 80; } }"))
    (tmp_path / "nginx" / "stray.conf").write_bytes(b"http {}")
    told = read(tmp_path)
    assert [(conf.key, len(conf.listeners)) for conf in told.confs] == [
        (("ingress-nginx", "controller.0"), 2),
        (("ingress-nginx", "controller.1"), 1),
    ]
    assert told.notes == ["Skipped because they contain no objects: nginx/stray.conf."]


@pytest.mark.parametrize(
    "answer",
    [
        {"major": "1", "gitVersion": "v1.33.2"},
        {"clientVersion": {"gitVersion": "v1.36.0"}, "serverVersion": {"gitVersion": "v1.33.2"}},
    ],
)
def test_server_version_is_read(tmp_path: Path, answer: dict[str, Any]) -> None:
    (tmp_path / "version.json").write_bytes(dump(answer))
    (tmp_path / "a.json").write_bytes(dump(A))
    assert ServerInfo(version="v1.33.2") in read(tmp_path).events


@pytest.mark.parametrize("content", [b"", b"   \n", b"hello", b"[]", b"{}", b"%PDF-1.7\0", b'{"some": "json"}', b"42"])
def test_what_holds_no_objects_at_all_is_an_error_with_what_to_do(content: bytes) -> None:
    with pytest.raises(UserError, match=r"standard input contains no Kubernetes objects.*kubectl get") as caught:
        read_bytes(content)
    assert caught.value.exit_code == 2
    assert str(caught.value).count("standard input") == 1


def test_paths_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    for name, said in (
        ("gone", "does not exist"),
        ("pipe", "not a regular file"),
        ("empty", "no Kubernetes objects"),
        ("circle", "cannot be read"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            read(tmp_path / name)
        assert caught.value.exit_code == 2


def test_a_path_that_was_left_empty_is_not_the_current_directory() -> None:
    with pytest.raises(UserError, match="names nothing"):
        FilesSource("").start(lambda _: None)


def test_hostile_names_are_harmless_in_messages(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dump(A))
    (tmp_path / "\x1b[31mred.json").write_bytes(b"{")
    told = read(tmp_path)
    assert "\x1b" not in told.notes[0]
    assert "\\x1b[31mred.json" in told.notes[0]


def test_manifest_is_read_again_from_its_file(tmp_path: Path) -> None:
    new = service("a", version="10", clusterIP="10.0.0.9")
    new["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    (tmp_path / "x.json").write_bytes(dump(plain_list(service("a", version="9"), new, service("z", ports="broken"))))
    source = read(tmp_path).source
    manifest = source.read_manifest(Kind.SERVICE, ("shop", "a"))
    assert yaml.safe_load(manifest)["spec"] == {"clusterIP": "10.0.0.9"}
    assert "manager: kubectl" in manifest
    (tmp_path / "x.json").write_bytes(dump(B))
    with pytest.raises(UserError, match="not in its file any more"):
        source.read_manifest(Kind.SERVICE, ("shop", "a"))
    (tmp_path / "x.json").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        source.read_manifest(Kind.SERVICE, ("shop", "a"))


def test_manifest_nested_too_deep_is_a_sentence(tmp_path: Path) -> None:
    deep = dump(A)[:-1] + b', "x": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"
    (tmp_path / "a.json").write_bytes(deep)
    with pytest.raises(UserError, match="nested too deep"):
        read(tmp_path).source.read_manifest(Kind.SERVICE, ("shop", "a"))


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 60_000, "a: &a [*a]", "a: [", "- a", ""],
    ids=["deep list", "deep map", "list in itself", "cut off", "list", "empty"],
)
def test_settings_of_kube_proxy_made_to_hurt_are_unreadable(text: str) -> None:
    assert kube_proxy_settings(ConfigMap(name="kube-proxy", data={"config.conf": text})) is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_files_never_end_in_anything_but_a_sentence(data: st.DataObject) -> None:
    content = bytearray(
        data.draw(st.sampled_from([b"", dump(plain_list(A, B)), yaml.safe_dump(A).encode(), gzip.compress(dump(A))]))
    )
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        told = read_bytes(bytes(content))
        said = [*told.notes, *told.quarantined]
    except UserError as error:
        said = [str(error)]
    assert all(text.isprintable() for text in said)


def test_manifest_from_standard_input_is_not_available() -> None:
    told = read_bytes(dump(A))
    with pytest.raises(UserError, match="not available"):
        told.source.read_manifest(Kind.SERVICE, ("shop", "a"))


def test_every_scenario_is_read_without_a_complaint() -> None:
    for path in sorted((DATA / "scenarios").iterdir()):
        if path.is_dir():
            told = read(path)
            kinds = Counter(item["kind"] for item in json.loads((path / "objects.json").read_bytes())["items"])
            assert {k.value: len(told.objects(k)) for k in RESOURCES if told.objects(k)} == {
                name: count for name, count in kinds.items() if name in {k.value for k in RESOURCES}
            }
            assert told.quarantined == []


def test_lists_in_lists_are_read_up_to_a_depth(tmp_path: Path) -> None:
    document: dict[str, object] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}}
    for depth in range(12):
        document = {"apiVersion": "v1", "kind": "List", "items": [document]}
        (tmp_path / f"{depth}.json").write_text(json.dumps(document))
    assert from_path(tmp_path / "8.json").state.pods.get(("shop", "a")) is not None
    assert any("Lists" in note for note in from_path(tmp_path / "9.json").state.notes)


PROMPTS = (
    "$ {command}\n",
    "user@host:~/capture$ {command}\n",
    "[root@m1 ~]# {command}\n",
    "PS C:\\work> {command}\n",
)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("write", [dump, lambda value: yaml.safe_dump(value).encode()], ids=["json", "yaml"])
def test_a_session_of_a_terminal_is_read_with_all_that_was_listed_in_it(
    prompt: str, write: Callable[[object], bytes], tmp_path: Path
) -> None:
    said = (
        b"Warning: v1 Endpoints is deprecated in v1.33+\n",
        b"E1120 12:00:00.000000   12345 memcache.go:287] couldn't get resource list\n",
        b"Error from server (Forbidden): nodes is forbidden: User cannot list\n",
        b"error: the server doesn't have a resource type gateways\n",
        b"No resources found in shop namespace.\n",
    )
    first, second = (write(plain_list(item)) + b"\n" for item in (A, B))
    asked = prompt.format(command="kubectl get services -o yaml").encode()
    (tmp_path / "session.txt").write_bytes(b"".join((asked, said[0], said[1], first, asked, *said[2:], second, asked)))
    told = read(tmp_path)
    assert told.names == ["a", "b"]
    assert told.notes == []


def test_the_log_of_a_container_in_a_file_of_text_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dump(plain_list(A)))
    (tmp_path / "pods").mkdir()
    (tmp_path / "pods" / "logs.txt").write_bytes(b'{"level":"info","msg":"started"}\n---\nkind: of odd\n')
    told = read(tmp_path)
    assert told.names == ["a"]
    assert told.status(Kind.POD).cut_off == ""
