"""The plan of `dsview plan` as text, JSON and a shell script."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Container, Iterator

from dsview.analysis.door_plan import DoorPlan
from dsview.analysis.mode_words import mode_and_confidence
from dsview.analysis.plan import Plan
from dsview.analysis.plan_step import Obstacle, Step, Wave
from dsview.core.plurals import count
from dsview.core.text import safe
from dsview.export.json_text import json_text
from dsview.export.report import Ref, Wire, ref_of
from dsview.listeners.host_doors import HostDoor
from dsview.session.session import Session

SCHEMA = "dsview.io/plan/v1"


class PlannedObstacle(Wire, frozen=True):
    """One obstacle, and the commands that remove it."""

    wave: str
    message: str
    commands: tuple[str, ...]
    objects: tuple[Ref, ...]


class PlannedStep(Wire, frozen=True):
    """One Service. `command` makes it dual-stack once all obstacles are removed."""

    service: Ref
    has: str
    gets: str
    wave: str
    obstacles: tuple[PlannedObstacle, ...]
    notes: tuple[str, ...]
    command: str


class PlannedNeed(Wire, frozen=True):
    """What a front door needs for a family. `words` are shell commands and comments for its controller, one a line."""

    family: str
    message: str
    words: tuple[str, ...]


class PlannedDoor(Wire, frozen=True):
    """A front door. `confidence` is `read`, `declared`, `predicted` or `unread`; `unknown` names what was not read."""

    service: Ref
    controller: str
    confidence: str
    needs: tuple[PlannedNeed, ...]
    unknown: str


class PlannedOffer(Wire, frozen=True):
    """Whether a front door serves a host over a family: `yes`, `no` or `unknown`, and why not."""

    family: str
    offer: str
    why: str


class PlannedHostDoor(Wire, frozen=True):
    """One of the front doors of a host: the Ingress or HTTPRoute, and its Gateway or Service."""

    route: Ref
    door: Ref
    controller: str
    offers: tuple[PlannedOffer, ...]


class PlannedHost(Wire, frozen=True):
    """A host that two front doors serve."""

    host: str
    doors: tuple[PlannedHostDoor, ...]


class PlanDocument(Wire, frozen=True):
    """The JSON of a plan.

    Attributes:
        steps: The steps, by wave: `ready`, `settings`, `pods`, `nodes`, `cluster`, `unknown`.
        dual_stack: The number of Services with both families.
        other: The number of Services that have no family or may not change.
        notices: What could not be read.
        doors: The front doors.
        hosts: The hosts that two front doors serve, for example during a migration.
    """

    schema: str
    mode: str
    confidence: str
    steps: tuple[PlannedStep, ...]
    dual_stack: int
    other: int
    notices: tuple[str, ...]
    doors: tuple[PlannedDoor, ...]
    hosts: tuple[PlannedHost, ...]


def _step(step: Step) -> PlannedStep:
    return PlannedStep(
        service=ref_of(step.service),
        has=step.has,
        gets=step.gets,
        wave=step.wave.value,
        obstacles=tuple(
            PlannedObstacle(
                wave=o.wave.value, message=o.message, commands=o.commands, objects=tuple(map(ref_of, o.objects))
            )
            for o in step.obstacles
        ),
        notes=step.notes,
        command=step.command,
    )


def _door(door: DoorPlan) -> PlannedDoor:
    return PlannedDoor(
        service=ref_of(door.service),
        controller=door.controller,
        confidence=door.confidence.value,
        needs=tuple(PlannedNeed(family=n.family, message=n.message, words=n.steps) for n in door.needs),
        unknown=door.unknown,
    )


def _host_door(door: HostDoor) -> PlannedHostDoor:
    return PlannedHostDoor(
        route=ref_of(door.route),
        door=ref_of(door.door),
        controller=door.controller,
        offers=tuple(
            PlannedOffer(family=family, offer=found.offer.value, why=found.why) for family, found in door.offers.items()
        ),
    )


def plan_json(session: Session, plan: Plan, _width: int) -> str:
    """The plan as JSON (`PlanDocument`)."""
    profile = session.profile
    return json_text(
        PlanDocument(
            schema=SCHEMA,
            mode=profile.mode,
            confidence=profile.confidence.value,
            steps=tuple(map(_step, plan.steps)),
            dual_stack=plan.dual,
            other=plan.without,
            notices=(plan.unread,) if plan.unread else (),
            doors=tuple(map(_door, plan.doors)),
            hosts=tuple(
                PlannedHost(host=host, doors=tuple(map(_host_door, doors))) for host, doors in plan.hosts.items()
            ),
        )
    )


def plan_text(session: Session, plan: Plan, width: int) -> str:
    """The plan as text, wrapped at `width` columns. Commands are never broken."""
    profile = session.profile
    lines = [f"{safe(session.source.name)}: {mode_and_confidence(profile.mode, profile.confidence.value)}", ""]
    for wave, steps in plan.waves():
        lines.append(f"{wave.heading} ({len(steps)})")
        common = _common(steps)
        for obstacle, number in common.items():
            concerned = "" if number == len(steps) else f" This concerns {number} of the {len(steps)}."
            lines += _obstacle_lines(obstacle, width, "  ", concerned)
        for step in steps:
            lines += _step_lines(step, common, width)
        lines.append("")
    lines += _doors_lines(plan, width)
    lines += _hosts_lines(plan)
    lines.append(plan.unread or _summary(plan))
    lines.append("dsview only proposes changes; it applies nothing.")
    return "\n".join(lines) + "\n"


def _doors_lines(plan: Plan, width: int) -> Iterator[str]:
    if not plan.doors:
        return
    yield f"Front doors ({len(plan.doors)})"
    for door in plan.doors:
        state = "" if door.needs or door.unknown else "  needs nothing"
        name = safe(f"{door.service.namespace}/{door.service.name}")
        yield f"  {name}  {door.controller}, {door.confidence.value}{state}"
        if door.unknown:
            yield from _prose(f"- What it listens on is not known: {door.unknown}.", width, "    ")
        for need in door.needs:
            yield from _prose(f"- {need.message}", width, "    ")
            yield from (f"      {'' if line.startswith('#') else '$ '}{safe(line)}" for line in need.steps)
    yield ""


def _hosts_lines(plan: Plan) -> Iterator[str]:
    if not plan.hosts:
        return
    yield f"Hosts that two front doors serve ({len(plan.hosts)})"
    for host, doors in plan.hosts.items():
        yield f"  {safe(host)}"
        for door in doors:
            offers = "; ".join(
                f"{family} {found.offer.value}{f' ({safe(found.why)})' if found.why else ''}"
                for family, found in door.offers.items()
            )
            route = safe(f"{door.route.kind} {door.route.namespace}/{door.route.name}")
            yield f"    {route}, {safe(door.controller)}: {offers}"
    yield ""


def _summary(plan: Plan) -> str:
    single = len(plan.steps)
    ready = sum(step.wave is Wave.READY for step in plan.steps)
    verb = "has" if single == 1 else "have"
    first = (
        f"{count(single, 'Service')} {verb} one family, {ready} of them ready now"
        if single
        else "No Service has only one family"
    )
    return f"{first}; {plan.dual} dual-stack, {plan.without} without a family, or not to be changed."


def _prose(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        safe(text),
        max(40, width),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _common(steps: list[Step]) -> dict[Obstacle, int]:
    """The obstacles that several Services share, and the number of these Services. Each is printed once."""
    counts = Counter(obstacle for step in steps for obstacle in step.obstacles)
    return {obstacle: number for obstacle, number in counts.items() if number > 1}


def _obstacle_lines(obstacle: Obstacle, width: int, indent: str, more: str = "") -> Iterator[str]:
    yield from _prose(f"- {obstacle.message}{more}", width, indent)
    yield from (f"{indent}  {'' if line.startswith('#') else '$ '}{safe(line)}" for line in obstacle.commands)


def _step_lines(step: Step, common: Container[Obstacle], width: int) -> Iterator[str]:
    yield f"  {safe(f'{step.service.namespace}/{step.service.name}')}  {step.has} → {step.has}, {step.gets}"
    for obstacle in step.obstacles:
        if obstacle not in common:
            yield from _obstacle_lines(obstacle, width, "    ")
    for note in step.notes:
        yield from _prose(f"Note: {note}", width, "    ")
    if step.wave is not Wave.CLUSTER:
        yield from (f"    {'' if line.startswith('#') else '$ '}{safe(line)}" for line in step.command.split("\n"))


def plan_script(session: Session, plan: Plan, _width: int) -> str:
    """The plan as a script of kubectl commands. Only the commands that are ready now run; the others are comments."""
    lines = ["#!/bin/sh", f"# {safe(session.source.name)}: how its Services become dual-stack.", "set -eu", ""]
    for wave, steps in plan.waves():
        lines.append(f"# {wave.heading} ({len(steps)})")
        for step in steps:
            if wave is Wave.READY:
                lines += [f"# {safe(note)}" for note in step.notes]
                lines += map(safe, step.command.split("\n"))
            else:
                lines += _commented(step)
        lines.append("")
    lines += [f"# {line}" if line else "" for line in (*_doors_lines(plan, 100), *_hosts_lines(plan))]
    lines += [f"# {plan.unread}"] if plan.unread else []
    return "\n".join(lines)


def _commented(step: Step) -> Iterator[str]:
    yield f"# Service {safe(f'{step.service.namespace}/{step.service.name}')}:"
    for obstacle in step.obstacles:
        yield f"#   {safe(obstacle.message)}"
        yield from (f"#   {safe(line)}" for line in obstacle.commands)
    if step.wave is not Wave.CLUSTER:
        yield from (f"#   {safe(line)}" for line in step.command.split("\n"))


PLAN_FORMATS: dict[str, Callable[[Session, Plan, int], str]] = {
    "text": plan_text,
    "json": plan_json,
    "sh": plan_script,
}
"""The functions that turn a session, its plan and the width of the terminal into text, by the name of the format."""
