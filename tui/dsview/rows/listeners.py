"""The Ingress pane: each public or internal port of each controller pod, with its listeners of both families."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dsview.model.address import FAMILIES, V6, Family, families_of
from dsview.model.finding import Finding, ObjectRef
from dsview.model.kinds import Kind
from dsview.model.listen import Likelihood, Listener, ListenSource, NginxConf
from dsview.model.objects import Key, Pod
from dsview.model.ports import port_number
from dsview.model.text import safe
from dsview.rows.cells import Cell, Column, Row, Tone
from dsview.rows.keys import LAST, findings_sort, number_sort
from dsview.rows.pane import MISSING, NOTHING, Attribute, Pane, gaps, make_row, text_cell
from dsview.session.session import Delta, Session
from dsview.state.controllers import config_map_key, controller_services, is_controller, live_controllers
from dsview.state.listeners import nginx_conf

COLUMNS = (
    Column(id="namespace", title="Namespace", help="The namespace of the controller pod.", max_width=20, priority=4),
    Column(id="pod", title="Controller pod", help="The controller pod.", width=14, max_width=44),
    Column(id="port", title="Port", help="The port.", width=5, max_width=6, align="right"),
    Column(id="transport", title="Proto", help="tcp, udp, quic or unix.", width=5, max_width=5, priority=5),
    Column(id="listen_v4", title="Listen", help="The IPv4 listener.", lane="IPv4", width=8, max_width=24),
    Column(id="listen_v6", title="Listen", help="The IPv6 listener.", lane="IPv6", width=8, max_width=45),
    Column(
        id="server_names", title="Server names", help="The servers that share the socket.", max_width=40, priority=3
    ),
    Column(
        id="source",
        title="From",
        help="read from nginx.conf, predicted from the API, or unread.",
        width=9,
        max_width=9,
        priority=1,
    ),
    Column(id="flags", title="Findings", help="What is flagged, worst first.", width=10, max_width=40),
)

_SEPARATOR = "|"
_NAMES_SHOWN = 200


def _row_name(pod: Pod, listener: Listener | None) -> str:
    if listener is None:
        return f"{pod.name}{_SEPARATOR}{_SEPARATOR}"
    scope = "internal" if listener.internal else ""
    # Padded, so that ports stand in order of their numbers.
    is_unix = listener.transport == "unix"
    where = listener.address.replace(_SEPARATOR, "/") if is_unix else f"{listener.port or 0:05d}"
    return _SEPARATOR.join((pod.name, listener.transport + scope, where))


def _groups(conf: NginxConf, pod: Pod) -> dict[str, list[Listener]]:
    found: dict[str, list[Listener]] = {}
    for listener in conf.listeners:
        found.setdefault(_row_name(pod, listener), []).append(listener)
    return found


def _keys(session: Session) -> Iterator[Key]:
    for pod in live_controllers(session.state):
        conf = nginx_conf(session.state, pod)
        names = list(_groups(conf, pod)) or [_row_name(pod, None)]
        for name in names:
            yield (pod.namespace, name)


def count_listeners(session: Session) -> int:
    """How many listen sockets are known to exist: those that were read."""
    confs = (nginx_conf(session.state, pod) for pod in live_controllers(session.state))
    return sum(len(conf.listeners) for conf in confs if conf.source is ListenSource.READ)


def pod_key(key: Key) -> Key:
    """The controller pod that a row belongs to."""
    return (key[0], _parts(key)[0])


def _findings(session: Session, key: Key) -> tuple[Finding, ...]:
    """Findings about the pod's listeners, also where they are about its ConfigMap or its ReplicaSet."""
    pod = session.state.pods.get(pod_key(key))
    if pod is None:
        return ()
    own = ObjectRef("Pod", pod.namespace, pod.name)
    found = [f for f in session.findings_of("Pod", *pod.key) if f.check.startswith("DS-NGX")]
    found += session.findings_of("ConfigMap", *config_map_key(pod))
    if pod.owner is not None:
        of_owner = session.findings_of(pod.owner.kind, pod.namespace, pod.owner.name)
        found += [f for f in of_owner if own in f.related]
    for service, pods in controller_services(session.state).values():
        if any(p.key == pod.key for p in pods):
            # Of the replicas, those that the finding is about.
            found += [
                f for f in session.findings_of("Service", *service.key) if f.check == "DS-NGX-003" and own in f.related
            ]
    return tuple(sorted(found, key=lambda f: f.order))


def _is_public(listeners: list[Listener]) -> bool:
    """Whether these sockets can be flagged: findings are about public ports. So can a pod without any known."""
    return any(not x.internal and x.transport != "unix" for x in listeners) or not listeners


def _listen_cell(listeners: list[Listener], family: Family, is_wanted: bool) -> Cell:
    found = [x for x in listeners if family in x.families]
    if not found:
        return MISSING if is_wanted else NOTHING
    first = found[0]
    port = "" if first.port is None else f":{first.port}"
    address = first.address if len(first.families) == 1 or family == V6 else "[::]"
    doubt = {Likelihood.LIKELY: " likely", Likelihood.UNKNOWN: " ?"}.get(first.likelihood, "")
    return Cell(safe(f"{address}{port}{doubt}"), Tone.MUTED if first.internal or doubt else Tone.PLAIN)


def _names_of(listeners: list[Listener]) -> str:
    return ", ".join(dict.fromkeys(name for x in listeners for name in x.given_names))


def _row(session: Session, key: Key) -> Row | None:
    pod = session.state.pods.get(pod_key(key))
    if pod is None or not is_controller(pod):
        return None
    conf = nginx_conf(session.state, pod)
    listeners = _groups(conf, pod).get(key[1], [])
    if conf.listeners and not listeners:
        return None
    head = {
        "namespace": text_cell(pod.namespace, Tone.MUTED),
        "pod": text_cell(pod.name),
        "source": text_cell(conf.source.value, Tone.PLAIN if conf.source is ListenSource.READ else Tone.MUTED),
    }
    findings = _findings(session, key) if _is_public(listeners) else ()
    if not listeners:
        head["server_names"] = text_cell(conf.reason, Tone.MUTED)
        return make_row(session, key, COLUMNS, head, findings)
    first = listeners[0]
    is_public = not first.internal and first.transport != "unix"
    has = families_of(pod.ips)
    head["port"] = text_cell(str(first.port) if first.port is not None else "")
    head["transport"] = text_cell(first.transport, Tone.MUTED)
    names = first.address if first.transport == "unix" else _names_of(listeners)
    head["server_names"] = text_cell(names[:_NAMES_SHOWN], Tone.MUTED, value=names)
    for family, suffix in zip(FAMILIES, ("_v4", "_v6"), strict=True):
        head[f"listen{suffix}"] = _listen_cell(listeners, family, is_public and family in has)
    return make_row(session, key, COLUMNS, head, findings)


def _parts(key: Key) -> tuple[str, str, str]:
    # From the right: a file may name a pod as it likes.
    pod, transport, where = (*key[1].rsplit(_SEPARATOR, 2), "", "")[:3]
    return pod, transport, where


def _sort_key(session: Session, key: Key, column: str) -> str:
    pod, transport, where = _parts(key)
    match column:
        case "port" | "listen_v4" | "listen_v6":
            number = port_number(where)
            return number_sort(number) if number is not None else LAST
        case "transport":
            return transport
        case "namespace":
            return key[0]
        case "flags":
            return findings_sort(_findings(session, key))
        case "source" | "server_names":
            row = _row(session, key)
            index = next(i for i, c in enumerate(COLUMNS) if c.id == column)
            return row.cells[index].text if row is not None else LAST
    return f"{pod} {transport} {where.rjust(6)}"


def _haystacks(session: Session, keys: Sequence[Key]) -> list[str]:
    rows = [_row(session, key) for key in keys]
    return [" ".join((row.key[0], *(cell.text for cell in row.cells))) if row is not None else "" for row in rows]


def _row_findings(session: Session, key: Key) -> tuple[Finding, ...]:
    row = _row(session, key)
    return row.findings if row is not None else ()


_KINDS = frozenset({Kind.NGINX_CONF, Kind.CONFIG_MAP})


def _affected(session: Session, delta: Delta) -> set[Key] | None:
    """Few rows that depend on much: all of them, where anything near a controller changed."""
    is_near = any(
        change.kind in _KINDS
        or (change.kind is Kind.POD and any(isinstance(p, Pod) and is_controller(p) for p in (change.old, change.new)))
        for change in delta.changes
    )
    is_flagged = any(ref.kind in {"ConfigMap", "ReplicaSet", "DaemonSet", "Service", "Pod"} for ref in delta.findings)
    has_controllers = bool(session.state.controllers)
    return None if is_near or delta.everything or (has_controllers and (is_flagged or delta.statuses)) else set()


def _of_controller(read: Callable[[Pod], Iterable[str]]) -> Attribute:
    def find(session: Session, keys: Sequence[Key]) -> Iterable[Iterable[str]]:
        pods = session.state.pods.many(map(pod_key, keys))
        return [read(pod) if pod is not None else () for pod in pods]

    return find


def _of_listener(read: Callable[[Listener], Iterable[str]]) -> Attribute:
    def find(session: Session, key: Key) -> Iterable[str]:
        pod = session.state.pods.get(pod_key(key))
        found = _groups(nginx_conf(session.state, pod), pod).get(key[1], ()) if pod is not None else ()
        return {value for listener in found for value in read(listener)}

    return lambda session, keys: [find(session, key) for key in keys]


ATTRIBUTES: dict[str, Attribute] = {
    "name": lambda _session, keys: [(pod_key(key)[1],) for key in keys],
    "node": _of_controller(lambda pod: (pod.node_name,)),
    "label": _of_controller(lambda pod: [f"{name}={value}" for name, value in pod.labels.items()]),
    "ip": _of_listener(lambda listener: (listener.address.strip("[]"),)),
    "family": _of_listener(lambda listener: listener.families),
    "missing": lambda session, keys: [gaps(_row(session, key), COLUMNS) for key in keys],
}


def _ranks(session: Session, column: str, keys: Sequence[Key]) -> list[str]:
    return [_sort_key(session, key, column) for key in keys]


PANE = Pane(
    id="listeners",
    title="Ingress listeners",
    singular="listener",
    kinds=(Kind.POD, Kind.NGINX_CONF),
    columns=COLUMNS,
    keys=_keys,
    row=_row,
    ranks=_ranks,
    haystacks=_haystacks,
    attributes=ATTRIBUTES,
    affected=_affected,
    findings=_row_findings,
    contains=lambda session, key: _row(session, key) is not None,
)
