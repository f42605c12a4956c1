"""Proxies of one front door listen on different families.

## Condition

On a traffic port, some ready proxy pods listen on a family of the Service and others, which have an address of the
family, do not. An error if the sockets were read or are declared, a warning if they are predicted.

## Why it matters

Some connections are refused, depending on the pod that they reach.

## Fix

Replace the named pods, which have an older template or belong to a second workload.

## When it is a false alarm

The check does not fire during a rollout.

## Source

https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/: with OnDelete, pods keep the template they started
with.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import names, recreate_pods, ref
from dsview.checks.listener.shared import PODS, USES, port_words, severity_of
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import reaches_of_doors

check = Check(
    code="DS-LSN-004",
    slug="replicas-differ",
    severity=Severity.ERROR,
    needs=(Kind.SERVICE, Kind.POD),
    uses=USES,
    of_sockets=True,
    of_pods=PODS,
    cells=("listen",),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
    harm=Harm.OF_RELATED_IF_SURE,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a port on which replicas differ."""
    for door, reaches in reaches_of_doors(ctx.state):
        for family in door.service.families:
            found = reaches[family]
            ports = found.uneven_ports
            # Two proxies with known sockets prove it, even if those of a third are unknown.
            if not ports or found.unserved_ports:
                continue
            if ctx.is_rolling_out(door.pods):
                continue
            pods = found.closed[ports[0]]
            verb = "does" if len(pods) == 1 else "do"
            others = found.listening[ports[0]]
            yield Problem(
                message=f"{names(pod.name for pod in pods)} {verb} not listen on {family} {port_words(ports)}, "
                f"while {others} other{' proxy of the Service does' if others == 1 else ' proxies of the Service do'}.",
                severity=severity_of(found.known_source),
                object=ref("Service", door.service),
                family=family,
                field=f"spec.ports[{ports[0]}]",
                observed=f"{len(pods)} proxies without {family}",
                expected="the same families on every proxy",
                fix=recreate_pods(pods),
                related=tuple(ref("Pod", pod) for pod in pods[:20]),
                grace=60,
            )
