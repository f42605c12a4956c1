"""The keys of the filter language. The parser, completion and `dsview help filters` are derived from them.

A value must match completely, regardless of case; `*` matches anything. The `attributes` of a pane return the values of
its rows for a key. A key that a pane does not have matches none of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from itertools import islice
from re import compile as compile_pattern

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.policy import matches
from dsview.core.address import FAMILIES, Family, packed
from dsview.core.cidr import Cidr, parse_cidr
from dsview.core.finding import Severity
from dsview.kinds.metadata import Key
from dsview.tables.pane import Pane

KeyTest = Callable[[Sequence[Key]], Iterable[bool]]
"""Returns for each of these rows whether it matches."""

MAX_SAMPLED_ROWS = 2000
"""The number of rows whose values are suggested."""


def _sampled(attribute: str) -> Callable[[Pane, ClusterView], Iterable[str]]:
    """The values of the first rows, which are enough for suggestions."""

    def find(pane: Pane, view: ClusterView) -> Iterable[str]:
        rows = pane.attributes[attribute](view, list(islice(pane.keys(view), MAX_SAMPLED_ROWS)))
        return {value for values in rows for value in values}

    return find


class FilterKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key.

    Attributes:
        make: Turns a value into a test. Raises `ValueError` with a sentence if the value is invalid.
        suggested: Returns the values to suggest.
        attribute: The attribute of a pane that it needs; empty if every pane has the key.
    """

    name: str
    example: str
    help: str
    make: Callable[[str, Pane, ClusterView], KeyTest]
    suggested: Callable[[Pane, ClusterView], Iterable[str]]
    attribute: str = ""

    def applies_to(self, pane: Pane) -> bool:
        """Whether rows of the pane can have it."""
        return not self.attribute or self.attribute in pane.attributes

    def values(self, pane: Pane, view: ClusterView) -> list[str]:
        """Values to suggest, sorted."""
        return sorted(filter(None, self.suggested(pane, view))) if self.applies_to(pane) else []


def _text_test(value: str) -> Callable[[str], bool]:
    pattern = value.lower()
    if "*" in pattern or "?" in pattern:
        matches_text = compile_pattern(translate(pattern)).match
        return lambda text: matches_text(text.lower()) is not None
    return lambda text: text.lower() == pattern


def _namespace(value: str, _pane: Pane, _view: ClusterView) -> KeyTest:
    matches_text = _text_test(value)
    return lambda keys: [matches_text(namespace) for namespace, _ in keys]


def _name(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    if "name" in pane.attributes:
        return _any("name", _text_test(value), pane, view)
    matches_text = _text_test(value)
    return lambda keys: [matches_text(name) for _, name in keys]


def _any(attribute: str, matches_text: Callable[[str], bool], pane: Pane, view: ClusterView) -> KeyTest:
    read = pane.attributes[attribute]
    return lambda keys: [any(map(matches_text, values)) for values in read(view, keys)]


def _all(attribute: str, families: set[Family], pane: Pane, view: ClusterView) -> KeyTest:
    read = pane.attributes[attribute]
    return lambda keys: [families.issubset(values) for values in read(view, keys)]


def _of(attribute: str) -> Callable[[str, Pane, ClusterView], KeyTest]:
    return lambda value, pane, view: _any(attribute, _text_test(value), pane, view)


def _label(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    # `label:app` tests whether the label exists.
    return _any("label", _text_test(value if "=" in value else f"{value}=*"), pane, view)


def _address(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    if "/" in value:
        cidr = parse_cidr(value)
        if cidr is None:
            raise ValueError(f"{value} is not a CIDR such as 10.0.0.0/8 or fd00::/8.")
        return _any("ip", _within(cidr), pane, view)
    address = packed(value)
    if address is None:
        raise ValueError(f"{value} is not an IP address; a range needs a prefix length, such as fd00::/8.")
    return _any("ip", lambda text: packed(text.partition("/")[0]) == address, pane, view)


def _within(cidr: Cidr) -> Callable[[str], bool]:
    def is_within(text: str) -> bool:
        raw = packed(text.partition("/")[0])
        return raw is not None and cidr.contains(raw)

    return is_within


_FAMILIES: dict[str, tuple[Family, ...]] = {
    "v4": ("IPv4",),
    "ipv4": ("IPv4",),
    "4": ("IPv4",),
    "v6": ("IPv6",),
    "ipv6": ("IPv6",),
    "6": ("IPv6",),
    "dual": FAMILIES,
}


def _families(value: str) -> tuple[Family, ...]:
    families = _FAMILIES.get(value.lower())
    if families is None:
        raise ValueError(f"{value} is not a family; use v4, v6 or dual.")
    return families


def _family(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    return _all("family", set(_families(value)), pane, view)


def _missing(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    return _all("missing", set(_families(value)), pane, view)


def _code(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    return lambda keys: [any(matches(f.check, value) for f in pane.findings(view, key)) for key in keys]


def _severity(value: str, pane: Pane, view: ClusterView) -> KeyTest:
    at_least = value.startswith(">=")
    name = value.removeprefix(">=").lower()
    if name not in set(Severity):
        raise ValueError(f"{value} is not a severity; use error, warning or note, with >= for this or worse.")
    severity = Severity(name)
    if at_least:
        return lambda keys: [any(f.severity.at_least(severity) for f in pane.findings(view, key)) for key in keys]
    return lambda keys: [any(f.severity is severity for f in pane.findings(view, key)) for key in keys]


def _codes(pane: Pane, view: ClusterView) -> Iterable[str]:
    if pane.flag_kind:
        return {f.check.removeprefix("DS-") for f in view.findings if f.object.kind == pane.flag_kind}
    return {f.check.removeprefix("DS-") for key in pane.keys(view) for f in pane.findings(view, key)}


_KEYS = (
    FilterKey(
        name="ns",
        example="ns:shop",
        help="The namespace.",
        make=_namespace,
        suggested=lambda pane, view: {namespace for namespace, _ in pane.keys(view)},
    ),
    FilterKey(name="name", example="name:web*", help="The name.", make=_name, suggested=lambda _pane, _view: ()),
    FilterKey(
        name="node",
        example="node:worker-1",
        help="The node.",
        make=_of("node"),
        suggested=lambda _pane, view: view.nodes,
        attribute="node",
    ),
    FilterKey(
        name="type",
        example="type:LoadBalancer",
        help="The type of a Service.",
        make=_of("type"),
        suggested=_sampled("type"),
        attribute="type",
    ),
    FilterKey(
        name="policy",
        example="policy:SingleStack",
        help="The ipFamilyPolicy of a Service.",
        make=_of("policy"),
        suggested=_sampled("policy"),
        attribute="policy",
    ),
    FilterKey(
        name="label",
        example="label:app=web",
        help="A label; its key alone for any value.",
        make=_label,
        suggested=_sampled("label"),
        attribute="label",
    ),
    FilterKey(
        name="ip",
        example="ip:fd00::/8",
        help="An address in any spelling, or a CIDR that contains one.",
        make=_address,
        suggested=lambda _pane, _view: (),
        attribute="ip",
    ),
    FilterKey(
        name="family",
        example="family:v6",
        help="A family that exists: v4, v6 or dual.",
        make=_family,
        suggested=lambda _pane, _view: ("v4", "v6", "dual"),
        attribute="family",
    ),
    FilterKey(
        name="controller",
        example="controller:istio",
        help="The controller that a listener's proxy belongs to.",
        make=_of("controller"),
        suggested=_sampled("controller"),
        attribute="controller",
    ),
    FilterKey(
        name="confidence",
        example="confidence:predicted",
        help="How a listener is known: read, declared, predicted or unknown.",
        make=_of("confidence"),
        suggested=lambda _pane, _view: ("read", "declared", "predicted", "unknown"),
        attribute="confidence",
    ),
    FilterKey(
        name="missing",
        example="missing:v6",
        help="A missing family that should exist: a gap in its lane.",
        make=_missing,
        suggested=lambda _pane, _view: ("v4", "v6"),
        attribute="missing",
    ),
    FilterKey(
        name="cluster",
        example="cluster:prod-*",
        help="In a fleet: the cluster, by the name of its context.",
        make=_of("cluster"),
        suggested=_sampled("cluster"),
        attribute="cluster",
    ),
    FilterKey(
        name="mode",
        example="mode:dual-*",
        help="In a fleet: ipv4, ipv6, dual-ipv4-first or dual-ipv6-first.",
        make=_of("mode"),
        suggested=_sampled("mode"),
        attribute="mode",
    ),
    FilterKey(
        name="version",
        example="version:v1.3*",
        help="In a fleet: the version of Kubernetes.",
        make=_of("version"),
        suggested=_sampled("version"),
        attribute="version",
    ),
    FilterKey(
        name="state",
        example="state:failed",
        help="In a fleet: read, failed, reading, signing in or waiting.",
        make=_of("state"),
        suggested=_sampled("state"),
        attribute="state",
    ),
    FilterKey(
        name="code",
        example="code:NGX-*",
        help="A check that flags the row; DS- is optional.",
        make=_code,
        suggested=_codes,
    ),
    FilterKey(
        name="severity",
        example="severity:error",
        help="A finding of this severity; with >=, of this or a worse one.",
        make=_severity,
        suggested=lambda _pane, _view: Severity,
    ),
)

FILTER_KEYS: dict[str, FilterKey] = {key.name: key for key in _KEYS}
"""Every key, by name."""
