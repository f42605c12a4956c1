"""Replicas of the controller listen on different families.

## Condition

Ready replicas of one template have different sets of ports and families. The check requires the actual nginx.conf.

## Why it matters

A connection works or fails depending on the replica that it reaches.

## Fix

Restart the controller.

## When it is a false alarm

A rollout is in progress. Replicas of different templates are not compared.

## Source

kubernetes/ingress-nginx internal/net/net.go: each process tests for IPv6 once, when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.checks.engine.check import Check, HopName, LayerName, Problem
from dsview.checks.engine.context import Context, workload_of
from dsview.checks.engine.remediation import names, recreate_pods, ref
from dsview.checks.ingress_nginx.shared import read
from dsview.cluster.relations import PodFacet
from dsview.core.address import Family
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.listen import ProxyListeners, sockets
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod

check = Check(
    code="DS-NGX-008",
    slug="replicas-differ",
    severity=Severity.ERROR,
    needs=(Kind.POD, Kind.PROXY_LISTENERS),
    of_pods=(PodFacet.CONTROLLERS,),
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
)


_Socket = tuple[str, int | None, Family]


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports different results of the same template."""
    groups: dict[tuple[str, str, str, str], list[tuple[Pod, ProxyListeners]]] = {}
    for pod, conf in read(ctx):
        revision = pod.labels.get("pod-template-hash") or pod.labels.get("controller-revision-hash") or ""
        owner = pod.owner
        if owner is not None:
            groups.setdefault((pod.namespace, owner.kind, owner.name, revision), []).append((pod, conf))
    for (namespace, kind, name, _), replicas in sorted(groups.items()):
        sets = {pod.name: _port_families(conf) for pod, conf in replicas}
        if len(set(sets.values())) < 2:
            continue
        every = frozenset().union(*sets.values())
        lacking = {n: sorted(every - has, key=str) for n, has in sets.items() if every - has}
        first = next(iter(lacking))
        yield Problem(
            message=f"{first} does not listen on {_described(lacking[first])}, as other replicas of "
            f"{workload_of(replicas[0][0])} do.",
            object=ObjectRef(kind, namespace, name),
            field="listen",
            observed="; ".join(f"{n}: {len(has)} listeners" for n, has in sorted(sets.items())),
            expected="the same listeners in every replica",
            fix=recreate_pods([pod for pod, _ in replicas if pod.name in lacking]),
            related=tuple(ref("Pod", pod) for pod, _ in replicas if pod.name in lacking)[:20],
            grace=60,
            causes=tuple(Cause("DS-NGX-001", ref("Pod", pod)) for pod, _ in replicas if pod.name in lacking),
        )


def _described(sockets_of: Iterable[_Socket]) -> str:
    """`IPv6 at 80/tcp and 443/tcp`, by family."""
    ports: dict[Family, list[tuple[int, str]]] = {}
    for transport, port, family in sockets_of:
        ports.setdefault(family, []).append((port or 0, transport))
    return " and ".join(
        f"{family} at {names(f'{port}/{transport}' for port, transport in sorted(found))}"
        for family, found in sorted(ports.items())
    )


def _port_families(conf: ProxyListeners) -> frozenset[_Socket]:
    return frozenset((t, port, family) for (t, port), has in sockets(conf).items() for family in has)
