"""Service has a family that no proxy listens on.

## Condition

A family of a front door's Service has ready endpoints, but on some traffic port no ready proxy pod that has an address
of the family listens on it. An error if the sockets were read or are declared, a warning if they are predicted from the
controller's default.

## Why it matters

DNS and the load balancer send clients of that family to a port that refuses them. This is the default of some
controllers: the Service that they create is dual-stack, but their proxies listen on IPv4 only.

## Fix

Configure the controller to listen on the family, or make the Service SingleStack.

## When it is a false alarm

The sockets are predicted, and the image or a configuration that dsview cannot read sets another default. The message
says that they are predicted. The check does not fire during a rollout.

## Source

tui/dsview/listeners has a module for each controller, with the sources of its rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import ref
from dsview.checks.listener.shared import (
    PODS,
    USES,
    closing,
    holder_ref,
    is_live,
    or_without,
    port_words,
    prove_first,
    severity_of,
)
from dsview.core.finding import Cause, Severity
from dsview.kinds.kind import Kind
from dsview.listeners.front_doors import reaches_of_doors

check = Check(
    code="DS-LSN-001",
    slug="service-family-no-listener",
    severity=Severity.ERROR,
    needs=(Kind.SERVICE, Kind.POD, Kind.ENDPOINT_SLICE),
    absence_of=(Kind.POD,),
    uses=USES,
    of_sockets=True,
    of_pods=PODS,
    cells=("listen", "ready"),
    layer=LayerName.LISTENERS,
    hop=HopName.LISTEN,
    harm=Harm.OF_RELATED_IF_SURE,
)


def decide(ctx: Context) -> Iterator[Problem]:
    """Reports a family that is published but refused."""
    for door, reaches in reaches_of_doors(ctx.state):
        for family in door.service.families:
            found = reaches[family]
            ports = found.unserved_ports
            # Endpoints are asked for last: to read those of every door takes longer than all else here.
            if not ports or not is_live(ctx, door, family):
                continue
            if ctx.is_rolling_out(door.pods):
                continue
            settings = closing(ctx, door, family)
            why = f" ({found.reason})" if found.reason else ""
            pods = found.closed[ports[0]]
            fix = door.controller.open_fix(ctx.state, door.service, family)
            yield Problem(
                message=f"The Service has {family}, but {door.controller.label} does not listen on {family} "
                f"{port_words(ports)}{why}.",
                severity=severity_of(found.source),
                object=ref("Service", door.service),
                family=family,
                field=f"spec.ports[{ports[0]}]",
                observed=f"no {family} listener on {port_words(ports)} ({found.source})",
                expected=f"an {family} listener on each port that the Service leads to",
                fix="\n".join(
                    filter(None, (prove_first(door, found.source, pods, fix), or_without(door.service, family)))
                ),
                related=tuple(ref("Pod", pod) for pod in pods[:20]),
                grace=60,
                causes=tuple(Cause("DS-LSN-002", holder_ref(setting), family) for setting in settings),
            )
