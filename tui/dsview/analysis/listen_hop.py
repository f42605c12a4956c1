"""The listeners hop: the sockets of the proxies on the path, and the proxies that do not listen over a family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hop import Hop, Lane, Verdict, fix_of, listed, make_hop, worst_about
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import registry
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, Severity
from dsview.core.listen import Likelihood, ListenSource, ports_of_host_names, sockets
from dsview.core.text import Safe, safe
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.front_doors import door_of_service
from dsview.listeners.proxies import closed_ports, listeners_of, traffic_ports
from dsview.listeners.proxy_controller import traffic_ports_of


def listen_hop(
    view: ClusterView, pods: Sequence[Pod], wanted: Sequence[Family], service: Service | None = None
) -> Hop | None:
    """The listen sockets of the proxies among the pods: those that the Service leads to, or all public ones.

    None if there are none: admission and metrics Services bypass the proxy.
    """
    state = view.state
    ports = {
        pod.key: pod_ports
        for pod in pods
        if pod.key in state.controllers and (pod_ports := traffic_ports(state, pod, service))
    }
    if not ports:
        return None
    controllers = [pod for pod in pods if pod.key in ports]
    lanes: dict[Family, Lane] = {}
    for family in FAMILIES:
        lane = _listening_lane(view, controllers, ports, family)
        not_listening = [pod for pod in controllers if _lacks_listener(view, service, pod, ports[pod.key], family)]
        if family not in wanted:
            lanes[family] = Lane(values=lane.values, verdict=Verdict.OK if lane.values else Verdict.ABSENT)
        elif not_listening:
            lanes[family] = _not_listening_lane(
                view, service, not_listening, of=len(controllers), listening=lane, family=family
            )
        else:
            lanes[family] = lane
    return make_hop("listen", "Listeners", lanes)


def node_listen_hop(view: ClusterView, service: Service) -> Hop | None:
    """The sockets of the nodes, where they accept the traffic before the Service does; None for other Services."""
    door = door_of_service(view.state, service.key)
    if door is None or door.sockets_below is None:
        return None
    below = door.sockets_below
    ports = [port.port for port in traffic_ports_of(view.state, service)]
    lanes: dict[Family, Lane] = {}
    for family, wildcard in zip(FAMILIES, ("*", "[::]"), strict=True):
        if not below.is_known:
            lanes[family] = Lane(verdict=Verdict.NOT_READ, why=safe(below.reason))
        elif family in (below.families or ()):
            values = listed(f"every node {wildcard}:{port}" for port in ports)
            lanes[family] = Lane(values=values, verdict=Verdict.OK)
        elif family not in service.families:
            lanes[family] = Lane(verdict=Verdict.ABSENT)
        else:
            finding = _finding_about_listeners(view.findings_of("Service", *service.key), family)
            why = safe(f"the nodes do not listen on {family}: {below.reason}")
            lanes[family] = Lane(verdict=Verdict.BROKEN, why=why, fix=_fix_of_cause(view, finding))
    return make_hop("listen", "Listeners", lanes)


def _finding_about_listeners(findings: Iterable[Finding], family: Family) -> Finding | None:
    about = (f for f in findings if registry()[f.check].layer is LayerName.LISTENERS and f.family is not None)
    return worst_about(about, family)


def _fix_of_cause(view: ClusterView, finding: Finding | None) -> Safe:
    """The fix of what explains the finding, otherwise its own."""
    return fix_of((view.root_of(finding) if finding is not None else None) or finding)


def _lacks_listener(view: ClusterView, service: Service | None, pod: Pod, ports: set[int], family: Family) -> bool:
    """Whether one of the ports is open over the other family, but not over this one."""
    if service is not None:
        return bool(closed_ports(view.state, service, pod, family))
    conf = listeners_of(view.state, pod)
    unknown = ports_of_host_names(conf)
    return any(
        socket[1] in ports and families and family not in families and socket not in unknown
        for socket, families in sockets(conf).items()
    )


def _listening_lane(
    view: ClusterView, controllers: Sequence[Pod], ports: Mapping[Key, set[int]], family: Family
) -> Lane:
    """The sockets of a family, and why they are uncertain."""
    values: list[str] = []
    verdict, why = Verdict.OK, ""
    for pod in controllers:
        conf = listeners_of(view.state, pod)
        if conf.source is ListenSource.UNREAD:
            verdict, why = Verdict.NOT_READ, conf.reason
            continue
        listeners = [x for x in conf.listeners if not x.internal and x.port in ports[pod.key] and family in x.families]
        values += dict.fromkeys(f"{pod.name} {x.address}:{x.port}" for x in listeners)
        is_read = conf.source in {ListenSource.READ, ListenSource.DECLARED}
        if verdict is Verdict.OK and (not is_read or any(x.likelihood is not Likelihood.YES for x in listeners)):
            verdict, why = Verdict.NOT_PROVEN, "predicted, the configuration file was not read"
    return Lane(values=listed(values), verdict=verdict, why=safe(why))


def _not_listening_lane(
    view: ClusterView,
    service: Service | None,
    not_listening: Sequence[Pod],
    *,
    of: int,
    listening: Lane,
    family: Family,
) -> Lane:
    findings = [f for pod in not_listening for f in view.findings_of("Pod", *pod.key)]
    findings += view.findings_of("Service", *service.key) if service is not None else ()
    finding = _finding_about_listeners(findings, family)
    sources = {listeners_of(view.state, pod).source for pod in not_listening}
    qualifier = "" if sources <= {ListenSource.READ, ListenSource.DECLARED} else ", as predicted"
    proxies = f"{len(not_listening)} of {of} proxies" if of > 1 else "the proxy"
    names = ", ".join(pod.name for pod in not_listening[:3])
    if ListenSource.PREDICTED in sources and finding is not None and finding.severity is Severity.WARNING:
        # A default is not proof. The finding is only a warning, so the hop is not called broken.
        return Lane(
            values=listening.values,
            verdict=Verdict.NOT_PROVEN,
            why=safe(f"likely refused (predicted): {names}"),
            fix=_fix_of_cause(view, finding),
        )
    return Lane(
        values=listening.values,
        verdict=Verdict.BROKEN,
        why=safe(f"{proxies} {'does' if len(not_listening) == 1 else 'do'} not listen on {family}{qualifier}: {names}"),
        fix=_fix_of_cause(view, finding),
        in_part=len(not_listening) < of,
    )
