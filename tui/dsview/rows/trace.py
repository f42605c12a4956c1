"""The trace: both families side by side, hop by hop, from the client to the node, the broken hop marked and explained.

Only what the API tells: a hop is never called reachable, only "in order"; where the API cannot tell, the verdict is
"not proven", and what could not be read is "not read".
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from dsview.model.address import FAMILIES, Family, families_of
from dsview.model.finding import Finding
from dsview.model.kinds import Kind
from dsview.model.listen import Likelihood, ListenSource
from dsview.model.objects import Key, Pod, Service
from dsview.model.text import Safe, safe
from dsview.rows.listeners import pod_key
from dsview.rows.pane import by_family
from dsview.session.session import Session
from dsview.state.endpoints import ServiceEndpoints, service_endpoints
from dsview.state.listeners import nginx_conf

SHOWN = 4
"""Values of a hop that are listed; the rest is counted."""


class Verdict(StrEnum):
    """What the API says of one family at one hop."""

    OK = "in order"
    BROKEN = "broken"
    ABSENT = "not there"
    NOT_PROVEN = "not proven"
    NOT_READ = "not read"


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One family at one hop: its values, the verdict, and why."""

    values: tuple[Safe, ...] = ()
    verdict: Verdict
    why: Safe = Safe("")


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One hop, both families."""

    name: Safe
    v4: Lane
    v6: Lane

    def lane(self, family: Family) -> Lane:
        """The lane of a family."""
        return self.v4 if family == "IPv4" else self.v6


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The hops in order, and a sentence for each family: where it breaks, or that nothing speaks against it."""

    title: Safe
    hops: tuple[Hop, ...]
    v4: Safe
    v6: Safe

    def summary(self, family: Family) -> Safe:
        """The sentence of a family."""
        return self.v4 if family == "IPv4" else self.v6


def _listed(values: Iterable[str]) -> tuple[Safe, ...]:
    every = list(values)
    more = (safe(f"and {len(every) - SHOWN} more"),) if len(every) > SHOWN else ()
    return (*map(safe, every[:SHOWN]), *more)


def _hop(name: str, lanes: dict[Family, Lane]) -> Hop:
    return Hop(name=safe(name), v4=lanes["IPv4"], v6=lanes["IPv6"])


def _because(findings: Iterable[Finding], family: Family) -> Safe:
    """The message of the worst finding that concerns the family."""
    about = sorted((f for f in findings if f.family in (family, None)), key=lambda f: f.order)
    return safe(about[0].message) if about else Safe("")


class _Tracer:
    """Makes the hops of one Service."""

    def __init__(self, session: Session, service: Service) -> None:
        self._session = session
        self._state = session.state
        self._service = service
        self._findings = session.findings_of("Service", *service.key)
        self._endpoints: ServiceEndpoints = service_endpoints(self._state, service.key)
        self._pods = sorted(
            {
                pod.key: pod
                for e in self._endpoints.targets.values()
                if (pod := self._state.pods.get(e.target)) is not None
            }.values(),
            key=lambda pod: pod.key,
        )

    def hops(self) -> list[Hop]:
        service = self._service
        hops = [
            _hop("Client", {f: Lane(verdict=Verdict.NOT_PROVEN, why=safe("dsview sends no packets")) for f in FAMILIES})
        ]
        if service.type == "LoadBalancer":
            hops.append(self._vip())
        hops.append(self._service_ip())
        if self._state.is_known(Kind.ENDPOINT_SLICE):
            hops.append(self._slices())
        else:
            reason = self._state.status(Kind.ENDPOINT_SLICE).reason
            hops.append(_hop("EndpointSlices", {f: Lane(verdict=Verdict.NOT_READ, why=safe(reason)) for f in FAMILIES}))
        hops.append(self._pod_ips())
        if any(pod.key in self._state.controllers for pod in self._pods):
            hops.append(self._listen())
        hops.append(self._nodes())
        return hops

    def _wants(self, family: Family) -> bool:
        return family in self._service.families

    def _outside(self, family: Family) -> Lane:
        return Lane(verdict=Verdict.ABSENT, why=safe(f"the Service has no {family}"))

    def _vip(self) -> Hop:
        entries = self._service.load_balancer_ingress
        found = by_family(e.ip for e in entries if e.ip)
        names = [e.hostname for e in entries if e.hostname]
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            about = [f for f in self._findings if f.check.startswith("DS-LB")]
            if found[family] and self._wants(family):
                lanes[family] = Lane(values=_listed(found[family]), verdict=Verdict.OK)
            elif found[family]:
                why = _because(about, family)
                lanes[family] = Lane(values=_listed(found[family]), verdict=Verdict.BROKEN, why=why)
            elif names:
                lanes[family] = Lane(values=_listed(names), verdict=Verdict.NOT_PROVEN, why=safe("a host name only"))
            elif self._wants(family):
                why = _because(about, family) or safe(f"no {family} address was given")
                lanes[family] = Lane(verdict=Verdict.BROKEN, why=why)
            else:
                lanes[family] = self._outside(family)
        return _hop("Load balancer", lanes)

    def _service_ip(self) -> Hop:
        found = by_family(self._service.real_cluster_ips)
        about = [f for f in self._findings if f.check.startswith(("DS-SVC", "DS-API", "DS-NGX-005"))]
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            if not self._wants(family):
                why = _because(about, family) or safe(f"the Service has no {family}")
                lanes[family] = Lane(verdict=Verdict.ABSENT, why=why)
            elif self._service.is_headless:
                lanes[family] = Lane(values=(safe("headless"),), verdict=Verdict.OK)
            elif found[family]:
                grave = [
                    f for f in about if f.check in {"DS-SVC-003", "DS-SVC-004", "DS-SVC-005"} and f.family == family
                ]
                verdict = Verdict.BROKEN if grave else Verdict.OK
                lanes[family] = Lane(values=_listed(found[family]), verdict=verdict, why=_because(grave, family))
            else:
                lanes[family] = Lane(verdict=Verdict.BROKEN, why=safe(f"no {family} cluster IP"))
        return _hop(f"Service {self._service.name}", lanes)

    def _slices(self) -> Hop:
        about = [f for f in self._findings if f.check.startswith("DS-EPS")]
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            live = self._endpoints.live(family)
            most = max(self._endpoints.live(f) for f in FAMILIES)
            if not self._wants(family):
                lanes[family] = self._outside(family)
                continue
            why = _because(about, family)
            verdict = Verdict.OK if live == most and live else Verdict.BROKEN
            why = why or safe(f"{live} of {most} have {family}" if most else "no ready endpoint in either family")
            lanes[family] = Lane(
                values=(safe(f"{live} of {most} ready"),),
                verdict=verdict,
                why=why if verdict is Verdict.BROKEN else Safe(""),
            )
        return _hop("EndpointSlices", lanes)

    def _pod_ips(self) -> Hop:
        if not self._pods and not self._state.is_known(Kind.ENDPOINT_SLICE):
            return self._hop_unread("Pods")
        if not self._pods:
            known = self._state.is_known(Kind.POD)
            why = "no pods" if known else f"Pods: {self._state.status(Kind.POD).reason or 'not read'}"
            verdict = Verdict.ABSENT if known else Verdict.NOT_READ
            return _hop("Pods", {f: Lane(verdict=verdict, why=safe(why)) for f in FAMILIES})
        return _hop("Pods", {family: self._pod_lane(family) for family in FAMILIES})

    @staticmethod
    def _hop_unread(name: str) -> Hop:
        """A hop that only EndpointSlices lead to, where they were not read."""
        why = safe("only EndpointSlices tell which")
        return _hop(name, {f: Lane(verdict=Verdict.NOT_READ, why=why) for f in FAMILIES})

    def _pod_lane(self, family: Family) -> Lane:
        without = [pod for pod in self._pods if family not in families_of(pod.ips)]
        having = [f"{pod.name} {ip}" for pod in self._pods for ip in pod.ips if families_of((ip,)) == (family,)]
        if not without:
            return Lane(values=_listed(having), verdict=Verdict.OK)
        if not self._wants(family):
            return Lane(values=_listed(having), verdict=Verdict.ABSENT if not having else Verdict.OK)
        listed = ", ".join(pod.name for pod in without[:3]) + (" and more" if len(without) > 3 else "")
        count = f"{len(without)} of {len(self._pods)} pods have no {family}: {listed}"
        return Lane(values=_listed(having), verdict=Verdict.BROKEN, why=safe(count))

    def _listen(self) -> Hop:
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            values: list[str] = []
            verdict, why = Verdict.OK, ""
            for pod in (p for p in self._pods if p.key in self._state.controllers):
                conf = nginx_conf(self._state, pod)
                public = [x for x in conf.listeners if not x.internal and x.transport != "unix"]
                found = [x for x in public if family in x.families]
                values += [f"{pod.name} {x.address}:{x.port}" for x in found]
                if conf.source is ListenSource.UNREAD:
                    verdict, why = Verdict.NOT_READ, conf.reason
                elif self._wants(family) and not found:
                    doubt = "" if conf.source is ListenSource.READ else ", as predicted"
                    verdict, why = Verdict.BROKEN, f"{pod.name} does not listen on {family}{doubt}"
                    break
                elif conf.source is ListenSource.PREDICTED or any(x.likelihood is not Likelihood.YES for x in found):
                    verdict, why = Verdict.NOT_PROVEN, "predicted, nginx.conf was not read"
            lanes[family] = Lane(values=_listed(values), verdict=verdict, why=safe(why))
        return _hop("nginx listen", lanes)

    def _nodes(self) -> Hop:
        names = sorted({pod.node_name for pod in self._pods if pod.node_name})
        if not self._state.is_known(Kind.NODE):
            return _hop(
                "Nodes", {f: Lane(verdict=Verdict.NOT_READ, why=safe("Nodes could not be read")) for f in FAMILIES}
            )
        if not names and not self._state.is_known(Kind.ENDPOINT_SLICE):
            return self._hop_unread("Nodes")
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            lacking = {pod.node_name for pod in self._pods if self._node_lacks(pod, family)}
            without = [name for name in names if name in lacking]
            having = [n for n in names if n not in without]
            if without and self._wants(family):
                why = safe(f"{', '.join(without[:3])} gives pods no {family}")
                lanes[family] = Lane(values=_listed(having), verdict=Verdict.BROKEN, why=why)
            else:
                lanes[family] = Lane(values=_listed(having), verdict=Verdict.OK if having else Verdict.ABSENT)
        return _hop("Nodes", lanes)

    def _node_lacks(self, pod: Pod, family: Family) -> bool:
        """Whether the pod's node cannot give it a family: its own addresses where the pod is on the node's network."""
        facts = self._session.nodes.get(pod.node_name)
        return facts is not None and family not in (facts.internal if pod.host_network else facts.pod_families)


def _summary(hops: Iterable[Hop], family: Family) -> Safe:
    # The last broken hop is the cause: what lies before it only shows the effect.
    broken = [hop for hop in hops if hop.lane(family).verdict is Verdict.BROKEN]
    if broken:
        cause = broken[-1]
        return safe(f"{family} breaks at {cause.name}: {cause.lane(family).why}")
    if any(hop.lane(family).verdict is Verdict.ABSENT and hop.name.startswith("Service ") for hop in hops):
        return safe(f"{family} is not offered.")
    unread = [str(hop.name) for hop in hops if hop.lane(family).verdict is Verdict.NOT_READ]
    if unread:
        return safe(f"{family}: nothing wrong in what was read; not read: {', '.join(unread)}.")
    return safe(f"{family}: nothing in the API speaks against it.")


def trace_service(session: Session, service: Service) -> Trace:
    """The trace of a Service."""
    hops = tuple(_Tracer(session, service).hops())
    title = safe(f"Service {service.namespace}/{service.name}")
    return Trace(title=title, hops=hops, v4=_summary(hops, "IPv4"), v6=_summary(hops, "IPv6"))


def trace(session: Session, pane_id: str, key: Key) -> Trace | None:
    """The trace of an object by its place, or of a listener's row; None where no Service is there to be traced."""
    service = _traced_service(session, pane_id, key)
    return trace_service(session, service) if service is not None else None


def _traced_service(session: Session, pane_id: str, key: Key) -> Service | None:
    """The Service itself, that of a slice, the first backend of an Ingress, or the first that selects a Pod."""
    state = session.state
    match pane_id:
        case "services":
            return state.services.get(key)
        case "endpointslices":
            item = state.endpoint_slices.get(key)
            return state.services.get((item.namespace, item.service_name)) if item is not None else None
        case "ingresses":
            ingress = state.ingresses.get(key)
            names = (backend.service for backend in ingress.backends) if ingress is not None else ()
            return next((found for name in names if (found := state.services.get((key[0], name)))), None)
        case "pods" | "listeners":
            pod: Pod | None = state.pods.get(pod_key(key) if pane_id == "listeners" else key)
            selecting = state.selectors.selecting(pod) if pod is not None else []
            return min(selecting, key=lambda s: (s.type != "LoadBalancer", s.key), default=None)
    return None
