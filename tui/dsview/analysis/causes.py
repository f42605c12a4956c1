"""Groups findings into root causes, one line each, with the findings that they explain. What breaks most is first.

Findings of one check with the same fix share a line if they concern the Pods of one owner, the EndpointSlices of one
Service, or several fields of one object. The findings that a cause explains share one line for each check. The screen,
the overview and the reports use these lines.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.loss import Loss
from dsview.checks.engine.context import owner_of
from dsview.checks.engine.remediation import names
from dsview.core.address import Family
from dsview.core.finding import Finding, ObjectRef
from dsview.core.plurals import count
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind

_SLICE = 64
"""The number of findings to process between two yields."""

_CHUNK = 512
"""The number of causes to sort at once, which takes about a millisecond."""


class FindingGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Findings that share a line.

    Attributes:
        id: An identifier that is the same in every report of the same findings.
        object: The object that all findings are about, or the owner of their objects; None if they have no common one.
        first: The first finding in report order, whose message is shown.
        findings: All findings, in no particular order.
    """

    id: str
    object: ObjectRef | None
    first: Finding
    findings: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """The number of findings in the line."""
        return len(self.findings)

    @property
    def title(self) -> Safe:
        """The subject of the line in words: `Deployment shop/web`, `12 Services`."""
        return safe(str(self.object)) if self.object is not None else self.amount

    @property
    def amount(self) -> Safe:
        """The number of objects or fields in the line: `4 Pods`, `95 fields`; empty for one."""
        if self.count == 1:
            return Safe("")
        objects = len({finding.object for finding in self.findings})
        number, noun = (objects, self.first.object.kind) if objects > 1 else (self.count, "field")
        return safe(count(number, noun))

    def sorted(self) -> list[Finding]:
        """The findings in the order of reports."""
        return sorted(self.findings, key=lambda finding: finding.order)


class RootCause(FindingGroup, frozen=True, kw_only=True):
    """Findings that no other explains, and the findings that they explain.

    Attributes:
        explained: The explained findings, one group for each check.
        cut_off: The number of pairs of Service and family that fail completely because of this cause.
        impaired: The number of pairs that fail partly.
        services: The number of Services among these pairs.
    """

    explained: tuple[FindingGroup, ...] = ()
    cut_off: int = 0
    impaired: int = 0
    services: int = 0

    @property
    def explains(self) -> int:
        """The number of findings that this cause explains."""
        return sum(group.count for group in self.explained)

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key of causes: severity, then how much breaks, then the number of explained findings."""
        return (self.first.severity.rank, -self.cut_off, -self.impaired, -self.explains, self.first.order)


FailingFamily = tuple[ObjectRef, Family]
"""A Service and a family over which it fails."""


class _Line:
    """A group while findings are added to it.

    There may be 30,000 of them, so the sets are created when needed. A pair in `cut_off` is not in `impaired`. The sets
    are kept up to date with each finding, because one line may break 20,000 Services, and counting these at the end
    would take as long as a frame.
    """

    __slots__ = ("cut_off", "findings", "first", "impaired", "object", "position", "services", "symptoms")

    def __init__(self, first: Finding) -> None:
        self.first = first
        self.position = _position(first)
        self.object: ObjectRef | None = first.object
        self.findings: list[Finding] = []
        self.symptoms: dict[tuple[object, ...], _Line] | None = None
        self.cut_off: set[FailingFamily] | None = None
        self.impaired: set[FailingFamily] | None = None
        self.services: set[ObjectRef] | None = None

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if finding.object != self.object:
            self.object = None
        position = _position(finding)
        if position < self.position:
            self.first, self.position = finding, position

    def add_failing(self, service: ObjectRef, families: tuple[Family, ...], loss: Loss | None) -> None:
        if not families:
            return
        if self.cut_off is None or self.impaired is None or self.services is None:
            self.cut_off, self.impaired, self.services = set(), set(), set()
        self.services.add(service)
        for family in families:
            broken = (service, family)
            if loss is Loss.WHOLE:
                self.cut_off.add(broken)
                self.impaired.discard(broken)
            elif broken not in self.cut_off:
                self.impaired.add(broken)

    def symptom(self, finding: Finding) -> _Line:
        """The line of explained findings that a finding belongs to."""
        if self.symptoms is None:
            self.symptoms = {}
        key = (finding.check, finding.severity, finding.family)
        line = self.symptoms.get(key)
        if line is None:
            line = self.symptoms[key] = _Line(finding)
        return line


def _position(finding: Finding) -> tuple[str, str, str]:
    """The sort key of a finding among those of its check."""
    return (finding.object.namespace or "", finding.object.name, finding.field or "")


class CauseCollector:
    """Collects all findings, then groups them into causes. Both happen in slices."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._lines: dict[tuple[object, ...], _Line] = {}
        self._symptoms: deque[tuple[Finding, Finding, tuple[Family, ...], Loss | None]] = deque()
        self.causes: list[RootCause] = []
        """The causes, worst first, once `finish` has completed."""

    def add(self, finding: Finding, root: Finding | None, families: tuple[Family, ...], loss: Loss | None) -> None:
        """Add a finding that `root` explains, if anything does; `loss` is its effect on its Service over `families`."""
        if root is not None:
            self._symptoms.append((finding, root, families, loss))
            return
        line = self._line(finding)
        line.add(finding)
        line.add_failing(finding.object, families, loss)

    def finish(self) -> Iterator[None]:
        """Make the causes. Yields where it may pause."""
        shown_roots: set[object] = set()
        number = 0
        while self._symptoms:
            # Each is released after use, because releasing all of them at once takes as long as a frame.
            finding, root, families, loss = self._symptoms.popleft()
            number += 1
            if finding.identity in shown_roots:
                continue
            line = self._line(root)
            if root.identity not in shown_roots and self._view.root_of(root) is not None:
                # Two findings that explain each other would otherwise not appear at all.
                shown_roots.add(root.identity)
                line.add(root)
            line.symptom(finding).add(finding)
            line.add_failing(finding.object, families, loss)
            if number % _SLICE == 0:
                yield
        yield from self._sort()

    def _sort(self) -> Iterator[None]:
        chunks: list[list[tuple[tuple[object, ...], RootCause]]] = []
        chunk: list[tuple[tuple[object, ...], RootCause]] = []
        for item in self._lines_by_id():
            if item is None:
                yield
                continue
            cause = self._cause(*item)
            chunk.append((cause.order, cause))
            if len(chunk) == _CHUNK:
                chunks.append(sorted(chunk, key=_first))
                chunk = []
                yield
        chunks.append(sorted(chunk, key=_first))
        for number, (_, cause) in enumerate(heapq.merge(*chunks, key=_first), 1):
            self.causes.append(cause)
            if number % _SLICE == 0:
                yield

    def _lines_by_id(self) -> Iterator[tuple[str, _Line] | None]:
        """Each line with its id. Yields None where it may pause.

        Lines that differ only in their fix are numbered in report order.
        """
        named: dict[str, list[_Line]] = {}
        for seen, line in enumerate(self._lines.values(), 1):
            first = line.first
            family = f" {first.family}" if first.family else ""
            named.setdefault(f"{first.check} {self._subject(first.object)}{family}", []).append(line)
            if seen % _SLICE == 0:
                yield None
        self._lines.clear()
        while named:
            # Released one by one, as above.
            name, lines = named.popitem()
            sorted_lines = sorted(lines, key=lambda line: line.first.order) if lines[1:] else lines
            for number, line in enumerate(sorted_lines, 1):
                yield (f"{name} #{number}" if number > 1 else name), line

    def _cause(self, name: str, line: _Line) -> RootCause:
        first = line.first
        return RootCause(
            id=name,
            object=line.object or self._subject(first.object),
            first=first,
            findings=tuple(line.findings),
            explained=tuple(
                self._symptom(name, symptom)
                for symptom in sorted(line.symptoms.values(), key=lambda symptom: symptom.first.order)
            )
            if line.symptoms
            else (),
            cut_off=len(line.cut_off or ()),
            impaired=len(line.impaired or ()),
            services=len(line.services or ()),
        )

    def _symptom(self, cause: str, line: _Line) -> FindingGroup:
        first = line.first
        family = f" {first.family}" if first.family else ""
        return FindingGroup(
            id=f"{first.check} {first.severity}{family} explained by {cause}",
            object=line.object,
            first=first,
            findings=tuple(line.findings),
        )

    def _line(self, finding: Finding) -> _Line:
        key = (finding.check, finding.severity, finding.family, finding.fix, self._subject(finding.object))
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(finding)
        return line

    def _subject(self, ref: ObjectRef) -> ObjectRef:
        """What findings about an object are grouped by: the owner of a Pod, the Service of a slice, or the object."""
        state, key = self._view.state, (ref.namespace or "", ref.name)
        if ref.kind == Kind.POD.value:
            pod = state.pods.get(key)
            owner = owner_of(pod) if pod is not None else None
            # The static pods of a node have nothing else in common.
            return owner if owner is not None and owner.kind != Kind.NODE.value else ref
        if ref.kind == Kind.ENDPOINT_SLICE.value:
            item = state.endpoint_slices.get(key)
            name = item.service_name if item is not None else ""
            return ObjectRef(Kind.SERVICE.value, ref.namespace, name) if name else ref
        return ref


def _first(pair: tuple[tuple[object, ...], RootCause]) -> tuple[object, ...]:
    return pair[0]


def members_text(group: FindingGroup) -> Safe:
    """The names of the objects or fields of a line: `web-1, web-2, web-3 and 9 more`."""
    findings = group.sorted()
    objects = dict.fromkeys(finding.object for finding in findings)
    if len(objects) == 1:
        return safe(names(finding.field or finding.family or "" for finding in findings))
    spaces = {ref.namespace for ref in objects}
    return safe(names(ref.name if len(spaces) == 1 else f"{ref.namespace}/{ref.name}" for ref in objects))
