"""What `--redact` removes from a snapshot, and what it must keep."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.core.address import classify, families_of, is_canonical, packed
from dsview.core.cidr import parse_cidr
from dsview.core.listen import ProxyListeners
from dsview.kinds.container import READ_VARIABLES, Container
from dsview.kinds.encode import encode
from dsview.kinds.event import Event
from dsview.kinds.ingress import Ingress, IngressBackend
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.conf_reading import read_conf
from dsview.listeners.front_doors import front_doors
from dsview.listeners.proxies import controller_name, listeners_of, live_proxies
from dsview.listeners.registry import CONTROLLERS as KNOWN
from dsview.session.session import Session
from dsview.session.snapshot import take_snapshot
from dsview.sources.files import FilesSource
from dsview.sources.redact import redacted
from dsview.sources.redact.addresses import AddressMap
from dsview.sources.redact.front_doors import CONTAINERS, CONTROLLERS, flag, image, variable
from dsview.sources.redact.names import KEPT_LABELS, KEPT_NAMES, KEPT_NAMESPACES, KEPT_VALUES
from dsview.sources.redact.redactor import Redactor
from dsview.sources.redact.settings import command_line, config_map
from dsview.sources.snapshot import Snapshot, write_snapshot
from tests.support import doors

DATA = Path(__file__).parent.parent / "data"
CLUSTERS = [
    *sorted(path for path in (DATA / "scenarios").iterdir() if path.is_dir()),
    *sorted(path for path in (DATA / "scenarios-listeners").iterdir() if path.is_dir()),
    DATA / "recordings" / "dual-two-nodes",
    DATA / "recordings" / "dual-two-nodes-as-viewer",
]
KEY = b"tests"
CAPTURED = 1_900_000_000.0


def session_of(path: Path) -> Session:
    session = Session(FilesSource(str(path)), clock=lambda: CAPTURED)
    session.start()
    while session.has_work:
        session.drain(1.0)
    session.stop()
    return session


def snapshot_of(session: Session) -> Snapshot:
    taken = take_snapshot(session, CAPTURED)
    return msgspec.structs.replace(taken, objects=list(taken.objects))


def verdict(session: Session) -> Counter[tuple[str, str, str, str | None, bool]]:
    """The findings without names and addresses."""
    return Counter(
        (f.check, f.severity.value, f.object.kind, f.family, session.root_of(f) is not None) for f in session.findings
    )


def names_in(snapshot: Snapshot) -> set[str]:
    found: set[str] = set()
    for kind, item in snapshot.objects:
        found |= {item.namespace} - KEPT_NAMESPACES
        if kind is not Kind.IP_ADDRESS:
            found |= {item.name} - KEPT_NAMES - {"nginx"}
        found.add(item.uid)
        if isinstance(item, Ingress):
            found |= set(item.hosts)
    # A namespace or a class may have the name of a label, a container or a controller, such as ingress-nginx.
    return found - CONTAINERS - KEPT_LABELS - KEPT_VALUES - {part for name in CONTROLLERS for part in name.split("/")}


_ADDRESS = re.compile(r"[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]+")


def addresses_in(text: str) -> set[str]:
    """The addresses in a text, without those that every key leaves as they are, such as loopback addresses."""
    maps = [AddressMap(KEY), AddressMap(b"another key")]
    found = {text for text in _ADDRESS.findall(text) if packed(text) is not None}
    return {address for address in found if any(to.address(address) != address for to in maps)}


def text_of(snapshot: Snapshot) -> str:
    parts = [msgspec.json.encode(encode(kind, item)) for kind, item in snapshot.objects]
    return b"\n".join([*parts, *(conf.text for conf in snapshot.confs)]).decode()


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.name)
def test_redacted_cluster_has_the_same_findings_and_none_of_its_names_or_addresses(path: Path, tmp_path: Path) -> None:
    session = session_of(path)
    before = snapshot_of(session)
    after = redacted(before, KEY)
    write_snapshot(tmp_path / "redacted.json.gz", after)
    again = session_of(tmp_path / "redacted.json.gz")

    text = gzip.decompress((tmp_path / "redacted.json.gz").read_bytes()).decode()
    words = set(re.split(r'[\s"/,]+', text))
    assert not names_in(before) & words
    assert not addresses_in(text_of(before)) & addresses_in(text)
    assert verdict(again) == verdict(session)
    assert again.profile.mode == session.profile.mode
    assert again.profile.confidence == session.profile.confidence
    assert len(again.state.pods) == len(session.state.pods)
    assert again.not_evaluated() == session.not_evaluated() or path.name.endswith("viewer")
    assert not again.state.quarantined


def test_two_snapshots_are_redacted_differently_unless_the_key_is_given() -> None:
    pod = (Kind.POD, Pod(name="web", namespace="shop", uid="u", pod_ips=("10.1.2.3",), pod_ip="10.1.2.3"))
    taken = Snapshot(captured_at=CAPTURED, context="prod", server_version=None, statuses=[], confs=[], objects=[pod])

    def ips(snapshot: Snapshot) -> Object:
        return next(iter(snapshot.objects))[1]

    assert ips(redacted(taken, KEY)) == ips(redacted(taken, KEY))
    assert ips(redacted(taken)) != ips(redacted(taken))
    assert redacted(taken).context == "redacted"


V4 = st.ip_addresses(v=4).map(str)
V6 = st.ip_addresses(v=6).map(str)


@given(st.one_of(V4, V6))
def test_an_address_keeps_family_class_and_canonical_spelling(text: str) -> None:
    mapped = AddressMap(KEY).address(text)
    assert mapped is not None
    assert families_of((mapped,)) == families_of((text,))
    assert classify(mapped) == classify(text)
    assert is_canonical(mapped) == is_canonical(text)


def shared_bits(a: str, b: str) -> int:
    raw_a, raw_b = packed(a), packed(b)
    assert raw_a is not None
    assert raw_b is not None
    assert len(raw_a) == len(raw_b)
    size = 8 * len(raw_a)
    return size - (int.from_bytes(raw_a, "big") ^ int.from_bytes(raw_b, "big")).bit_length()


@given(st.one_of(st.tuples(V4, V4), st.tuples(V6, V6)))
def test_two_addresses_share_as_many_leading_bits_as_before(pair: tuple[str, str]) -> None:
    to = AddressMap(KEY)
    a, b = (to.address(text) or "" for text in pair)
    if not any("::ffff:" in text for text in pair):
        assert shared_bits(a, b) == shared_bits(*pair)


@given(st.one_of(V4, V6), st.integers(0, 128))
def test_a_range_keeps_its_length_its_host_bits_and_what_it_contains(text: str, length: int) -> None:
    raw = packed(text) or b""
    length = min(length, 8 * len(raw))
    if ":" in text and len(raw) == 4:
        return
    to = AddressMap(KEY)
    before, after = parse_cidr(f"{text}/{length}"), parse_cidr(to.range(f"{text}/{length}") or "")
    assert before is not None
    assert after is not None
    assert after.prefix_length == before.prefix_length
    network = parse_cidr(to.range(before.canonical) or "")
    assert network is not None
    assert not network.has_host_bits
    assert network.contains(packed(to.address(text) or ""))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("::1", r"::1"),
        ("127.0.0.1", r"127\.0\.0\.1"),
        ("0.0.0.0/0", r"0\.0\.0\.0/0"),
        ("::/0", r"::/0"),
        ("::ffff:10.0.0.1", r"::ffff:10\.[\d.]+"),
        ("fe80::1%eth0", r"fe[89ab][0-9a-f]:[0-9a-f:]+%eth0"),
        ("010.1.2.3", r"010\.[\d.]+"),
        ("FD00::1", r"FD[0-9A-F]{2}(:[0-9A-F]{4}){7}"),
        ("10.1.2.3/16", r"10\.[\d.]+/16"),
        ("192.168.1.0/24", r"192\.168\.\d+\.0/24"),
        ("not an address", r"None"),
    ],
)
def test_a_redacted_range_keeps_its_unusual_spelling(text: str, wanted: str) -> None:
    assert re.fullmatch(wanted, str(AddressMap(KEY).range(text)))


def test_flags_keep_what_is_read_and_lose_the_rest() -> None:
    to = Redactor(KEY)
    words = (
        "/usr/bin/dumb-init",
        "/nginx-ingress-controller",
        "--publish-service=$(POD_NAMESPACE)/edge",
        "--configmap=edge-system/settings",
        "--default-ssl-certificate=edge-system/acme-corp",
        "--http-port",
        "8080",
        "--enable-ssl-passthrough",
        "--v=2",
        "-disable-ipv6",
        "false",
    )
    assert command_line(words, to) == (
        "/nginx-ingress-controller",
        f"--publish-service=$(POD_NAMESPACE)/{to.service('edge')}",
        f"--configmap={to.namespace('edge-system')}/{to.config_map('settings')}",
        "--http-port=8080",
        "--enable-ssl-passthrough=true",
        # A switch does not take the next word.
        "--disable-ipv6=true",
    )


def test_settings_keep_switches_and_ranges_only() -> None:
    to = Redactor(KEY)
    data = {
        "disable-ipv6": "true",
        "denylist-source-range": "10.1.0.0/16, acme",
        "http-snippet": "proxy_set_header Authorization secret;",
    }
    kept = config_map(("edge", "ingress-nginx-controller"), data, to)
    assert kept == {
        "denylist-source-range": f"{to.ip('10.1.0.0/16')},{to.ip('acme')}",
        "disable-ipv6": "true",
    }
    assert "acme" not in str(kept)


CONF = b"""
http {
  server { listen 80 default_server; listen [::]:80 ipv6only=off; server_name _; }
  server { listen 10.20.30.40:443 ssl; server_name pay.acme.example *.acme.example; return 200 "secret"; }
  server { listen unix:/run/acme.sock; listen 127.0.0.1:10246; }
}
stream { server { listen [fd00:1::9]:9000 udp; proxy_pass acme; } }
"""


def test_nginx_conf_keeps_its_sockets_and_nothing_that_was_served() -> None:
    pod = Pod(name="edge-0", namespace="edge")
    taken = Snapshot(
        captured_at=CAPTURED,
        context="",
        server_version=None,
        statuses=[],
        confs=[read_conf(pod, CONF)],
        objects=[(Kind.POD, pod)],
    )
    conf: ProxyListeners = redacted(taken, KEY).confs[0]
    assert b"acme" not in conf.text
    assert b"secret" not in conf.text
    assert b"10.20.30.40" not in conf.text
    again = read_conf(Pod(name=conf.name, namespace=conf.namespace), conf.text)
    assert again.listeners == conf.listeners
    before = taken.confs[0].listeners
    assert [(x.port, x.families, x.options, x.internal, x.context) for x in again.listeners] == [
        (x.port, x.families, x.options, x.internal, x.context) for x in before
    ]


def test_ingress_and_nginx_name_the_same_host_the_same() -> None:
    ingress = Ingress(
        name="i", namespace="n", hosts=("a.example.org",), backends=(IngressBackend("a.example.org", "s"),)
    )
    taken = Snapshot(
        captured_at=CAPTURED,
        context="",
        server_version=None,
        statuses=[],
        confs=[read_conf(Pod(name="p", namespace="n"), b"http { server { listen 80; server_name a.example.org; } }")],
        objects=[(Kind.INGRESS, ingress)],
    )
    after = redacted(taken, KEY)
    item = next(iter(after.objects))[1]
    assert isinstance(item, Ingress)
    assert after.confs[0].listeners[0].server_names == item.hosts == (item.backends[0].host,)


def test_controller_is_still_known_by_its_image_when_its_own_words_are_gone() -> None:
    container = Container("c", "registry.acme.example/mirror/ingress-nginx/controller:v1", ("--acme",), (), ())
    taken = Snapshot(
        captured_at=CAPTURED,
        context="",
        server_version=None,
        statuses=[],
        confs=[],
        objects=[(Kind.POD, Pod(name="p", namespace="n", containers=(container,)))],
    )
    item = next(iter(redacted(taken, KEY).objects))[1]
    assert isinstance(item, Pod)
    assert item.containers[0].image == "registry.k8s.io/ingress-nginx/controller"
    assert item.containers[0].command_line == ()


DOORS = {
    **{door.name: door.items for door in doors.HEALTHY},
    "a release of another name": doors.nginx_gateway_fabric("ipv4", instance="my-gateway"),
    "contour with an address of one family": doors.contour("0.0.0.0", "::"),
}


@pytest.mark.parametrize("items", DOORS.values(), ids=DOORS.keys())
def test_redacted_front_door_has_the_same_sockets_and_findings(items: list[doors.Json], tmp_path: Path) -> None:
    session = doors.load([*items, *doors.backend()], tmp_path)
    write_snapshot(tmp_path / "redacted.json.gz", redacted(snapshot_of(session), KEY))
    again = session_of(tmp_path / "redacted.json.gz")

    assert verdict(again) == verdict(session)
    assert sockets_of(again) == sockets_of(session) != Counter()


def sockets_of(session: Session) -> Counter[str]:
    found = [f"door of {door.controller.name}" for door in front_doors(session.state)]
    for pod in live_proxies(session.state):
        conf = listeners_of(session.state, pod)
        found += [f"{controller_name(pod)} {conf.source} {x.port} {x.families}" for x in conf.listeners]
    return Counter(found)


def test_part_of_an_image_name_that_is_no_controller_is_replaced() -> None:
    assert image("registry.acme.example/hongkong/proxy:1.2") is None
    assert image("registry.acme.example/mirror/kong-gateway:3.9") == "kong:3.9"
    assert image("ghcr.io/projectcontour/contour:v1.33.0") == "contour:v1.33.0"


MIRRORED = "registry.acme.example/edge@sha256:0123"


@pytest.mark.parametrize(
    ("name", "words", "labels", "wanted"),
    [
        ("haproxy-ingress", ("--ipv4-bind-address=0.0.0.0",), {"run": "acme"}, "haproxy"),
        ("kubernetes-ingress-controller", ("--ingress.class=acme",), {}, "haproxy"),
        ("nginx-ingress", ("-nginx-configmaps=acme/c",), {"app": "acme"}, "nginx-ingress-controller"),
        ("edge", ("-entrypoints.acme.address=:80",), {}, "traefik"),
        ("istio-proxy", ("proxy", "router"), {"istio": "ingressgateway"}, "istio"),
        ("istio-proxy", ("proxy", "router"), {"istio": "egressgateway"}, ""),
    ],
)
def test_controller_is_still_known_by_its_flags_and_labels(
    name: str, words: tuple[str, ...], labels: dict[str, str], wanted: str
) -> None:
    pod = Pod(name="p", namespace="n", labels=labels, containers=(Container(name, MIRRORED, words, (), ()),))
    taken = Snapshot(
        captured_at=CAPTURED, context="", server_version=None, statuses=[], confs=[], objects=[(Kind.POD, pod)]
    )
    item = next(iter(redacted(taken, KEY).objects))[1]
    assert isinstance(item, Pod)
    assert controller_name(pod) == controller_name(item) == wanted
    assert "acme" not in repr(item)


def test_redacted_probe_is_refused_at_the_redacted_address_of_its_pod() -> None:
    pod = Pod(name="web-1", namespace="shop", phase="Running", pod_ips=("10.244.1.7", "fd00::7"), stopped=("cashier",))
    told = Event(
        name="e",
        namespace="shop",
        reason="Unhealthy",
        message='Get "http://10.244.1.7:80/till": dial tcp 10.244.1.7:80: connect: connection refused',
        involved_kind="Pod",
        involved_namespace="shop",
        involved_name="web-1",
        involved_container="cashier",
    )
    balancer = Service(name="web", namespace="shop", type="LoadBalancer", load_balancer_class="corp.test/edge")
    taken = Snapshot(
        captured_at=CAPTURED,
        context="",
        server_version=None,
        statuses=[],
        confs=[],
        objects=[(Kind.POD, pod), (Kind.EVENT, told), (Kind.SERVICE, balancer)],
    )
    after = redacted(taken, KEY)
    after = msgspec.structs.replace(after, objects=list(after.objects))
    found = dict(after.objects)
    hidden_pod, hidden_event = found[Kind.POD], found[Kind.EVENT]
    assert isinstance(hidden_pod, Pod)
    assert isinstance(hidden_event, Event)
    assert hidden_event.involved_container == hidden_pod.stopped[0]
    assert f"[{hidden_pod.pod_ips[0]}]" in hidden_event.message
    assert "connection refused" in hidden_event.message
    for word in ("cashier", "till", "10.244.1.7", "corp.test"):
        assert word not in text_of(after), word


def test_settings_of_one_name_have_values_of_one_kind_for_every_controller() -> None:
    for settings in ([c.vocabulary.flags for c in KNOWN], [c.vocabulary.variables for c in KNOWN]):
        pairs = {(name.lower(), value) for found in settings for name, value in found.items()}
        assert len(pairs) == len({name for name, _ in pairs})


def test_the_environment_that_is_kept_of_a_pod_is_what_controllers_read() -> None:
    assert {name for c in KNOWN for name in c.vocabulary.variables} == set(READ_VARIABLES)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("KONG_PROXY_LISTEN", "0.0.0.0:8000, [::]:8443 ssl secret", "0.0.0.0:8000, [::]:8443 ssl"),
        ("KONG_PROXY_LISTEN", "off", "off"),
        ("ROUTER_IP_V4_V6_MODE", "v4v6", "v4v6"),
        ("ROUTER_IP_V4_V6_MODE", "acme", "other"),
        ("ISTIO_DUAL_STACK", "true", "true"),
        ("ISTIO_DUAL_STACK", "acme", "other"),
    ],
)
def test_of_an_environment_stays_what_decides_sockets_and_nothing_else(name: str, value: str, wanted: str) -> None:
    assert variable(name, value, Redactor(KEY)) == wanted


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("entryPoints.acme.address", ":8000/tcp", "entryPoints.port-1.address=:8000/tcp"),
        ("entrypoints.http.address", "[::]:80", "entryPoints.http.address=[::]:80"),
        ("entryPoints.http.address", "acme", "entryPoints.http.address=other"),
        ("disable-ipv6", "true", "disable-ipv6=true"),
        ("disable-ipv6", "acme", "disable-ipv6=other"),
        ("contour-config-name", "acme", "contour-config-name=given"),
        ("providers.file.directory", "/acme", None),
    ],
)
def test_of_flags_stay_those_that_decide_sockets(name: str, value: str, wanted: str | None) -> None:
    assert flag(name, value, Redactor(KEY)) == wanted
