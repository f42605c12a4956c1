"""The current findings, by the subject whose checks report them and by the object that they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from dsview.core.finding import Cause, Finding, ObjectRef, Severity

Identity = tuple[str, ObjectRef, str | None, str | None]
"""Check, object, family and field: the identity of a finding (`Finding.identity`)."""

SubjectKey = tuple[str, str, str]
"""Kind (or the code of a cluster-wide check), namespace, name."""


def object_of(subject: SubjectKey) -> ObjectRef:
    """The reference of the object that a subject key names."""
    kind, namespace, name = subject
    return ObjectRef(kind, namespace or None, name)


class FindingIndex:
    """The current findings. A symptom lists its possible causes; `root` looks up which of them exist."""

    def __init__(self) -> None:
        self._by_subject: dict[SubjectKey, tuple[Finding, ...]] = {}
        self._by_scope: dict[tuple[str, str], dict[SubjectKey, None]] = {}
        self._by_object: dict[ObjectRef, dict[tuple[str, str | None, str | None], Finding]] = {}
        self._counts = dict.fromkeys(Severity, 0)
        self.watch: Callable[[tuple[Finding, ...], tuple[Finding, ...]], None] | None = None
        """Called with the old and new findings of a subject whenever they change."""

    def replace(self, subject: SubjectKey, findings: tuple[Finding, ...]) -> set[ObjectRef]:
        """Replace the findings of a subject. Returns the objects whose findings changed."""
        old = self._by_subject.get(subject, ())
        if old == findings:
            return set()
        if self.watch is not None:
            self.watch(old, findings)
        touched: set[ObjectRef] = set()
        for finding in old:
            touched.add(finding.object)
            entries = self._by_object.get(finding.object)
            if entries is not None:
                self._count(entries.pop((finding.check, finding.family, finding.field), None), -1)
                if not entries:
                    del self._by_object[finding.object]
        for finding in findings:
            touched.add(finding.object)
            entries = self._by_object.setdefault(finding.object, {})
            self._count(entries.get((finding.check, finding.family, finding.field)), -1)
            entries[(finding.check, finding.family, finding.field)] = finding
            self._count(finding, 1)
        if findings:
            self._by_subject[subject] = findings
            self._by_scope.setdefault(subject[:2], {})[subject] = None
        elif self._by_subject.pop(subject, None) is not None:
            scope = self._by_scope[subject[:2]]
            del scope[subject]
            if not scope:
                del self._by_scope[subject[:2]]
        return touched

    def _count(self, finding: Finding | None, step: int) -> None:
        if finding is not None:
            self._counts[finding.severity] += step

    @property
    def counts(self) -> dict[Severity, int]:
        """The number of findings of each severity."""
        return dict(self._counts)

    def subjects(self) -> list[SubjectKey]:
        """The subjects that have findings."""
        return list(self._by_subject)

    def in_scope(self, kind: str, namespace: str) -> Iterable[SubjectKey]:
        """The subjects of a kind in a namespace that have findings."""
        return self._by_scope.get((kind, namespace), ())

    def of_subject(self, subject: SubjectKey) -> tuple[Finding, ...]:
        """The current findings of one subject."""
        return self._by_subject.get(subject, ())

    def of(self, ref: ObjectRef) -> tuple[Finding, ...]:
        """The findings about an object, worst first."""
        entries = self._by_object.get(ref)
        return tuple(sorted(entries.values(), key=lambda f: f.order)) if entries else ()

    def get(self, identity: Identity) -> Finding | None:
        """The finding with an identity, if it exists."""
        check, ref, family, field = identity
        return self._by_object.get(ref, {}).get((check, family, field))

    def __iter__(self) -> Iterator[Finding]:
        for entries in self._by_object.values():
            yield from entries.values()

    def by_object(self) -> Sequence[Mapping[tuple[str, str | None, str | None], Finding]]:
        """The findings of each object. The list is a copy; the mappings are not."""
        return list(self._by_object.values())

    def __len__(self) -> int:
        return sum(self._counts.values())

    def sorted(self) -> list[Finding]:
        """All findings in report order."""
        return sorted(self, key=lambda f: f.order)

    def _existing_cause(self, cause: Cause) -> Finding | None:
        causes = (
            finding
            for finding in self._by_object.get(cause.object, {}).values()
            if finding.check == cause.check and (cause.family is None or finding.family in {None, cause.family})
        )
        return min(causes, key=lambda finding: finding.order, default=None)

    def root(self, finding: Finding) -> Finding | None:
        """The finding under which this one is finally folded, or None if it is not folded."""
        seen = {finding.identity}
        current = finding
        while True:
            cause = next((f for c in current.causes if (f := self._existing_cause(c)) and f.identity not in seen), None)
            if cause is None:
                return None if current is finding else current
            seen.add(cause.identity)
            current = cause
