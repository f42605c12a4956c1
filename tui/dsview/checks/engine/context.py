"""What a check can read: the state, the profile, the time, and the results that several checks share."""

from __future__ import annotations

import math
from collections.abc import Iterable

from dsview.checks.engine.healthy_pods import HealthyPods, has_ordinary_addresses
from dsview.cluster.endpoints import ServiceEndpoints, service_endpoints
from dsview.cluster.newest_time import newest_time
from dsview.cluster.node_facts import NodeFacts
from dsview.cluster.profile import Profile, ProfileTracker
from dsview.cluster.state import ClusterState
from dsview.core.address import Family
from dsview.core.finding import ObjectRef
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

ELIGIBLE_AFTER = 60.0
"""Seconds after the start of a pod before checks consider it."""

ROLLOUT_SETTLES = 120.0
"""Seconds after a pod became Ready during which a rollout counts as in progress."""

ROLLOUT_LASTS = 600.0
"""The same if its owner has pods of several revisions."""

_REVISIONS = ("pod-template-hash", "controller-revision-hash")


class Context:
    """The argument of every check.

    A check whose result depends on time calls `recheck_at`, and the engine evaluates it again at that time. The engine
    resets the last three attributes before each subject.

    Attributes:
        now: Epoch seconds; infinite if every grace period is over.
        has_read_pods: Whether the checks of a Service read more of its pods than their addresses.
        has_read_nodes: Whether the checks of a subject read the facts of a node.
        unselected_pods: The pods, existing or not, that the checks of a Service read although it does not select them.
    """

    def __init__(self, state: ClusterState, tracker: ProfileTracker, now: float) -> None:
        self.state = state
        self._tracker = tracker
        self.now = now
        self.due = math.inf
        self.has_read_pods = False
        self.has_read_nodes = False
        self.unselected_pods: set[Key] = set()
        self.healthy_pods = HealthyPods(state, tracker.profile, tracker.nodes)
        self._endpoints: dict[Key, ServiceEndpoints] = {}
        self._last_slice: tuple[EndpointSlice | None, bool] = (None, False)
        self._selecting: Service | None = None
        self._selected_labels: dict[int, bool] = {}

    @property
    def profile(self) -> Profile:
        """The summary of the cluster: Service families, confidence, mode, version."""
        return self._tracker.profile

    @property
    def nodes(self) -> dict[str, NodeFacts]:
        """The facts of every node, by name."""
        return self._tracker.nodes

    def node(self, name: str) -> NodeFacts | None:
        """The facts of a node, or None if it is unknown."""
        self.has_read_nodes = True
        return self._tracker.nodes.get(name)

    def recheck_at(self, moment: float) -> None:
        """Evaluate the subject's checks again at that time, in epoch seconds."""
        if moment > self.now:
            self.due = min(self.due, moment)

    def older_than(self, since: float, seconds: float) -> bool:
        """Whether `since` is at least `seconds` ago; if not, schedules a recheck. An unknown time counts as old."""
        if not since or self.now - since >= seconds:
            return True
        self.recheck_at(since + seconds)
        return False

    def is_recent(self, moment: float, seconds: float) -> bool:
        """Whether a time is less than that many seconds ago; if so, schedules a recheck at the end of that period.

        Files that do not contain the time at which they were written are as old as the newest time in them.
        """
        if self.now == math.inf:
            return newest_time(self.state) - moment < seconds
        return not self.older_than(moment, seconds)

    def is_eligible(self, pod: Pod) -> bool:
        """Whether checks consider the pod: it runs, is not terminating, has addresses, and is at least 60 s old."""
        return (
            pod.phase == "Running"
            and not pod.deleted
            and bool(pod.ips)
            and self.older_than(pod.start_time, ELIGIBLE_AFTER)
        )

    def endpoints(self, service: Key) -> ServiceEndpoints:
        """The endpoints of a Service in both families."""
        endpoints = self._endpoints.get(service)
        if endpoints is None:
            endpoints = self._endpoints[service] = service_endpoints(self.state, service)
        return endpoints

    def has_ordinary_addresses(self, item: EndpointSlice) -> bool:
        """Whether the addresses of a slice need no further checks (see `healthy_pods`). Cached for its checks."""
        if self._last_slice[0] is not item:
            self._last_slice = (item, has_ordinary_addresses(item))
        return self._last_slice[1]

    def endpoint_pods(self, service: Service) -> list[Pod]:
        """The known pods that the Service's slices point to, ready or not."""
        return self.pods_behind(service, self.endpoints(service.key).targets.values())

    def pods_behind(self, service: Service, endpoints: Iterable[Endpoint]) -> list[Pod]:
        """The known pods of a Service's endpoints."""
        found = (self.pod_behind(service, endpoint) for endpoint in endpoints if endpoint.target[1])
        return [pod for pod in found if pod is not None]

    def pod_behind(self, service: Service, endpoint: Endpoint) -> Pod | None:
        """The pod of an endpoint of a Service, or None if it is unknown."""
        self.has_read_pods = True
        return self.addressed_pod(service, endpoint.target)

    def addressed_pod(self, service: Service, key: Key) -> Pod | None:
        """A pod behind a Service, for its addresses only: other changes of the pod do not affect the Service."""
        pod = self.state.pods.get(key)
        if not self._is_selected(pod, service) if pod is not None else self.state.is_known(Kind.POD):
            self.unselected_pods.add(key)
        return pod

    def _is_selected(self, pod: Pod, service: Service) -> bool:
        """Whether the Service selects the pod. Pods of one workload share their labels, which are compared once."""
        if self._selecting is not service:
            self._selecting, self._selected_labels = service, {}
        if pod.namespace != service.namespace:
            return False
        labels = id(pod.labels)
        is_selected = self._selected_labels.get(labels)
        if is_selected is None:
            is_selected = self._selected_labels[labels] = _is_selected(pod, service)
        return is_selected

    def selected_pods(self, service: Service) -> list[Pod]:
        """The pods that the Service selects, regardless of its slices, sorted by name."""
        self.has_read_pods = True
        in_namespace = self.state.pods.in_namespace(service.namespace)
        return sorted((pod for pod in in_namespace if _is_selected(pod, service)), key=lambda pod: pod.name)

    def is_rolling_out(self, pods: Iterable[Pod]) -> bool:
        """Whether some of the pods behind a Service are being replaced.

        This is the case if the pods of one owner have several revisions and the newest has been ready for less than ten
        minutes, or if any pod has just become ready. Two Deployments behind one Service are not a rollout.
        """
        owned: dict[str, list[Pod]] = {}
        for pod in pods:
            if pod.ready and not self.older_than(pod.ready_since, ROLLOUT_SETTLES):
                return True
            owned.setdefault(workload_of(pod), []).append(pod)
        for group in owned.values():
            for label in _REVISIONS:
                of_revision = [pod for pod in group if label in pod.labels]
                if len({pod.labels[label] for pod in of_revision}) > 1:
                    newest = max(pod.ready_since for pod in of_revision)
                    if not self.older_than(newest, ROLLOUT_LASTS):
                        return True
        return False

    def is_dual(self) -> bool:
        """Whether the cluster is dual-stack: two Service families, declared or observed."""
        return self.profile.is_dual

    def serves(self, family: Family) -> bool:
        """Whether the family is a Service family of the cluster."""
        return family in self.profile.service_families

    def reads(self, kind: Kind, namespace: str) -> bool:
        """Whether the objects of a kind are read in that namespace. Other namespaces may be excluded on purpose."""
        read = self.state.status(kind).namespaces
        return read is None or namespace in read

    def knows(self, kind: Kind) -> bool:
        """Whether all objects of a kind were read, for checks that use the kind only if it is available."""
        return self.state.is_known(kind)


def _is_selected(pod: Pod, service: Service) -> bool:
    selector = service.selector
    return (
        bool(selector)
        and not service.is_external_name
        and pod.namespace == service.namespace
        and selector.items() <= pod.labels.items()
    )


def owner_of(pod: Pod) -> ObjectRef | None:
    """The Deployment behind a pod, otherwise its controlling owner; None if it has no owner.

    The name of a ReplicaSet is the name of its Deployment and the pod-template-hash.
    """
    owner = pod.owner
    if owner is None:
        return None
    suffix = pod.labels.get("pod-template-hash")
    if owner.kind == "ReplicaSet" and suffix and owner.name.endswith(f"-{suffix}"):
        return ObjectRef("Deployment", pod.namespace, owner.name.removesuffix(f"-{suffix}"))
    return ObjectRef(owner.kind, None if owner.kind == "Node" else pod.namespace, owner.name)


def workload_of(pod: Pod) -> str:
    """The Deployment, StatefulSet or DaemonSet behind a pod, as `kind/name`; the pod itself if it has no owner."""
    owner = owner_of(pod)
    return f"{owner.kind.lower()}/{owner.name}" if owner is not None else f"pod/{pod.name}"
