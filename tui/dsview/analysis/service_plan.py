"""What one single-stack Service needs to become dual-stack: the obstacles, and how to remove them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.door_plan import door_of, service_steps
from dsview.analysis.plan_step import Obstacle, Step, Wave
from dsview.checks.engine.availability import why_unknown
from dsview.checks.engine.remediation import (
    families,
    make_listen,
    names,
    patch_service,
    recreate_pods,
    ref,
    reregister_node,
    switch_on,
)
from dsview.checks.load_balancer.shared import close_family, limits_nobody, source_ranges
from dsview.checks.network_policy.shared import one_family_limits
from dsview.checks.service.shared import is_cluster_dns
from dsview.cluster.endpoints import service_endpoints
from dsview.cluster.profile import KUBERNETES, Confidence
from dsview.cluster.service_ranges import service_range_uses
from dsview.core.address import families_of, other
from dsview.core.cidr import cidr_families
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.proxies import closed_ports, listeners_of, proxies_behind, switched_off

_SCARCE = 0.95
"""The share of Service addresses in use above which the plan says how many are left."""


def is_movable(service: Service) -> bool:
    """Whether a Service has one family and may get another. The API servers keep default/kubernetes single-stack."""
    return len(service.families) == 1 and service.key != KUBERNETES


def make_step(view: ClusterView, service: Service) -> Step:
    """What one movable Service needs."""
    return _Planner(view, service).step()


class _Planner:
    """Looks for the obstacles of one Service."""

    def __init__(self, view: ClusterView, service: Service) -> None:
        self._view = view
        self._state = view.state
        self._service = service
        self._has = service.families[0]
        self._gets = other(self._has)
        self._notes: list[str] = []

    def step(self) -> Step:
        service = self._service
        obstacles = tuple(self._obstacles())
        return Step(
            service=ref("Service", service),
            has=self._has,
            gets=self._gets,
            wave=max((o.wave for o in obstacles), key=lambda wave: wave.depth, default=Wave.READY),
            obstacles=obstacles,
            notes=tuple(self._notes),
            command=self._command(),
        )

    def _command(self) -> str:
        # Both fields at once: the policy alone does not change a Service that is PreferDualStack already.
        service = self._service
        door = door_of(self._view, service)
        if door is not None:
            return service_steps(self._view, door, self._gets)
        policy = "RequireDualStack" if service.ip_family_policy == "RequireDualStack" else "PreferDualStack"
        return patch_service(service, ipFamilyPolicy=policy, ipFamilies=[self._has, self._gets])

    def _obstacles(self) -> Iterator[Obstacle]:
        cluster = self._cluster()
        if cluster is not None:
            yield cluster
        yield from self._full_range()
        yield from self._pods()
        yield from self._settings()
        if self._service.type == "LoadBalancer":
            self._notes.append(
                f"Whether the load balancer then gets an {self._gets} address depends on its provider; some assign one "
                "to new Services only."
            )
        if is_cluster_dns(self._service):
            self._notes.append("Pods use the address in their kubelet's clusterDNS; one address is enough for them.")

    def _cluster(self) -> Obstacle | None:
        profile = self._view.profile
        if profile.is_dual:
            return None
        if profile.confidence is Confidence.DECLARED:
            served = families(profile.service_families)
            return Obstacle(
                wave=Wave.CLUSTER,
                message=f"The cluster serves {served} only ({profile.declared_by}): the API server would refuse "
                f"{self._gets}. Its --service-cluster-ip-range, kube-controller-manager and kube-proxy need a second "
                "range.",
            )
        return Obstacle(
            wave=Wave.UNKNOWN,
            message="Whether the cluster serves both families is not known: no ServiceCIDR, kube-apiserver flag or "
            "dual-stack Service was found.",
        )

    def _full_range(self) -> Iterator[Obstacle]:
        if self._service.is_headless:
            return
        for use in service_range_uses(self._state):
            if use.family != self._gets or use.share < _SCARCE:
                continue
            if use.left:
                left = f"{count(use.left, f'{self._gets} address')} of {use.total}"
                self._notes.append(f"{left} {'is' if use.left == 1 else 'are'} left for Services.")
                continue
            yield Obstacle(
                wave=Wave.CLUSTER,
                message=f"All {use.total} Service addresses of {self._gets} are in use: another ServiceCIDR is needed.",
                objects=(ref("ServiceCIDR", use.item),),
            )

    def _pods(self) -> Iterator[Obstacle]:
        service = self._service
        if not service.selector:
            yield Obstacle(
                wave=Wave.SETTINGS,
                message=f"The Service has no selector: create an EndpointSlice of {self._gets} for it by hand.",
            )
            return
        if not self._state.is_known(Kind.POD):
            yield self._unread(Kind.POD, f"Whether the pods behind it have {self._gets}")
            return
        pods = self._pods_behind()
        if not pods:
            self._notes.append(f"No pod runs behind it, so it is not known whether its pods would have {self._gets}.")
            return
        lacking = [pod for pod in pods if self._gets not in families_of(pod.ips)]
        if not lacking:
            return
        lack = f"{len(lacking)} of {count(len(pods), 'pod')} have no {self._gets}"
        if not self._state.is_known(Kind.NODE):
            yield self._unread(Kind.NODE, f"{lack}: {names(p.name for p in lacking)}. Whether their nodes give it")
            return
        yield from self._of_nodes([pod for pod in lacking if self._node_lacks(pod)])
        recreated = [pod for pod in lacking if not self._node_lacks(pod)]
        if self._gets in self._view.profile.unused_families and any(not pod.host_network for pod in recreated):
            yield Obstacle(
                wave=Wave.CLUSTER,
                message=f"{lack}, and no pod of the cluster has it, though nodes have {self._gets} ranges: enable it "
                "in the configuration of the CNI plug-in.",
            )
            recreated = [pod for pod in recreated if pod.host_network]
        if recreated:
            chosen = [pod.name for pod in recreated if pod.ipam]
            doubt = f" {names(chosen)} request addresses by annotation: check the annotation first." if chosen else ""
            yield Obstacle(
                wave=Wave.PODS,
                message=f"{lack}, though their nodes can assign it: {names(p.name for p in recreated)}.{doubt}",
                commands=tuple(recreate_pods(recreated).split("\n")),
                objects=tuple(ref("Pod", pod) for pod in recreated),
            )

    def _pods_behind(self) -> list[Pod]:
        """The running pods of the Service: those of its slices, or if these name none, those that it selects.

        A Service whose pods lack its family has ready pods but no endpoint.
        """
        service = self._service
        targets = service_endpoints(self._state, service.key).targets.values()
        running = _running({e.target: self._state.pods.get(e.target) for e in targets}.values())
        if running:
            return running
        wanted = service.selector.items()
        in_namespace = self._state.pods.in_namespace(service.namespace)
        return _running(pod for pod in in_namespace if all(pod.labels.get(k) == v for k, v in wanted))

    def _node_lacks(self, pod: Pod) -> bool:
        facts = self._view.nodes.get(pod.node_name)
        return facts is not None and self._gets not in (facts.internal if pod.host_network else facts.pod_families)

    def _of_nodes(self, pods: list[Pod]) -> Iterator[Obstacle]:
        """What must change on the nodes of these pods, which lack the family."""
        on_host = sorted({pod.node_name for pod in pods if pod.host_network})
        if on_host:
            yield Obstacle(
                wave=Wave.NODES,
                message=f"Its pods are on the network of {names(on_host)}, which has no {self._gets} InternalIP: start "
                "the kubelet with --node-ip=<IPv4 address>,<IPv6 address>.",
                objects=tuple(ObjectRef("Node", None, name) for name in on_host),
            )
        behind = sorted({pod.node_name for pod in pods if not pod.host_network})
        if not behind:
            return
        if not any(self._gets in facts.pod_families for facts in self._view.nodes.values()):
            yield Obstacle(
                wave=Wave.CLUSTER,
                message=f"No node assigns {self._gets} to pods: the pod network has one family "
                "(kube-controller-manager's --cluster-cidr, and the CNI's configuration).",
            )
            return
        nodes = [node for name in behind if (node := self._state.nodes.get(("", name))) is not None]
        registered = [node for node in nodes if node.cidrs]
        yield Obstacle(
            wave=Wave.NODES,
            message=f"{names(behind)} {'gives' if len(behind) == 1 else 'give'} pods no {self._gets}, but other nodes "
            f"do; its pods there are {names(p.name for p in pods if not p.host_network)}.",
            commands=tuple(line for node in registered for line in reregister_node(node).split("\n")),
            objects=tuple(ObjectRef("Node", None, name) for name in behind),
        )

    def _settings(self) -> Iterator[Obstacle]:
        service = self._service
        ranges = source_ranges(service) if service.type == "LoadBalancer" else ()
        if cidr_families(ranges) and self._gets not in cidr_families(ranges) and not limits_nobody(ranges):
            yield Obstacle(
                wave=Wave.SETTINGS,
                message=f"Its source ranges name {names(ranges)} only: over {self._gets} any client would have access.",
                commands=(close_family(service, self._gets),),
            )
        yield from self._policies()
        yield from self._listeners()

    def _policies(self) -> Iterator[Obstacle]:
        if not self._state.is_known(Kind.NETWORK_POLICY):
            self._notes.append("NetworkPolicies were not read, so it is not known whether one blocks the family.")
            return
        policies = [
            (policy, limits)
            for policy in self._state.network_policies.in_namespace(self._service.namespace)
            if (limits := [limit for limit in one_family_limits(policy) if limit.family == self._has])
        ]
        if not policies or not self._state.is_known(Kind.POD):
            return
        pods = self._pods_behind()
        for policy, limits in sorted(policies, key=lambda pair: pair[0].name):
            if any(policy.pod_selector.matches(pod.labels) for pod in pods):
                directions = " and ".join(limit.direction for limit in limits)
                yield Obstacle(
                    wave=Wave.SETTINGS,
                    message=f"NetworkPolicy {policy.name} allows {directions} of {self._has} blocks only: {self._gets} "
                    "would be blocked. Add blocks of that family.",
                    objects=(ref("NetworkPolicy", policy),),
                )

    def _listeners(self) -> Iterator[Obstacle]:
        controllers = proxies_behind(self._state, self._service.key) or ()
        switches = (switched_off(self._state, pod, self._gets) for pod in controllers)
        switch = next((found for found in switches if found is not None), None)
        if switch is not None:
            yield Obstacle(
                wave=Wave.SETTINGS,
                message=switch.message,
                commands=tuple(switch_on(switch, controllers).split("\n")),
                objects=(switch.holder,),
            )
            return
        for pod in controllers:
            if not pod.ready or self._gets not in families_of(pod.ips):
                continue
            deaf = closed_ports(self._state, self._service, pod, self._gets)
            if deaf:
                yield Obstacle(
                    wave=Wave.SETTINGS,
                    message=f"{pod.name} has no {self._gets} listener on port {names(map(str, deaf))}.",
                    commands=tuple(self._opening(pod, deaf).split("\n")),
                    objects=(ref("Pod", pod),),
                )
                return
            found = listeners_of(self._state, pod)
            if found.source is ListenSource.PREDICTED:
                self._notes.append(
                    f"The configuration of {pod.name} was not read: that it listens on {self._gets} is likely."
                )
                return
            if found.source is ListenSource.UNREAD:
                self._notes.append(f"Whether {pod.name} listens on {self._gets} is not known: {found.reason}.")
                return

    def _opening(self, pod: Pod, ports: list[int]) -> str:
        """How to make the proxies listen on the family, in the terms of their controller."""
        door = door_of(self._view, self._service)
        if door is not None:
            return door.controller.open_fix(self._state, self._service, self._gets)
        return make_listen(self._state, [pod], ports, self._gets)

    def _unread(self, kind: Kind, consequence: str) -> Obstacle:
        return Obstacle(wave=Wave.UNKNOWN, message=f"{consequence} is not known ({why_unknown(self._state, kind)}).")


def _running(pods: Iterable[Pod | None]) -> list[Pod]:
    running = [pod for pod in pods if pod is not None and pod.phase == "Running" and not pod.deleted and pod.ips]
    return sorted(running, key=lambda pod: pod.key)
