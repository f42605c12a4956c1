"""Builds parts of messages and fixes. Names in commands are quoted, so that they can be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from dsview.checks.engine.context import Context, workload_of
from dsview.cluster.state import ClusterState
from dsview.core.address import Family, family_of
from dsview.core.finding import ObjectRef
from dsview.core.text import safe
from dsview.kinds.event import Event
from dsview.kinds.metadata import Object
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.controller import Opening, Switch
from dsview.listeners.proxies import opening


def ref(kind: str, item: Object) -> ObjectRef:
    """The reference of an object."""
    return ObjectRef(kind, item.namespace or None, item.name)


def names(items: Iterable[str], limit: int = 3) -> str:
    """A short enumeration on one line: `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    listed = list(items)
    if len(listed) > limit:
        return f"{safe(', '.join(listed[:limit]))} and {len(listed) - limit} more"
    return safe(" and ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:]))))


def quoted(event: Event) -> str:
    """The message of an event, as a sentence."""
    text = " ".join(event.message.split())[:300]
    return f"{event.reason}: {text}{'' if text.endswith(('.', '!', '?')) else '.'}"


def families(values: Iterable[Family]) -> str:
    """`IPv4 and IPv6`, `IPv4`, or `no family`."""
    return " and ".join(values) or "no family"


def kubectl(namespace: str, *words: str, options: Sequence[str] = ()) -> str:
    """A kubectl command line, every word quoted for a POSIX shell. `words` are the verb, the kind and the name.

    A name that starts with a dash, as in a hostile file (`--all`), is placed after `--`, so that it is not an option. A
    line feed in a name is escaped, because a command must be one line, even if only part of it is copied.
    """
    scope = ["-n", namespace] if namespace else []
    first_option = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    separator = ["--"] if first_option < len(words) else []
    return shlex.join(
        [safe(word) for word in ("kubectl", *scope, *words[:first_option], *options, *separator, *words[first_option:])]
    )


def patch(kind: str, namespace: str, name: str, body: dict[str, Any]) -> str:
    """A `kubectl patch` of type merge."""
    text = json.dumps(body, separators=(",", ":"))
    return kubectl(namespace, "patch", kind, name, options=("--type=merge", "-p", text))


def patch_service(service: Service, **spec: object) -> str:
    """A `kubectl patch` of a Service's spec; keywords are the fields in Kubernetes' spelling."""
    return patch("service", service.namespace, service.name, {"spec": spec})


def keep_first_family(service: Service) -> str:
    """A patch that leaves a Service only its first family, and drops external IPs that would no longer work."""
    kept = [ip for ip in service.external_ips if family_of(ip) in (None, service.families[0])]
    if len(kept) == len(service.external_ips):
        return patch_service(service, ipFamilyPolicy="SingleStack")
    return patch_service(service, ipFamilyPolicy="SingleStack", externalIPs=kept)


FAMILY_FIELDS = (".spec.ipFamilies", ".spec.ipFamilyPolicy")
"""Fields to drop from a Service with a family that the cluster does not serve; the policy may require both."""


def recreate_service(service: Service, dropped_fields: Sequence[str] = (".spec.ipFamilies",)) -> str:
    """Commands that recreate a Service without the given fields and the addresses that the API server allocates.

    If ipFamilies is dropped, the API server derives it from the policy. `clusterIP: None` is kept, so that a headless
    Service stays headless.
    """
    addresses = () if service.is_headless else (".spec.clusterIP", ".spec.clusterIPs")
    return _recreate("service", service, (*addresses, *dropped_fields))


def _recreate(kind: str, item: Object, dropped_fields: Sequence[str]) -> str:
    """Commands that recreate an object without some fields, and without those that only the server writes."""
    get = kubectl(item.namespace, "get", kind, item.name, options=("-o", "json"))
    server_fields = (".metadata.resourceVersion", ".metadata.uid", ".metadata.creationTimestamp", ".status")
    drop = f"del({','.join((*dropped_fields, *server_fields))})"
    return f"{get} | jq {shlex.quote(drop)} | {kubectl(item.namespace, 'replace', options=('--force', '-f', '-'))}"


_RESTARTABLE = ("deployment/", "statefulset/", "daemonset/")


def recreate_pods(pods: Sequence[Pod]) -> str:
    """Commands that replace pods: a rolling restart of the owner, or a deletion if the owner creates new pods.

    A pod without an owner is recreated from its own object. A static pod must be restarted by its kubelet.
    """
    commands: dict[str, None] = {}
    for pod in pods:
        workload = workload_of(pod)
        if workload.startswith(_RESTARTABLE):
            commands[kubectl(pod.namespace, "rollout", "restart", workload)] = None
        elif pod.owner is None:
            commands[_recreate("pod", pod, (".spec.nodeName",))] = None
        elif pod.owner.kind == "Node":
            static, node = (" ".join(name.split()) for name in (pod.name, pod.node_name))
            commands[
                f"# {static} is a static pod: move its manifest out of the kubelet's folder on {node}, and back"
            ] = None
        else:
            commands[kubectl(pod.namespace, "delete", "pod", pod.name)] = None
    return "\n".join(commands)


def look_at(command: str) -> str:
    """A command that only shows something, as a comment, because it does not fix anything."""
    return f"# Look at: {command}"


def give_family(ctx: Context, pods: Sequence[Pod], family: Family) -> str:
    """Commands that give pods a missing family: change their nodes if these do not provide it, then recreate the pods.

    A pod on the host network has the addresses of its node; any other pod gets addresses from the node's ranges.
    """
    is_unused = family in ctx.profile.unused_families
    recreated: list[Pod] = []
    without_cni_family: list[Pod] = []
    host_nodes: dict[str, None] = {}
    nodes_without_range: dict[str, None] = {}
    for pod in pods:
        node = ctx.node(pod.node_name)
        node_families = (node.internal if pod.host_network else node.pod_families) if node is not None else ()
        if is_unused and not pod.host_network:
            without_cni_family.append(pod)
        elif node is not None and node.families_from_pods and family not in node_families:
            # The families of pods on virtual or Windows nodes are not configured in the cluster.
            continue
        elif not node_families or family in node_families:
            recreated.append(pod)
        else:
            (host_nodes if pod.host_network else nodes_without_range)[pod.node_name] = None
    lines: list[str] = []
    if host_nodes:
        lines.append(
            f"# First start the kubelet of {names(host_nodes)} with --node-ip=<IPv4 address>,<IPv6 address>, then "
            "recreate the pods there, because pods on the host network have the addresses of their node."
        )
    if without_cni_family:
        # No pod of the cluster has it, so new pods would not have it either.
        lines.append(
            f"# First enable {family} in the configuration of the CNI plug-in, then recreate "
            f"{names(pod.name for pod in without_cni_family)}."
        )
    if nodes_without_range:
        lines.append(f"# First give {names(nodes_without_range)} an {family} pod range, then recreate the pods there.")
    return "\n".join((*lines, *filter(None, (recreate_pods(recreated),))))


def reregister_node(node: Node) -> str:
    """Commands that make the node register again, which is the only way to change its podCIDRs."""
    drain = kubectl("", "drain", node.name, options=("--ignore-daemonsets", "--delete-emptydir-data"))
    delete = kubectl("", "delete", "node", node.name)
    return f"{drain}\n{delete}\n# then restart the kubelet on it (spec.podCIDRs is immutable)"


def switch_on(switch: Switch, proxies: Sequence[Pod]) -> str:
    """Commands that make the proxies listen on the family that a setting disables. The proxies are restarted."""
    held = switch.holder
    enable = patch(held.kind.lower(), held.namespace or "", held.name, switch.patch)
    return f"{enable}\n{recreate_pods(proxies)}"


def open_listeners(how: Opening, proxies: Sequence[Pod]) -> str:
    """Commands that make proxies listen on a family."""
    if how.switch is not None:
        return switch_on(how.switch, proxies)
    if how.edit is not None:
        return f"{kubectl(how.edit[0], 'edit', 'configmap', how.edit[1])}\n# {safe(how.note)}"
    return recreate_pods(proxies)


def make_listen(state: ClusterState, pods: Sequence[Pod], ports: Sequence[int], family: Family) -> str:
    """Commands that make proxy pods of one controller listen on `ports` with a family that they do not listen on."""
    return open_listeners(opening(state, pods[0], ports, family), pods)
