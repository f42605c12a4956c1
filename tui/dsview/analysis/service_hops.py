"""The hops of a Service: load balancer, Service IP, EndpointSlices, Pods, listeners, Nodes.

The hops contain only what the API says. A hop is never called reachable, only "ok". If the API cannot say, the verdict
is "not proven"; what could not be read is "not read".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hop import (
    Hop,
    Lane,
    Verdict,
    broken_lane,
    causes_of,
    fix_of,
    listed,
    make_hop,
    not_proven,
    same_for_both,
    with_lane,
    worst_about,
)
from dsview.analysis.listen_hop import listen_hop, node_listen_hop
from dsview.analysis.loss import Loss, families_of_loss, loss_of, losses_of
from dsview.checks.engine.check import Harm, HopName, LayerName
from dsview.checks.engine.registry import registry
from dsview.checks.load_balancer.shared import terminates_connections
from dsview.cluster.endpoints import ServiceEndpoints, service_endpoints
from dsview.core.address import FAMILIES, Family, by_family, families_of, family_of
from dsview.core.finding import Finding, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.proxies import config_map_key

_ONLY_SLICES = "only EndpointSlices say which"
_PLACEHOLDER = "its endpoint is hidden, or a placeholder of Cilium, whose proxy on each node accepts the traffic"
_HOP_IDS = {
    HopName.LISTEN: "listen",
    HopName.LOAD_BALANCER: "load-balancer",
    HopName.SERVICE: "service",
    HopName.ENDPOINT_SLICES: "endpoint-slices",
}
"""The ids of the hops that findings about a Service break."""


class ServiceHops:
    """Makes the hops of a Service. With `only_pod`, they are those of one of the Pods behind it."""

    def __init__(self, view: ClusterView, service: Service, only_pod: Pod | None = None) -> None:
        self._view = view
        self._state = view.state
        self._service = service
        self._only_pod = only_pod
        self._findings = view.findings_of("Service", *service.key)
        self._endpoints: ServiceEndpoints = service_endpoints(self._state, service.key)
        # A Service that was changed to ExternalName may still have its old slices, which nothing uses.
        targets = {} if service.is_external_name else self._endpoints.targets
        behind = {pod.key: pod for e in targets.values() if (pod := self._state.pods.get(e.target)) is not None}
        self.pods = [only_pod] if only_pod is not None else sorted(behind.values(), key=lambda pod: pod.key)

    def findings(self) -> Iterator[Finding]:
        """The findings about the Service, the Pods behind it, and the policies that select these Pods."""
        yield from self._findings
        for pod in self.pods:
            # The listeners hop shows findings about listeners, if a proxy is on the path.
            about_pod = self._view.findings_of("Pod", *pod.key)
            yield from (finding for finding in about_pod if registry()[finding.check].layer is not LayerName.LISTENERS)
        namespace = self._service.namespace
        for subject in self._view.findings.in_scope(Kind.NETWORK_POLICY.value, namespace):
            _, _, name = subject
            policy = self._state.network_policies.get((namespace, name))
            if policy is not None and any(policy.pod_selector.matches(pod.labels) for pod in self.pods):
                yield from self._view.findings.of_subject(subject)

    def hops(self) -> list[Hop]:
        """All hops from outside to the Nodes, broken where the findings say so."""
        hops = [*self.front(), *self.back()]
        return self._broken_as_found(hops) if self._only_pod is None else soften_unconfirmed(hops, self._evidence())

    def _broken_as_found(self, hops: list[Hop]) -> list[Hop]:
        """The hops, broken exactly where findings about the Service say so, because the overview counts these."""
        losses = losses_of(self._view, self._service)
        for family in FAMILIES:
            loss = losses.get(family)
            if loss is None:
                hops = [not_proven(hop, family) for hop in hops]
                continue
            for finding in self._findings:
                if loss_of(self._view, finding) is not None and family in families_of_loss(self._view, finding):
                    _break(hops, family, finding)
            causes = causes_of(hops, family)
            is_part = all(hops[i].lane(family).in_part for i in causes)
            if is_part is not (loss is Loss.PART):
                for i in causes if loss is Loss.PART else causes[-1:]:
                    lane = msgspec.structs.replace(hops[i].lane(family), in_part=loss is Loss.PART)
                    hops[i] = with_lane(hops[i], family, lane)
        return hops

    def _evidence(self) -> list[Finding]:
        """The findings about the Service, the Pods behind it, and the objects they depend on."""
        return [*self._findings, *(finding for pod in self.pods for finding in findings_behind(self._view, pod))]

    def front(self) -> Iterator[Hop]:
        """The hops from outside to the cluster IP."""
        if self._service.type == "LoadBalancer":
            yield self._vip()
        elif self._service.type == "NodePort":
            yield self._node_port()
        yield self._service_ip()

    def back(self) -> Iterator[Hop]:
        """The hops from the EndpointSlices to the Nodes; empty for ExternalName."""
        if self._service.is_external_name:
            return
        below = node_listen_hop(self._view, self._service)
        if below is not None:
            yield below
        if self._state.is_known(Kind.ENDPOINT_SLICE):
            yield self._slices()
        else:
            reason = self._state.status(Kind.ENDPOINT_SLICE).reason
            yield same_for_both("endpoint-slices", "EndpointSlices", Verdict.NOT_READ, reason or "not read")
        yield self._pod_ips()
        listen = listen_hop(self._view, self.pods, self._service.families, self._service)
        if listen is not None:
            yield listen
        if self.pods or not self._state.is_known(Kind.ENDPOINT_SLICE):
            yield self._nodes()

    def _has_family(self, family: Family) -> bool:
        return family in self._service.families

    def _absent(self, family: Family) -> Lane:
        return Lane(verdict=Verdict.ABSENT, why=safe(f"the Service has no {family}"))

    def _vip(self) -> Hop:
        entries = self._service.load_balancer_ingress
        addresses = by_family(e.ip for e in entries if e.ip)
        names = [e.hostname for e in entries if e.hostname]
        about = self._findings_about(HopName.LOAD_BALANCER)
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            values = addresses[family]
            if values and self._has_family(family):
                lanes[family] = Lane(values=listed(values), verdict=Verdict.OK)
            elif self._is_translated(family):
                why = safe(f"the load balancer terminates connections and opens {self._service.families[0]} ones")
                lanes[family] = Lane(values=listed(values), verdict=Verdict.NOT_PROVEN, why=why)
            elif values:
                default_reason = f"the Service has no {family} behind it"
                lanes[family] = broken_lane(worst_about(about, family), default_reason, values=values)
            elif names:
                lanes[family] = Lane(values=listed(names), verdict=Verdict.NOT_PROVEN, why=safe("a host name only"))
            elif self._has_family(family):
                lanes[family] = broken_lane(worst_about(about, family), f"no {family} address was assigned")
            else:
                lanes[family] = self._absent(family)
        return make_hop("load-balancer", "Load balancer", lanes)

    def _is_translated(self, family: Family) -> bool:
        """Whether the load balancer accepts a family that the Service lacks and connects to the nodes over another."""
        service = self._service
        if self._has_family(family) or service.type != "LoadBalancer" or not service.families:
            return False
        return any(
            family_of(entry.ip) == family and terminates_connections(service, self._view.profile, entry.ip_mode)
            for entry in service.load_balancer_ingress
        )

    def _node_port(self) -> Hop:
        if not self._state.is_known(Kind.NODE):
            return same_for_both("node-port", "Node port", Verdict.NOT_READ, "Nodes could not be read")
        ports = ", ".join(str(port.node_port) for port in self._service.ports if port.node_port) or "no port"
        total = len(self._view.nodes)
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            having = sum(family in facts.internal for facts in self._view.nodes.values())
            value = f"{ports} on {having} of {total} nodes"
            if not self._has_family(family):
                lanes[family] = self._absent(family)
            elif not having:
                lanes[family] = broken_lane(None, f"no node has an {family} InternalIP", values=[value])
            elif having < total:
                why = safe(f"the other nodes have no {family} InternalIP")
                lanes[family] = Lane(values=(safe(value),), verdict=Verdict.NOT_PROVEN, why=why)
            else:
                lanes[family] = Lane(values=(safe(value),), verdict=Verdict.OK)
        return make_hop("node-port", "Node port", lanes)

    def _findings_about(self, hop: HopName) -> list[Finding]:
        """The findings that explain a hop."""
        return [finding for finding in self._findings if registry()[finding.check].hop is hop]

    def _service_ip(self) -> Hop:
        name = f"Service {self._service.name}"
        if self._service.is_external_name:
            return same_for_both(
                "service", name, Verdict.NOT_PROVEN, "an alias for a DNS name, whose addresses are not in the API"
            )
        addresses = by_family(self._service.real_cluster_ips)
        about = self._findings_about(HopName.SERVICE)
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            if self._is_translated(family):
                why = safe(f"reached over {self._service.families[0]} by the load balancer")
                lanes[family] = Lane(verdict=Verdict.NOT_PROVEN, why=why)
            elif not self._has_family(family):
                finding = worst_about(about, family)
                why = safe(finding.message if finding is not None else f"the Service has no {family}")
                # A Service that requests one family needs no fix.
                is_wrong = finding is not None and finding.severity is not Severity.NOTE
                lanes[family] = Lane(verdict=Verdict.ABSENT, why=why, fix=fix_of(finding if is_wrong else None))
            elif self._service.is_headless:
                lanes[family] = Lane(values=(safe("headless"),), verdict=Verdict.OK)
            elif addresses[family]:
                lanes[family] = Lane(values=listed(addresses[family]), verdict=Verdict.OK)
            else:
                lanes[family] = broken_lane(worst_about(about, family), f"no {family} cluster IP")
        return make_hop("service", name, lanes)

    def _slices(self) -> Hop:
        make_lane = self._slice_lane_of_pod if self._only_pod is not None else self._slice_lane
        lanes = {f: make_lane(f) if self._has_family(f) else self._absent(f) for f in FAMILIES}
        return make_hop("endpoint-slices", "EndpointSlices", lanes, symptom_of=("pods", "nodes"))

    def _slice_lane(self, family: Family) -> Lane:
        if self._endpoints.is_placeholder:
            return Lane(verdict=Verdict.NOT_PROVEN, why=safe(_PLACEHOLDER))
        live = self._endpoints.live(family)
        most = max(self._endpoints.live(f) for f in FAMILIES)
        value = f"{live} of {most} ready"
        if live and live == most:
            return Lane(values=(safe(value),), verdict=Verdict.OK)
        if not most and not self._service.selector:
            why = "no endpoints, and no selector"
            return Lane(verdict=Verdict.NOT_PROVEN, why=safe(why))
        default_reason = f"{live} of {most} have {family}" if most else "no ready endpoint in either family"
        about = self._findings_about(HopName.ENDPOINT_SLICES)
        return broken_lane(worst_about(about, family), default_reason, values=[value], in_part=live > 0)

    def _slice_lane_of_pod(self, family: Family) -> Lane:
        rows = self._endpoints.of(family)
        pod = self.pods[0]
        identity = next((i for i, e in rows.all.items() if e.target == pod.key), None)
        if identity is None:
            return broken_lane(None, f"the pod is not among the {family} endpoints")
        if identity not in rows.ready:
            return broken_lane(None, "the pod is not ready, so nothing is sent to it", values=["not ready"])
        return Lane(values=(safe("ready"),), verdict=Verdict.OK)

    def _pod_ips(self) -> Hop:
        if not self.pods and not self._state.is_known(Kind.ENDPOINT_SLICE):
            return same_for_both("pods", "Pods", Verdict.NOT_READ, _ONLY_SLICES)
        if not self.pods and self._endpoints.targets:
            if any(e.target[1] for e in self._endpoints.targets.values()) and not self._state.is_known(Kind.POD):
                reason = self._state.status(Kind.POD).reason or "not read"
                return same_for_both("pods", "Pods", Verdict.NOT_READ, f"Pods: {reason}")
            return self._addresses()
        if self._endpoints.is_placeholder:
            return same_for_both("pods", "Pods", Verdict.NOT_PROVEN, _PLACEHOLDER)
        if not self.pods:
            return same_for_both("pods", "Pods", Verdict.ABSENT, "no pods")
        return pods_hop(self._view, self.pods, self._service.families)

    def _addresses(self) -> Hop:
        """Endpoints without Pods, such as those of the API server."""
        lanes: dict[Family, Lane] = {}
        for family in FAMILIES:
            values = [address for e in self._endpoints.of(family).all.values() for address in e.addresses]
            verdict = Verdict.OK if values else Verdict.ABSENT
            lanes[family] = Lane(values=listed(values), verdict=verdict, why=safe("" if values else "no addresses"))
        return make_hop("pods", "Addresses", lanes)

    def _nodes(self) -> Hop:
        if not self._state.is_known(Kind.NODE):
            return same_for_both("nodes", "Nodes", Verdict.NOT_READ, "Nodes could not be read")
        if not self.pods:
            return same_for_both("nodes", "Nodes", Verdict.NOT_READ, _ONLY_SLICES)
        return nodes_hop(self._view, self.pods, self._service.families)


def findings_behind(view: ClusterView, pod: Pod) -> tuple[Finding, ...]:
    """The findings about a Pod, its Node, and the ConfigMap that configures a controller."""
    key = config_map_key(pod) if pod.key in view.state.controllers else None
    settings = view.findings_of("ConfigMap", *key) if key is not None else ()
    return (*view.findings_of("Pod", *pod.key), *view.findings_of("Node", "", pod.node_name), *settings)


def soften_unconfirmed(hops: Iterable[Hop], evidence: Iterable[Finding]) -> list[Hop]:
    """The hops. If no error or warning is about a family, its broken lanes become "not proven"."""
    softened_hops = list(hops)
    serious = [f for f in evidence if f.severity is not Severity.NOTE or registry()[f.check].note_breaks]
    for family in FAMILIES:
        if worst_about(serious, family) is None:
            softened_hops = [not_proven(hop, family) for hop in softened_hops]
    return softened_hops


def _break(hops: list[Hop], family: Family, finding: Finding) -> None:
    """Mark the hop that a finding is about as broken, unless it already is."""
    hop_id = _HOP_IDS.get(registry()[finding.check].hop or HopName.SERVICE, "service")
    ids = [hop.id for hop in hops]
    at = ids.index(hop_id if hop_id in ids else "service")
    lane = hops[at].lane(family)
    if lane.verdict is not Verdict.BROKEN:
        in_part = registry()[finding.check].harm is not Harm.WHOLE
        hops[at] = with_lane(hops[at], family, broken_lane(finding, values=lane.values, in_part=in_part))


def pods_hop(view: ClusterView, pods: Sequence[Pod], families: Sequence[Family]) -> Hop:
    """The addresses of pods."""
    lanes = {family: _pod_lane(view, pods, family, is_wanted=family in families) for family in FAMILIES}
    return make_hop("pods", "Pods" if len(pods) != 1 else "Pod", lanes, symptom_of=("nodes",))


def _pod_lane(view: ClusterView, pods: Sequence[Pod], family: Family, *, is_wanted: bool) -> Lane:
    # Finished and terminating pods no longer use their addresses; pending ones have none yet.
    addressed = [pod for pod in pods if pod.ips and pod.phase == "Running" and not pod.deleted]
    having = [f"{pod.name} {ip}" for pod in addressed for ip in pod.ips if families_of((ip,)) == (family,)]
    without = [pod for pod in addressed if family not in families_of(pod.ips)]
    if not addressed:
        return Lane(verdict=Verdict.NOT_PROVEN, why=safe("no running pod with an address"))
    if not without or not is_wanted:
        return Lane(values=listed(having), verdict=Verdict.OK if having else Verdict.ABSENT)
    findings = [f for pod in without for f in view.findings_of("Pod", *pod.key) if f.family == family]
    names = ", ".join(pod.name for pod in without[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
    why = f"{len(without)} of {len(addressed)} pods {'has' if len(without) == 1 else 'have'} no {family}: {names}"
    if len(addressed) == 1:
        why = f"the pod has no {family}"
    finding = worst_about(findings, family)
    return Lane(
        values=listed(having),
        verdict=Verdict.BROKEN,
        why=safe(why),
        fix=fix_of(finding),
        in_part=bool(having),
    )


def nodes_hop(view: ClusterView, pods: Sequence[Pod], families: Sequence[Family]) -> Hop:
    """The families that the nodes of pods can assign."""
    names = sorted({pod.node_name for pod in pods if pod.node_name})
    lanes: dict[Family, Lane] = {}
    for family in FAMILIES:
        lacking = {pod.node_name for pod in pods if _node_lacks(view, pod, family)}
        without = [name for name in names if name in lacking]
        having = [name for name in names if name not in lacking]
        if without and family in families:
            findings = [f for name in without for f in view.findings_of("Node", "", name) if f.family == family]
            finding = worst_about(findings, family)
            lanes[family] = Lane(
                values=listed(having),
                verdict=Verdict.BROKEN,
                why=safe(f"{', '.join(without[:3])} {'gives' if len(without) == 1 else 'give'} pods no {family}"),
                fix=fix_of(finding),
                in_part=bool(having),
            )
        else:
            lanes[family] = Lane(values=listed(having), verdict=Verdict.OK if having else Verdict.ABSENT)
    return make_hop("nodes", "Nodes" if len(names) != 1 else "Node", lanes)


def _node_lacks(view: ClusterView, pod: Pod, family: Family) -> bool:
    """Whether the node of a pod cannot provide a family. A pod on the host network uses the node's own addresses."""
    facts = view.nodes.get(pod.node_name)
    node_families = (facts.internal if pod.host_network else facts.pod_families) if facts is not None else ()
    # If the families of a node are not known, none is reported as missing.
    return bool(node_families) and family not in node_families
