"""DS-NGX: what ingress-nginx listens on, against its pods and its Services. Asked once for the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context, workload_of
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import kubectl, names, patch_service, recreate_pods, ref
from dsview.cluster.controllers import (
    config_map_key,
    has_ssl_passthrough,
    live_controllers,
    public_ports,
)
from dsview.cluster.listeners import (
    deaf_ports,
    is_config_map_unread,
    is_ipv6_disabled,
    nginx_conf,
    ports_of_host_names,
    protocol_of,
    sockets,
)
from dsview.cluster.relations import PodFacet
from dsview.core.address import FAMILIES, V4, V6, Family, families_of, family_of, other
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.core.listen import ListenSource, NginxConf
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Pod


def _ready(ctx: Context) -> list[Pod]:
    return [pod for pod in live_controllers(ctx.state) if pod.ready]


def _read(ctx: Context) -> Iterator[tuple[Pod, NginxConf]]:
    """The ready controller pods whose nginx.conf was read."""
    for pod in _ready(ctx):
        conf = nginx_conf(ctx.state, pod)
        if conf.source is ListenSource.READ:
            yield pod, conf


@check(
    "DS-NGX-001",
    "no-v6-listen",
    Severity.ERROR,
    title="nginx does not listen on IPv6 though its pod has it",
    condition="A controller pod has an IPv6 address, IPv6 is not disabled in its ConfigMap, and a public port "
    "listens on IPv4 only. Needs the nginx.conf as it is.",
    why="IPv6 connections to the controller are refused. ingress-nginx looks for IPv6 once, when its process starts.",
    fix="Restart the controller; where other ports have IPv6, mend the template or snippet that names the port.",
    not_when="A template keeps the port to IPv4 on purpose. A predicted configuration never raises it.",
    source="checks.md §4 and §1.5; I:internal/net/net.go",
    needs=(Kind.POD, Kind.NGINX_CONF, Kind.CONFIG_MAP),
    of_pods=(PodFacet.CONTROLLERS,),
)
def no_v6_listen(ctx: Context) -> Iterator[Problem]:
    """A dual pod with IPv4 listeners."""
    for pod, conf in _read(ctx):
        settings = config_map_key(pod)
        if V6 not in families_of(pod.ips) or is_ipv6_disabled(ctx.state, pod):
            continue
        if is_config_map_unread(ctx.state, settings):
            # It may say that IPv6 is disabled.
            continue
        unknown = ports_of_host_names(conf)
        found = sorted((item for item in sockets(conf).items() if item[0] not in unknown), key=str)
        ports = [f"{port}/{transport}" for (transport, port), has in found if has == {V4}]
        if ports:
            # The process decides for all ports at once, so where some have IPv6 a template or a snippet decided.
            is_written = any(V6 in has for _, has in found)
            why = (
                "other ports have IPv6, so a template or a snippet names this one for IPv4 alone"
                if is_written
                else "it got IPv6 after nginx had started"
            )
            yield Problem(
                message=f"Port {names(ports)} listens on IPv4 only, while the pod has "
                f"{names(ip for ip in pod.ips if family_of(ip) == V6)}: {why}.",
                object=ref("Pod", pod),
                family=V6,
                field="listen",
                observed=f"IPv4 on {names(ports)}",
                expected=f"IPv4 and IPv6 on {names(ports)}",
                fix=f"{kubectl(settings[0], 'edit', 'configmap', settings[1])}\n"
                f"# add listen [::]:PORT beside the listen of {names(ports)}, or do so in the custom template"
                if is_written
                else recreate_pods([pod]),
                causes=(Cause("DS-NGX-002", ObjectRef("ConfigMap", *settings), V6),),
            )


@check(
    "DS-NGX-003",
    "service-family-no-listener",
    Severity.ERROR,
    title="Controller Service has a family that nginx does not listen on",
    condition="A family of the controller's Service has ready endpoints, but nginx has no listener of it on the port "
    "that the Service leads to.",
    why="Connections over that family are refused by the pod.",
    fix="Restart the controller, or enable IPv6 in its ConfigMap.",
    not_when="HTTPS with ssl-passthrough: there the controller itself, not nginx, owns the port for both families.",
    source="checks.md §4 and §1.12",
    needs=(Kind.SERVICE, Kind.POD, Kind.ENDPOINT_SLICE),
    uses=(Kind.NGINX_CONF, Kind.CONFIG_MAP),
    of_pods=(PodFacet.CONTROLLERS,),
    of_listeners=True,
)
def service_family_no_listener(ctx: Context) -> Iterator[Problem]:
    """The Service leads to a port that is deaf in one family."""
    for service, pods in ctx.controller_services.values():
        found = ctx.endpoints(service.key)
        for family in service.families:
            if not found.live(family):
                continue
            # A replica without an address of the family gets no connection over it: DS-POD-001 and DS-EPS-002 tell.
            asked = [pod for pod in pods if pod.ready and family in families_of(pod.ips)]
            deaf = [(pod, ports) for pod in asked if (ports := deaf_ports(ctx.state, service, pod, family))]
            if not deaf:
                continue
            pod, ports = deaf[0]
            yield Problem(
                message=f"The Service has {family} and {found.live(family)} ready endpoints of it, but {pod.name} has "
                f"no {family} listener on port {names(map(str, ports))}.",
                family=family,
                object=ref("Service", service),
                field=f"spec.ports[{ports[0]}]",
                observed=f"no {family} listener on {names(map(str, ports))}",
                expected=f"an {family} listener on each port that the Service leads to",
                fix=recreate_pods([pod]),
                related=tuple(ref("Pod", p) for p, _ in deaf[:20]),
                grace=60,
                causes=tuple(Cause("DS-NGX-002", ObjectRef("ConfigMap", *config_map_key(p)), family) for p, _ in deaf),
            )


@check(
    "DS-NGX-004",
    "inert-v6-listen",
    Severity.NOTE,
    title="IPv6 listener that nobody can reach",
    condition="nginx listens on [::], but its pod has no IPv6 address and is not on the host's network.",
    why="Harmless: ingress-nginx saw some IPv6 address, such as ::1, when it started.",
    fix="None is needed.",
    not_when="Always: nothing is wrong. It says that the listener is no proof of IPv6.",
    source="checks.md §4 and §1.5",
    needs=(Kind.POD, Kind.NGINX_CONF),
    of_pods=(PodFacet.CONTROLLERS,),
)
def inert_v6_listen(ctx: Context) -> Iterator[Problem]:
    """[::] without an address."""
    for pod, conf in _read(ctx):
        inert = [f"[::]:{x.port}" for x in conf.listeners if x.address == "[::]" and not x.internal]
        if inert and not pod.host_network and pod.ips and V6 not in families_of(pod.ips):
            yield Problem(
                message=f"{names(dict.fromkeys(inert))} listens, but the pod has no IPv6 address; that does no harm.",
                object=ref("Pod", pod),
                family=V6,
                field="listen",
                observed=names(dict.fromkeys(inert)),
            )


@check(
    "DS-NGX-005",
    "controller-service-single",
    Severity.WARNING,
    title="Controller Service is SingleStack in a dual-stack cluster",
    condition="The cluster is dual-stack and the controller's Service is SingleStack, which is the chart's default.",
    why="Everything behind the controller is published over one family only.",
    fix="Set both ipFamilyPolicy and ipFamilies; the chart ignores one without the other.",
    not_when="The sites are meant to be published over one family.",
    source="checks.md §4; i/n#11068",
    needs=(Kind.SERVICE, Kind.POD),
    of_pods=(PodFacet.CONTROLLERS,),
    of_service_families=True,
)
def controller_service_single(ctx: Context) -> Iterator[Problem]:
    """The chart's default in a cluster that could do more."""
    if not ctx.is_dual():
        return
    for service, pods in ctx.controller_services.values():
        has = service.families
        if service.ip_family_policy == "SingleStack" and len(has) == 1:
            both = [has[0], other(has[0])]
            yield Problem(
                message=f"The controller's Service is SingleStack with {has[0]}: nothing behind it is published over "
                f"{other(has[0])}.",
                object=ref("Service", service),
                family=other(has[0]),
                field="spec.ipFamilyPolicy",
                observed="SingleStack",
                expected="PreferDualStack with both ipFamilies",
                fix=patch_service(service, ipFamilyPolicy="PreferDualStack", ipFamilies=both),
                related=tuple(ref("Pod", pod) for pod in pods[:20]),
            )


@check(
    "DS-NGX-007",
    "uneven-servers",
    Severity.ERROR,
    title="Servers of one controller listen on different families",
    condition="In one replica the families differ between server names, or between the http and the https port. "
    "Needs the nginx.conf as it is.",
    why="Some sites, or one of http and https, cannot be reached over one family.",
    fix="Look for a custom template or a snippet with listen directives.",
    not_when="A template keeps a server to one family on purpose. Loopback and unix sockets are not compared.",
    source="checks.md §4",
    needs=(Kind.POD, Kind.NGINX_CONF),
    of_pods=(PodFacet.CONTROLLERS,),
)
def uneven_servers(ctx: Context) -> Iterator[Problem]:
    """Not every server on the same families."""
    for pod, conf in _read(ctx):
        public = public_ports(pod)
        if has_ssl_passthrough(pod):
            public = {**public, "https": 442}
        by_port: dict[int, dict[str, set[Family]]] = {}
        for x in conf.listeners:
            if (
                x.context == "http"
                and not x.internal
                and x.transport == "tcp"
                and x.port in public.values()
                and x.families
            ):
                for name in x.server_names or ("",):
                    by_port.setdefault(x.port or 0, {}).setdefault(name, set()).update(x.families)
        uneven = _uneven(by_port)
        if uneven is not None:
            message, family = uneven
            settings = config_map_key(pod)
            yield Problem(
                message=message,
                object=ref("Pod", pod),
                family=family,
                field="listen",
                expected="the same families for every server and port",
                # The process decides for all servers at once: a restart writes the same file again.
                fix=kubectl(settings[0], "get", "configmap", settings[1], options=("-o", "yaml"))
                + "\n# look for listen directives in its snippets, or in the custom template",
            )


def _uneven(by_port: dict[int, dict[str, set[Family]]]) -> tuple[str, Family] | None:
    for port, servers in sorted(by_port.items()):
        for family in FAMILIES:
            without = sorted(name or "(no name)" for name, has in servers.items() if family not in has)
            if without and len(without) < len(servers):
                text = f"On port {port}, {names(without)} does not listen on {family}, other servers do."
                return text, family
    whole = {port: set().union(*servers.values()) for port, servers in sorted(by_port.items())}
    for family in FAMILIES:
        without_port = [port for port, has in whole.items() if family not in has]
        if without_port and len(without_port) < len(whole):
            rest = next(port for port in whole if port not in without_port)
            return f"Port {without_port[0]} does not listen on {family}, port {rest} does.", family
    return None


@check(
    "DS-NGX-008",
    "replicas-differ",
    Severity.ERROR,
    title="Replicas of the controller listen on different families",
    condition="Ready replicas of one template have different sets of ports and families. Needs the nginx.conf as "
    "it is.",
    why="A connection works or fails depending on the replica that it reaches.",
    fix="Restart the controller.",
    not_when="A rollout is under way: replicas of different templates are not compared.",
    source="checks.md §4",
    needs=(Kind.POD, Kind.NGINX_CONF),
    of_pods=(PodFacet.CONTROLLERS,),
)
def replicas_differ(ctx: Context) -> Iterator[Problem]:
    """One template, several answers."""
    groups: dict[tuple[str, str, str, str], list[tuple[Pod, NginxConf]]] = {}
    for pod, conf in _read(ctx):
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
        described = names(f"{family} on {port}/{transport}" for transport, port, family in lacking[first])
        yield Problem(
            message=f"{first} lacks {described}, which other replicas of {workload_of(replicas[0][0])} have.",
            object=ObjectRef(kind, namespace, name),
            field="listen",
            observed="; ".join(f"{n}: {len(has)} listeners" for n, has in sorted(sets.items())),
            expected="the same listeners in every replica",
            fix=recreate_pods([pod for pod, _ in replicas if pod.name in lacking]),
            related=tuple(ref("Pod", pod) for pod, _ in replicas if pod.name in lacking)[:20],
            grace=60,
        )


def _port_families(conf: NginxConf) -> frozenset[tuple[str, int | None, Family]]:
    return frozenset((t, port, family) for (t, port), has in sockets(conf).items() for family in has)


@check(
    "DS-NGX-009",
    "bind-clash",
    Severity.ERROR,
    title="Two listen directives cannot both bind",
    condition="A [::] listener with ipv6only=off takes IPv4 too, and a plain IPv4 listener has the same port.",
    why="nginx fails to start or to reload with this file; the old workers go on with the old one.",
    fix="Remove ipv6only=off, or the IPv4 listener, from the custom template.",
    not_when="None is known: nginx was seen to refuse such a file.",
    source="checks.md §4 and §5",
    needs=(Kind.POD, Kind.NGINX_CONF),
    of_pods=(PodFacet.CONTROLLERS,),
)
def bind_clash(ctx: Context) -> Iterator[Problem]:
    """One port, taken twice."""
    for pod, conf in _read(ctx):
        dual = {protocol_of(x) for x in conf.listeners if x.address == "[::]" and len(x.families) == 2}
        others = {protocol_of(x) for x in conf.listeners if x.families == (V4,) and not x.address.startswith("[")}
        clash = sorted(others & dual, key=str)
        if clash:
            ports = names(f"{port}/{transport}" for transport, port in clash)
            yield Problem(
                message=f"[::] with ipv6only=off and an IPv4 listener both want port {ports}.",
                object=ref("Pod", pod),
                family=V4,
                field="listen",
                observed=ports,
                expected="one socket for each port and family",
                fix="Take ipv6only=off, or the IPv4 listen, out of the custom template or snippet that has it.",
            )
