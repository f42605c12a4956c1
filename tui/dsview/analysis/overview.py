"""The cluster in a sentence: its mode, which Services fail over which family, and what is not known.

No sentence claims more than was read: "no problem found" appears only after everything was read and evaluated, and
never "it works" or "reachable", because dsview sends no packets.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.analysis.cause_summary import CauseSummarizer, FindingTotals
from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import Target, detail_target
from dsview.analysis.family_coverage import Layer, coverage_layers, why_unread
from dsview.analysis.loss import Loss
from dsview.analysis.mode_words import mode_sentence_start
from dsview.analysis.not_judged import settling_sentence
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import registry
from dsview.cluster.profile import Confidence, Profile
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef, Severity
from dsview.core.plurals import count
from dsview.core.text import Safe, clock_text, safe
from dsview.kinds.kind import Kind
from dsview.kinds.registry import CORE_KINDS, RESOURCES
from dsview.sources.events import Health

NO_PACKETS = Safe("dsview sends no packets to test it.")

_MAX_NAMES_LENGTH = 60
"""The length in characters of the list of Services in a sentence. If two names are longer, only one is listed."""


class WorstCause(msgspec.Struct, frozen=True, kw_only=True):
    """A root cause as the overview shows it.

    Attributes:
        amount: The number of objects or fields, such as `4 Pods`; empty for one.
        explains: The number of other findings that it explains.
        services: The number of Services that fail over a family because of it, completely or partly.
        since: When this session found it; empty if it existed before.
        target: The detail of its object; None if there is none.
    """

    severity: Severity
    check: str
    object: Safe
    message: Safe
    amount: Safe
    explains: int
    services: int
    since: Safe
    target: Target | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The overview of a cluster.

    Attributes:
        mode: The mode of the cluster as a sentence, the first one of the verdict.
        families: The families that the cluster serves, as far as that is known.
        sentences: The other sentences of the verdict.
        severity: The worst severity of all findings.
        is_complete: Whether everything that was requested was read and evaluated.
        is_settled: Whether no finding and no Service is pending.
        is_degraded: Whether a Service fails or a Node is not ready, whatever the findings say.
        layers: How many objects of each layer have each family.
        flags: The worst severity of each layer and family.
        flagged: The number of objects with findings in each layer and family.
        worst: The worst root causes.
        disclaimer: What "no problem found" does not cover; empty if something is flagged.
        causes: The number of all root causes.
        failing: The number of Services that fail completely, by family.
        partial: The number of Services that fail partly, by family.
    """

    mode: Safe
    families: tuple[Family, ...]
    sentences: tuple[Safe, ...]
    severity: Severity | None
    is_complete: bool
    is_settled: bool
    is_degraded: bool
    layers: tuple[Layer, ...]
    flags: dict[tuple[LayerName, Family], Severity]
    flagged: dict[tuple[LayerName, Family], int]
    worst: tuple[WorstCause, ...]
    disclaimer: Safe
    causes: int
    failing: dict[Family, int]
    partial: dict[Family, int]

    @property
    def verdict(self) -> Safe:
        """All sentences."""
        return Safe(" ".join(filter(None, (self.mode, *self.sentences, self.disclaimer))))


def overview(view: ClusterView, totals: FindingTotals) -> Overview:
    """The overview of a session in its current state; `totals` is the summary of its findings."""
    unread = _unread_sentences(view)
    missing = missing_checks(view) if view.was_settled else 0
    is_cut_off = any(view.state.status(kind).cut_off for kind in CORE_KINDS)
    is_complete = view.was_settled and not unread and not is_cut_off and not missing and not view.skipped
    severity = next((severity for severity, number in view.findings.counts.items() if number), None)
    is_well = severity in (None, Severity.NOTE)
    services = _service_sentences(view, totals, severity, is_complete=is_complete)
    return Overview(
        mode=_mode_sentence(view.profile),
        families=view.profile.service_families,
        sentences=tuple(map(safe, (*services, *unread, *_limit_sentences(view, missing)))),
        severity=severity,
        is_complete=is_complete,
        is_settled=not settling_sentence(view.settling),
        is_degraded=bool(totals.failing or totals.partial or totals.likely or view.state.family_counts.unready_nodes),
        layers=coverage_layers(view),
        flags=totals.flags,
        flagged=totals.flagged,
        worst=tuple(_worst_causes(view, totals)),
        disclaimer=NO_PACKETS if view.was_settled and is_well and len(view.state.services) else Safe(""),
        causes=totals.causes,
        failing=totals.failing,
        partial=totals.partial,
    )


def overview_now(view: ClusterView) -> Overview:
    """The overview. Counts all findings at once, for commands."""
    summarizer = CauseSummarizer(view)
    summarizer.finish()
    return overview(view, summarizer.totals)


def missing_checks(view: ClusterView) -> int:
    """The number of checks that could not be evaluated. Opt-in checks count only if checks were selected."""
    selected = view.policy.select
    return sum(bool(selected) or not registry()[entry.check].opt_in for entry in view.not_evaluated())


_QUALIFIER_WORDS = {"mixed nodes": "nodes differ"}
"""Qualifiers of the mode that need more words on the screen."""


def _mode_sentence(profile: Profile) -> Safe:
    if profile.mode == "unknown":
        return Safe("Which families the cluster serves is not known.")
    words = mode_sentence_start(profile.mode)
    qualifiers = (
        f" ({', '.join(_QUALIFIER_WORDS.get(word, word) for word in profile.qualifiers)})" if profile.qualifiers else ""
    )
    if profile.confidence is Confidence.ASSUMED:
        return safe(f"{words}{qualifiers}, inferred from its Services.")
    return safe(f"{words}{qualifiers}.")


def _service_sentences(
    view: ClusterView, totals: FindingTotals, severity: Severity | None, *, is_complete: bool
) -> list[str]:
    state = view.state
    if not state.is_known(Kind.SERVICE):
        return []
    services = state.family_counts.services
    total = services.of[FAMILIES[0]]
    if view.was_settled and not total:
        return ["There are no Services to check."]
    if severity is not None and not totals.is_counted:
        # There are findings, but they are not counted yet.
        return []
    # Families over which a Service does not work at all come first.
    sentences = [
        _failing_sentence(totals, family, services.having[family] + totals.without_family.get(family, 0))
        for family in sorted(FAMILIES, key=lambda family: not totals.failing.get(family))
        if totals.failing.get(family) or totals.partial.get(family) or totals.likely.get(family)
    ]
    if totals.with_other_errors:
        verb = "has" if totals.with_other_errors == 1 else "have"
        sentences.append(f"{count(totals.with_other_errors, 'Service')} {verb} an error that names no family.")
    settling = settling_sentence(view.settling)
    if settling:
        sentences.append(settling)
    elif not sentences and is_complete and severity is None:
        aside = f", {count(view.exempted, 'exempted finding')} aside" if view.exempted else ""
        sentences.append(f"No problem found in {count(total, 'Service')}{aside}.")
    elif not sentences and view.was_settled:
        sentences.append(f"None of {count(total, 'Service')} is flagged as failing.")
    if view.profile.is_dual:
        sentences += [
            f"{number:,} {'has' if number == 1 else 'have'} {family} only."
            for family, number in zip(FAMILIES, _single_stack(total, services.having), strict=True)
            if number
        ]
    return sentences


def _failing_sentence(totals: FindingTotals, family: Family, of: int) -> str:
    """The sentence about the Services that fail, partly fail or probably fail over a family.

    `of` is the number of Services with the family.
    """
    failing, partial = totals.failing.get(family, 0), totals.partial.get(family, 0)
    without_pods = totals.without_pods.get(family, 0)
    services = count(of, "Service")
    likely = totals.likely.get(family, 0)
    fails = f"likely {'fails' if likely == 1 else 'fail'}"
    likely_names = _names_text(totals.named_likely.get(family, ()), likely)
    if not failing and not partial:
        return f"{likely:,} of {services} {fails} over {family}: {likely_names}."
    also = f"; {likely:,} {fails}: {likely_names}" if likely else ""
    if not failing:
        verb, names = "works" if partial == 1 else "work", _service_names(totals, family, Loss.PART)
        return f"{partial:,} of {services} {verb} only in part over {family}: {names}{also}."
    verb = "does" if failing == 1 else "do"
    why = f" ({without_pods:,} without a ready pod)" if without_pods else ""
    more = f"; {partial:,} only in part" if partial else ""
    names = _service_names(totals, family, Loss.WHOLE)
    return f"{failing:,} of {services} {verb} not work over {family}{why}: {names}{more}{also}."


def _service_names(totals: FindingTotals, family: Family, loss: Loss) -> str:
    """The names of the first Services, as many as fit in a sentence, and the number of others."""
    return _names_text(
        totals.named.get((family, loss), ()), (totals.failing if loss is Loss.WHOLE else totals.partial)[family]
    )


def _names_text(refs: Iterable[ObjectRef], total: int) -> str:
    names = [f"{ref.namespace}/{ref.name}" for ref in refs]
    shown = names if len(", ".join(names)) <= _MAX_NAMES_LENGTH else names[:1]
    rest = total - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def _single_stack(total: int, having: dict[Family, int]) -> tuple[int, int]:
    """The number of Services with IPv4 only and with IPv6 only, out of those that have a family."""
    return total - having["IPv6"], total - having["IPv4"]


def _unread_sentences(view: ClusterView) -> list[str]:
    """The sentences about kinds that the verdict needs and that were not read, by reason."""
    state = view.state
    by_reason: dict[str, list[str]] = {}
    for kind in CORE_KINDS:
        why = why_unread(state, kind)
        if why:
            by_reason.setdefault(why, []).append(RESOURCES[kind].kind.value + "s")
    sentences: list[str] = []
    for reason, names in by_reason.items():
        word = "Still reading" if reason == "reading" else "Unread"
        tail = "" if reason == "reading" else f" ({reason})"
        sentences.append(f"{word}: {', '.join(names)}{tail}.")
    if not by_reason and not view.was_settled:
        sentences.append("Still reading.")
    return sentences


def _limit_sentences(view: ClusterView, missing: int) -> list[str]:
    """The sentences about what makes the verdict outdated or incomplete."""
    state = view.state
    sentences: list[str] = []
    stale = [f"{kind.value}s" for kind in CORE_KINDS if state.status(kind).health is Health.STALE]
    if stale:
        sentences.append(f"{', '.join(stale)}: as last known.")
    cut_off = [f"{kind.value}s" for kind in CORE_KINDS if state.status(kind).cut_off]
    if cut_off:
        sentences.append(f"{', '.join(cut_off)}: truncated; some are missing.")
    namespaces = {name for kind in CORE_KINDS for name in state.status(kind).namespaces or ()}
    if namespaces:
        sentences.append(f"Only {count(len(namespaces), 'namespace')} {'is' if len(namespaces) == 1 else 'are'} read.")
    if missing:
        sentences.append(f"{count(missing, 'check')} could not be evaluated.")
    if view.skipped:
        verb = "was" if len(view.skipped) == 1 else "were"
        sentences.append(f"{count(len(view.skipped), 'check')} {verb} skipped.")
    return sentences


def _worst_causes(view: ClusterView, totals: FindingTotals) -> list[WorstCause]:
    causes: list[WorstCause] = []
    for cause in totals.worst:
        finding = cause.first
        causes.append(
            WorstCause(
                severity=finding.severity,
                check=finding.check,
                object=cause.title,
                message=safe(finding.message.partition("\n")[0]),
                amount=cause.amount,
                explains=cause.explains,
                services=cause.services,
                since=clock_text(seen) if (seen := view.timeline.opened_at(finding)) is not None else Safe(""),
                target=detail_target(view, finding.object),
            )
        )
    return causes
