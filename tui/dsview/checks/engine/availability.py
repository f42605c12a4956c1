"""Whether a check can be evaluated with the available data, and the sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable, Sized

import msgspec

from dsview.checks.engine.check import Check
from dsview.cluster.completeness import is_whole, may_rely_on_absence, unreadable, why_absence_is_unreliable
from dsview.cluster.component_settings import KUBE_PROXY, kube_proxy_settings
from dsview.cluster.profile import SLICES_SINCE, Profile
from dsview.cluster.relations import PodFacet
from dsview.cluster.state import ClusterState
from dsview.core.listen import ListenSource
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.listeners.config_maps import is_config_map_unread
from dsview.listeners.front_doors import front_doors_of_unknown_sockets
from dsview.listeners.proxies import config_map_key, container_to_read, listeners_of, live_proxies
from dsview.listeners.registry import FILES_READ, has_front_door
from dsview.sources.events import Health

_CONTROLLERS = (PodFacet.CONTROLLERS,)
_PODS_OF: dict[tuple[PodFacet, ...], Callable[[ClusterState], Sized]] = {
    _CONTROLLERS: lambda state: state.controllers,
    (PodFacet.CONTROL_PLANE,): lambda state: state.control_plane,
}
"""By the facets of pods that a cluster-wide check reads, the pods without which it has nothing to evaluate."""

_NO_FAMILIES = "Service families: no ServiceCIDR, kube-apiserver flag or cluster IP was seen"
_NAMED = 3
"""How many front doors a reason names."""

_HEALTH_WORDS = {
    Health.REFUSED: "not permitted",
    Health.ABSENT: "this cluster does not serve them",
    Health.NOT_GIVEN: "not given",
    Health.LOADING: "not read yet",
}


class NotEvaluated(msgspec.Struct, frozen=True):
    """A check that was not evaluated, with the reason in a sentence."""

    check: str
    reason: str


def can_run(state: ClusterState, profile: Profile, check: Check, kind: Kind | None) -> bool:
    """Whether the check can be evaluated for objects of a kind, or with None for the cluster."""
    if kind is not None and not state.is_known(kind):
        return False
    if check.of_service_families and not profile.service_families and not check.without_families:
        return False
    if Kind.ENDPOINT_SLICE in (kind, *check.needs) and _why_no_slices(profile) is not None:
        return False
    if any(state.status(other).cut_off for other in check.absence_of):
        return False
    if not all(map(state.is_known, check.needs)):
        return bool(_substitutes(state, check)) and all(map(state.is_settled, check.reads))
    return all(map(state.is_settled, (*check.uses, *check.substitutes)))


def may_evaluate(state: ClusterState, check: Check, kind: Kind | None, namespace: str) -> bool:
    """Whether the check may rely on the absence of objects.

    A check that compares objects of the subject's own kind does not need all of them: it compares those that were read.
    """
    return all(
        other is kind or not state.is_known(other) or may_rely_on_absence(state, other, namespace)
        for other in check.absence_of
    ) and all(is_whole(state, other) or not state.is_known(other) for other in check.of_all_namespaces)


def _substitutes(state: ClusterState, check: Check) -> list[Kind]:
    """The kinds that replace those that the check needs and that are unknown."""
    if check.of_pods is not None and Kind.POD in check.needs and not state.is_known(Kind.POD):
        return []
    return [kind for kind in check.substitutes if state.is_known(kind)]


def why_not_evaluated(state: ClusterState, profile: Profile, check: Check) -> str | None:
    """The reason why a check cannot be evaluated completely; None if it can."""
    if check.subjects and all(map(state.is_missing_add_on, check.subjects)):
        return None
    slices = _why_no_slices(profile)
    if slices is not None and Kind.ENDPOINT_SLICE in check.needs:
        return slices
    for kind in check.needs:
        if not state.is_known(kind):
            known = [other.value for other in _substitutes(state, check)]
            partly = f"; evaluated from {', '.join(known)} objects only" if known else ""
            return safe(f"{why_unknown(state, kind)}{partly}")
    for kind in check.uses:
        is_optional = kind in RESOURCES and RESOURCES[kind].optional
        if not state.is_settled(kind) or (is_optional and _may_lack(state, check, kind)):
            return why_unknown(state, kind)
    incomplete = _incomplete_kinds(state, check)
    if incomplete:
        return incomplete
    if _lacks_families(state, profile, check):
        return f"{_NO_FAMILIES}; evaluated {check.without_families} only" if check.without_families else _NO_FAMILIES
    # Runs for every frame of the overview, and most checks do not depend on objects that are read by name.
    if check.config_map is not None or check.of_pods == _CONTROLLERS:
        reason = _why_configuration_unknown(state, check)
        if reason is not None:
            return reason
    if check.of_sockets and (unknown := _unknown_front_doors(state)):
        return unknown
    no_slices = {Kind.ENDPOINT_SLICE: slices} if slices is not None else {}
    missing = [kind for kind in check.subjects if kind in no_slices or state.may_have_unread(kind)]
    if not missing:
        return None
    reasons = "; ".join(no_slices.get(kind) or why_unknown(state, kind) for kind in missing)
    rest = [kind.value for kind in check.subjects if kind not in missing]
    return f"{reasons}; evaluated for {', '.join(rest)} only" if rest else reasons


def _may_lack(state: ClusterState, check: Check, kind: Kind) -> bool:
    """Whether objects of an add-on's kind may exist that were not read.

    Where files have objects of its API group that the check is about, they only lack the kind: the add-on is there.
    """
    if state.may_have_unread(kind):
        return True
    group = RESOURCES[kind].group
    is_there = any(RESOURCES[of].group == group and len(state.store(of)) for of in check.subjects if of in RESOURCES)
    return is_there and state.status(kind).health is Health.NOT_GIVEN


def _unknown_front_doors(state: ClusterState) -> str:
    """The front doors whose sockets are unknown, with the reasons; empty if there are none."""
    doors = front_doors_of_unknown_sockets(state)
    if not doors:
        return ""
    reasons = "; ".join(dict.fromkeys(reason for _, reason in doors))
    named = ", ".join(f"{service.namespace}/{service.name}" for service, _ in doors[:_NAMED])
    more = f" and {len(doors) - _NAMED} more" if len(doors) > _NAMED else ""
    return safe(f"sockets of {named}{more}: {reasons}; evaluated for the other front doors only")


def _incomplete_kinds(state: ClusterState, check: Check) -> str:
    """The kinds that the check needs completely but that are incomplete; empty if there are none."""
    lines: list[str] = []
    is_partly = True
    for kind in check.absence_of:
        status = state.status(kind)
        is_own = kind in check.subjects
        is_listed = status.listed is None or is_own or (bool(status.listed) and not check.subjects)
        is_unreadable = bool(unreadable(state, kind)) and not is_own
        is_enough = kind not in check.of_all_namespaces or is_whole(state, kind)
        if not status.health.is_complete or not (status.cut_off or is_unreadable or not is_listed or not is_enough):
            continue
        is_partly = is_partly and is_enough and not status.cut_off and (status.listed is None or bool(status.listed))
        lines.append(f"{RESOURCES[kind].rbac_name}: {why_absence_is_unreliable(state, kind)}")
    where = "the other namespaces" if any(unreadable(state, kind) for kind in check.absence_of) else "these namespaces"
    rest = f"; evaluated for {where} only" if lines and is_partly and check.subjects else ""
    return safe("; ".join(lines) + rest)


def _lacks_families(state: ClusterState, profile: Profile, check: Check) -> bool:
    """Whether the check needs Service families, which are unknown, and has something to evaluate."""
    if not check.of_service_families or profile.service_families:
        return False
    if check.config_map is not None:
        return check.config_map in state.config_maps
    # A check of nodes has something to evaluate if there are nodes, regardless of the pods that it also reads.
    pods = _PODS_OF.get(check.of_pods or ()) if Kind.NODE not in check.needs else None
    if pods is not None:
        return bool(pods(state))
    return any(len(state.store(kind)) for kind in check.subjects or check.needs)


def _why_no_slices(profile: Profile) -> str | None:
    """Why EndpointSlices are not evaluated, if the cluster is too old for v1."""
    if profile.version is None or profile.version >= SLICES_SINCE:
        return None
    since, version = (".".join(map(str, pair)) for pair in (SLICES_SINCE, profile.version))
    return f"endpointslices: v1 exists from Kubernetes {since}, and this cluster is {version}"


def _why_configuration_unknown(state: ClusterState, check: Check) -> str | None:
    """Why a ConfigMap or a configuration file that the check needs is unknown, even if others are known."""
    if _lacks_config_map(state, check):
        return why_unknown(state, Kind.CONFIG_MAP)
    if check.config_map == KUBE_PROXY and not _is_kube_proxy_understood(state):
        return "configmaps: config.conf of kube-system/kube-proxy could not be parsed"
    return _why_listeners_unknown(state, check)


def _lacks_config_map(state: ClusterState, check: Check) -> bool:
    """Whether a ConfigMap that the check needs was not read. ConfigMaps are read individually, by name."""
    if Kind.CONFIG_MAP not in check.needs or not state.status(Kind.CONFIG_MAP).reason:
        return False
    if check.config_map is not None:
        return is_config_map_unread(state, check.config_map)
    keys: frozenset[Key] = state.cached(
        "ConfigMaps of controllers",
        state.facets[PodFacet.CONTROLLERS],
        lambda: frozenset(key for pod in live_proxies(state) if (key := config_map_key(pod)) is not None),
    )
    return any(is_config_map_unread(state, key) for key in keys)


def _is_kube_proxy_understood(state: ClusterState) -> bool:
    """Whether kube-proxy's settings can be parsed, if there are any."""
    config_map = state.config_maps.get(KUBE_PROXY)
    return config_map is None or kube_proxy_settings(config_map) is not None


def _why_listeners_unknown(state: ClusterState, check: Check) -> str | None:
    """Why the check could not evaluate the listeners of some ready controllers, even if it evaluated others."""
    is_needed = Kind.PROXY_LISTENERS in check.needs
    if not is_needed and not check.of_listeners:
        return None
    by_source: dict[ListenSource, list[Pod]] = state.cached(
        "ready controllers by source",
        (state.facets[PodFacet.CONTROLLERS], state.epochs[Kind.PROXY_LISTENERS]),
        lambda: _by_source(state),
    )
    unread = by_source[ListenSource.UNREAD] + (by_source[ListenSource.PREDICTED] if is_needed else [])
    if not unread:
        return None
    first = listeners_of(state, unread[0])
    is_all = len(unread) == sum(map(len, by_source.values()))
    rest = "" if is_all else "; evaluated for the other controllers only"
    return safe(f"{FILES_READ} of {first.namespace}/{first.name}: {first.reason.rstrip('.')}{rest}")


def _by_source(state: ClusterState) -> dict[ListenSource, list[Pod]]:
    pods: dict[ListenSource, list[Pod]] = {source: [] for source in ListenSource}
    for pod in live_proxies(state):
        if pod.ready and container_to_read(pod) is not None and not has_front_door(pod):
            read = state.proxy_listeners.get(pod.key)
            pods[read.source if read is not None else ListenSource.PREDICTED].append(pod)
    return pods


def why_unknown(state: ClusterState, kind: Kind) -> str:
    """Why the objects of a kind are unknown, such as `pods: not permitted`."""
    status = state.status(kind)
    name = RESOURCES[kind].rbac_name if kind in RESOURCES else f"{FILES_READ} of the controllers"
    is_refused_listener = kind is Kind.PROXY_LISTENERS and status.health is Health.REFUSED
    if status.reason and (status.health.is_complete or status.health is Health.NOT_GIVEN or is_refused_listener):
        return safe(f"{name}: {status.reason}")
    text = f"{name}: {_HEALTH_WORDS.get(status.health, 'could not be read')}"
    return safe(f"{text} ({status.reason})" if status.reason and status.health is not Health.REFUSED else text)
