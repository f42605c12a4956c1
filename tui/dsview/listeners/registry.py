"""Every controller that is known. The first that recognises a pod is the pod's."""

from __future__ import annotations

from dsview.kinds.pod import Pod
from dsview.listeners.controller import Controller
from dsview.listeners.ingress_nginx.controller import IngressNginx

CONTROLLERS: tuple[Controller, ...] = (IngressNginx(),)


def controller_of(pod: Pod) -> Controller | None:
    """The controller whose proxy the pod is, or None."""
    return next((controller for controller in CONTROLLERS if controller.is_proxy(pod)), None)


def is_proxy(pod: Pod) -> bool:
    """Whether the pod is some controller's proxy."""
    return controller_of(pod) is not None
