"""A small cluster on a stage: a source whose objects a test changes, and an application that shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Literal

from textual.pilot import Pilot

from dsview.core.errors import UserError
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service, ServicePort
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Listed, Sink, SourceEvent, StatusChanged
from dsview.ui.app import DsviewApp
from dsview.ui.pane import Pane

NOW = 1_800_000_000.0
_LONG_AGO = int(NOW) - 86_400


class StageSource:
    """Sends the given objects, then whatever the test sends."""

    kind: Literal["demo"] = "demo"
    is_live = False
    captured_at: float | None = None

    def __init__(self, objects: Iterable[Object], *, name: str = "stage") -> None:
        self.name = name
        self._objects = list(objects)
        self._sink: Sink | None = None
        self.is_stopped = False

    def now(self, wall: float) -> float:
        """The clock of the session."""
        return wall

    def start(self, sink: Sink) -> None:
        """Send everything at once."""
        self._sink = sink
        for kind in RESOURCES:
            items = [item for item in self._objects if kind_of(item) is kind]
            sink(Changed(kind, items))
            sink(Listed(kind))
            sink(StatusChanged(kind=kind, health=Health.LIVE, since=NOW))

    def stop(self) -> None:
        """Record it."""
        self.is_stopped = True

    def send(self, *events: SourceEvent) -> None:
        """Let something happen."""
        assert self._sink is not None
        for event in events:
            self._sink(event)

    def put(self, *items: Object) -> None:
        """Add or change objects."""
        for item in items:
            self.send(Changed(kind_of(item), [item]))

    def remove(self, kind: Kind, *keys: Key) -> None:
        """Delete objects."""
        self.send(Changed(kind, [], list(keys)))

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Does nothing: there is no controller."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Does nothing."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """One object can be read, all others cannot."""
        if key[1] == "web":
            return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {key[1]}\n"
        raise UserError("The object is gone.")


_KINDS: dict[type[Object], Kind] = {
    Service: Kind.SERVICE,
    EndpointSlice: Kind.ENDPOINT_SLICE,
    Pod: Kind.POD,
    Node: Kind.NODE,
    ServiceCIDR: Kind.SERVICE_CIDR,
}


def kind_of(item: Object) -> Kind:
    """The kind of an object."""
    return _KINDS[type(item)]


def node(name: str, number: int) -> Node:
    """A dual-stack node."""
    return Node(
        name=name,
        uid=name,
        created=_LONG_AGO,
        pod_cidr=f"10.244.{number}.0/24",
        pod_cidrs=(f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64"),
        addresses=(NodeAddress("InternalIP", f"192.0.2.{number}"), NodeAddress("InternalIP", f"2001:db8::{number}")),
        ready=True,
        ready_since=_LONG_AGO,
        kubelet_version="v1.36.1",
        operating_system="linux",
    )


def pod(name: str, number: int, *, namespace: str = "shop", app: str = "web", families: str = "46") -> Pod:
    """A running pod on one of the two nodes with these families."""
    on = number % 2 + 1
    both = (f"10.244.{on}.{number + 10}", f"fd00:10:244:{on}::{number + 10:x}")
    ips = tuple(ip for ip, family in zip(both, "46", strict=True) if family in families)
    return Pod(
        name=name,
        namespace=namespace,
        uid=f"{namespace}/{name}",
        created=_LONG_AGO,
        labels={"app": app},
        node_name=f"node-{on}",
        phase="Running",
        ready=True,
        ready_since=_LONG_AGO,
        pod_ip=ips[0],
        pod_ips=ips,
        host_ip=f"192.0.2.{on}",
        host_ips=(f"192.0.2.{on}", f"2001:db8::{on}"),
        start_time=_LONG_AGO,
    )


def service(name: str, number: int, *, namespace: str = "shop", policy: str = "RequireDualStack") -> Service:
    """A Service that selects the pods of the app with its name; SingleStack ones have IPv4 only."""
    count = 1 if policy == "SingleStack" else 2
    ips = (f"10.96.0.{number}", f"fd00:10:96::{number:x}")[:count]
    families = ("IPv4", "IPv6")[:count]
    return Service(
        name=name,
        namespace=namespace,
        uid=f"{namespace}/{name}",
        created=_LONG_AGO,
        cluster_ip=ips[0],
        cluster_ips=ips,
        ip_families=families,
        ip_family_policy=policy,
        selector={"app": name},
        ports=(ServicePort("http", "TCP", 80, 8080),),
    )


def slices(name: str, pods: Iterable[Pod], *, namespace: str = "shop", families: str = "46") -> list[EndpointSlice]:
    """The EndpointSlices of a Service, one for each family, as the controller writes them."""
    made: list[EndpointSlice] = []
    members = list(pods)
    for family, index in (("4", 0), ("6", 1)):
        if family not in families:
            continue
        endpoints = [
            Endpoint((p.pod_ips[index],), ready=True, target=p.key, target_uid=p.uid, node_name=p.node_name)
            for p in members
            if len(p.pod_ips) > index
        ]
        size, rows = pack(endpoints)
        made.append(
            EndpointSlice(
                name=f"{name}-ipv{family}",
                namespace=namespace,
                uid=f"{name}-{family}",
                created=_LONG_AGO,
                address_type=f"IPv{family}",
                service_name=name,
                managed_by="endpointslice-controller.k8s.io",
                size=size,
                rows=rows,
            )
        )
    return made


def troubled_shop() -> list[Object]:
    """A dual-stack cluster in which `api` has no ready IPv6 endpoint, since its pods lack IPv6, and `old` is single."""
    web = [pod(f"web-{number}", number) for number in range(3)]
    api = [pod(f"api-{number}", number + 10, app="api", families="4") for number in range(2)]
    other = [pod("mail-0", 20, namespace="office", app="mail")]
    return [
        ServiceCIDR(name="kubernetes", cidrs=("10.96.0.0/16", "fd00:10:96::/112")),
        node("node-1", 1),
        node("node-2", 2),
        *web,
        *api,
        *other,
        service("web", 10),
        service("api", 11),
        service("old", 12, policy="SingleStack"),
        service("mail", 13, namespace="office"),
        *slices("web", web),
        *slices("api", api),
        *slices("old", web[:1], families="4"),
        *slices("mail", other, namespace="office"),
    ]


def many_pods(count: int) -> list[Object]:
    """A cluster of healthy pods."""
    return [node("node-1", 1), node("node-2", 2), *(pod(f"pod-{number:05d}", number % 200) for number in range(count))]


class Stage:
    """The application under test, its pilot and its source."""

    def __init__(self, app: DsviewApp, pilot: Pilot[UserError | None], source: StageSource) -> None:
        self.app = app
        self.pilot = pilot
        self.source = source

    async def press(self, *keys: str) -> None:
        """Press keys and wait for all consequences."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*("space" if character == " " else character for character in text))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition is true."""
        for _ in range(250):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"it did not come true; the screen says:\n{self.text}")

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        screen = self.app.screen
        return ["".join(segment.text for segment in strip) for strip in screen._compositor.render_strips(screen.size)]

    @property
    def text(self) -> str:
        """The text of the screen."""
        return "\n".join(line.rstrip() for line in self.lines)

    def pane(self, pane_id: str) -> Pane:
        """A pane."""
        return next(pane for pane in self.app.main.panes if pane.pane_id == pane_id)

    def names(self, pane_id: str) -> list[str]:
        """The names of a pane's rows, in order."""
        view = self.pane(pane_id).view
        assert view is not None
        return [view.key_at(index)[1] for index in range(len(view))]


@asynccontextmanager
async def on_stage(
    objects: Iterable[Object] | None = None, *, size: tuple[int, int] = (120, 40), **options: object
) -> AsyncIterator[Stage]:
    """The application on a cluster that was read completely."""
    source = StageSource(troubled_shop() if objects is None else objects)
    app = DsviewApp(lambda: Session(source, clock=lambda: NOW), source_name="stage", **options)  # type: ignore[arg-type]  # passed on as they are
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, pilot, source)
        await stage.until(lambda: app.workspace is not None and app.workspace.session.is_settled)
        await pilot.pause(0.15)
        yield stage
