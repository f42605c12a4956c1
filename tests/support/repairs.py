"""Applies the fix of a finding to a small cluster, and imitates what the controllers then do."""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec

from dsview.core.address import V4, Family, families_of, family_of
from dsview.core.finding import Finding
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.sources.events import Item

Objects = dict[tuple[Kind, Key], Item]

_IPS = {"IPv4": "10.96.1.{}", "IPv6": "fd00:96::{}"}
_VIPS = {"IPv4": "203.0.113.{}", "IPv6": "2001:db8:1::{}"}
_FIELDS = {
    "ipFamilies": "ip_families",
    "ipFamilyPolicy": "ip_family_policy",
    "externalIPs": "external_ips",
    "loadBalancerSourceRanges": "load_balancer_source_ranges",
}


class Patch(msgspec.Struct, frozen=True):
    """A `kubectl patch` command of a fix: the object and the patch."""

    kind: str
    key: Key
    body: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """The patched values by dotted path."""
        return {f"{part}.{name}": value for part, values in self.body.items() for name, value in values.items()}


def patches_in(text: str, *, with_later: bool = False) -> list[Patch]:
    """The patches among the commands of a fix; `with_later` includes those after a manual step (`# then:`)."""
    found = []
    for line in text.splitlines():
        command = line.removeprefix("# then: ") if with_later else line
        words = shlex.split(command) if command.startswith("kubectl ") else []
        if "patch" in words:
            at = words.index("patch")
            namespace = words[words.index("-n") + 1] if "-n" in words else ""
            body = json.loads(words[words.index("-p") + 1])
            found.append(Patch(words[at + 1], (namespace, words[at + 2]), body))
    return found


def is_patch(finding: Finding) -> bool:
    """Whether the fix consists only of patches to Services."""
    lines = [line for line in (finding.fix or "").splitlines() if not line.startswith("# ")]
    patches = patches_in("\n".join(lines))
    return bool(lines) and len(patches) == len(lines) and all(patch.kind == "service" for patch in patches)


def repaired(objects: Objects, finding: Finding) -> Objects:
    """The cluster after the patches of a fix were applied and the controllers reconciled it."""
    result = dict(objects)
    for patch in patches_in(finding.fix or ""):
        service = result[(Kind.SERVICE, patch.key)]
        assert isinstance(service, Service)
        patched = msgspec.structs.replace(
            service,
            **{_FIELDS[n]: tuple(v) if isinstance(v, list) else v for n, v in patch.body["spec"].items()},
        )
        assert_accepted(service, patched)
        reconciled = result[(Kind.SERVICE, patch.key)] = served(patched)
        if reconciled.families != service.families:
            sync_slices(result, patched)
    return result


def assert_accepted(before: Service, after: Service) -> None:
    """Assert that the API server accepts the change (pkg/apis/core/validation/validation.go of kubernetes/kubernetes).

    The first family of a Service with a cluster IP cannot change, families must be unique, and SingleStack allows only
    one. If only the policy changes to SingleStack, the API server itself drops the second family.
    """
    assert len(set(after.ip_families)) == len(after.ip_families), after
    if not after.is_headless:
        assert after.ip_families[:1] == before.families[:1], after
    if after.ip_families != before.ip_families:
        assert len(after.ip_families) == 1 or after.ip_family_policy != "SingleStack", after


def served(service: Service) -> Service:
    """The Service after the API server and a load-balancer controller set families, cluster IPs and addresses."""
    families: tuple[Family, ...] = service.families
    if service.ip_family_policy == "SingleStack":
        families = families[:1]
    number = sum(map(ord, service.name)) % 200 + 1
    ips = tuple(_first_of_family(service.cluster_ips, f) or _IPS[f].format(number) for f in families)
    if service.is_headless:
        ips = ("None",)
    entries = service.load_balancer_ingress
    # A load balancer keeps its addresses unless the families of the Service change.
    if service.type == "LoadBalancer" and entries and families_of(service.cluster_ips) != families:
        texts = tuple(e.ip for e in entries)
        entries = tuple(LoadBalancerIngress(_first_of_family(texts, f) or _VIPS[f].format(number)) for f in families)
    return msgspec.structs.replace(
        service, ip_families=families, cluster_ips=ips, cluster_ip=ips[0], load_balancer_ingress=entries
    )


def _first_of_family(texts: tuple[str, ...], family: Family) -> str:
    return next((text for text in texts if family_of(text) == family), "")


def sync_slices(objects: Objects, service: Service) -> None:
    """Replace the slices of a Service with a selector, as the EndpointSlice controller does."""
    if not service.selector:
        return
    for key in [key for key, item in objects.items() if _is_slice_of(item, service)]:
        del objects[key]
    current = objects[(Kind.SERVICE, service.key)]
    assert isinstance(current, Service)
    for family in current.families:
        item = slice_of(current, family, pods_of(objects, service))
        objects[(Kind.ENDPOINT_SLICE, item.key)] = item


def _is_slice_of(item: Item, service: Service) -> bool:
    return isinstance(item, EndpointSlice) and (item.namespace, item.service_name) == service.key


def pods_of(objects: Objects, service: Service) -> list[Pod]:
    """The pods that a Service selects."""
    pods = [item for item in objects.values() if isinstance(item, Pod) and item.namespace == service.namespace]
    return [pod for pod in pods if all(pod.labels.get(k) == v for k, v in service.selector.items())]


def slice_of(service: Service, family: Family, pods: list[Pod], *, by_hand: bool = False) -> EndpointSlice:
    """A slice of the given family with the pods' addresses."""
    endpoints = [
        Endpoint((ip,), pod.ready, pod.key, pod.uid, pod.node_name)
        for pod in pods
        for ip in pod.ips
        if families_of((ip,)) == (family,)
    ]
    size, rows = pack(endpoints)
    return EndpointSlice(
        name=f"{service.name}-{'v4' if family == V4 else 'v6'}",
        namespace=service.namespace,
        service_name=service.name,
        address_type=family,
        managed_by="" if by_hand else "endpointslice-controller.k8s.io",
        size=size,
        rows=rows,
    )


def settings_of(objects: Objects) -> list[ConfigMap]:
    """The ConfigMaps."""
    return [item for item in objects.values() if isinstance(item, ConfigMap)]
