"""The pod port that a Service port leads to."""

from __future__ import annotations

from dsview.core.ports import port_number
from dsview.kinds.pod import Pod
from dsview.kinds.service import ServicePort


def target_port(service_port: ServicePort, pod: Pod) -> int | None:
    """The container port number that a Service port leads to on this pod; None if a name cannot be resolved."""
    target = service_port.target_port
    if isinstance(target, int) and target:
        return target
    if not target:
        return service_port.port
    wanted = str(target)
    number = port_number(wanted)
    if number is not None:
        return number
    for container in pod.containers:
        for port in container.ports:
            if port.name == wanted:
                return port.container_port
    return None
