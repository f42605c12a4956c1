"""The keys of the filter language, once: parser, completion and `dsview help filters` are made from here.

A value is compared as a whole and without regard to case; `*` stands for anything. What a pane's rows have to offer
for a key is an entry in its `attributes`; a key that a pane has not matches none of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from itertools import islice
from re import compile as compile_pattern

import msgspec

from dsview.model.address import FAMILIES, Family, packed
from dsview.model.cidr import Cidr, parse_cidr
from dsview.model.finding import Severity
from dsview.model.objects import Key
from dsview.rows.pane import Pane
from dsview.session.policy import matches
from dsview.session.session import Session

KeyTest = Callable[[Sequence[Key]], Iterable[bool]]
"""Whether each of some rows, by their keys, is wanted."""

SAMPLED = 2000
"""Rows that are looked at for values to offer."""


def _sampled(attribute: str) -> Callable[[Pane, Session], Iterable[str]]:
    """The values of the first rows: enough to be taught by."""

    def find(pane: Pane, session: Session) -> Iterable[str]:
        rows = pane.attributes[attribute](session, list(islice(pane.keys(session), SAMPLED)))
        return {value for values in rows for value in values}

    return find


class FilterKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `make` turns a value into a test and raises `ValueError` with a sentence where it makes no sense.

    `attribute` is what a pane has to offer for it, empty where every pane can. `found` gives the values to complete.
    """

    name: str
    example: str
    help: str
    make: Callable[[str, Pane, Session], KeyTest]
    found: Callable[[Pane, Session], Iterable[str]]
    attribute: str = ""

    def applies_to(self, pane: Pane) -> bool:
        """Whether rows of the pane can have it."""
        return not self.attribute or self.attribute in pane.attributes

    def values(self, pane: Pane, session: Session) -> list[str]:
        """Values that can be completed, sorted."""
        return sorted(filter(None, self.found(pane, session))) if self.applies_to(pane) else []


def _text_test(value: str) -> Callable[[str], bool]:
    wanted = value.lower()
    if "*" in wanted or "?" in wanted:
        fits = compile_pattern(translate(wanted)).match
        return lambda text: fits(text.lower()) is not None
    return lambda text: text.lower() == wanted


def _namespace(value: str, _pane: Pane, _session: Session) -> KeyTest:
    fits = _text_test(value)
    return lambda keys: [fits(namespace) for namespace, _ in keys]


def _name(value: str, pane: Pane, session: Session) -> KeyTest:
    if "name" in pane.attributes:
        return _any("name", _text_test(value), pane, session)
    fits = _text_test(value)
    return lambda keys: [fits(name) for _, name in keys]


def _any(attribute: str, fits: Callable[[str], bool], pane: Pane, session: Session) -> KeyTest:
    read = pane.attributes[attribute]
    return lambda keys: [any(map(fits, values)) for values in read(session, keys)]


def _all(attribute: str, wanted: set[Family], pane: Pane, session: Session) -> KeyTest:
    read = pane.attributes[attribute]
    return lambda keys: [wanted.issubset(values) for values in read(session, keys)]


def _of(attribute: str) -> Callable[[str, Pane, Session], KeyTest]:
    return lambda value, pane, session: _any(attribute, _text_test(value), pane, session)


def _label(value: str, pane: Pane, session: Session) -> KeyTest:
    # `label:app` asks whether there is one at all.
    return _any("label", _text_test(value if "=" in value else f"{value}=*"), pane, session)


def _address(value: str, pane: Pane, session: Session) -> KeyTest:
    if "/" in value:
        cidr = parse_cidr(value)
        if cidr is None:
            raise ValueError(f"{value} is no CIDR; one looks like 10.0.0.0/8 or fd00::/8.")
        return _any("ip", _within(cidr), pane, session)
    wanted = packed(value)
    if wanted is None:
        raise ValueError(f"{value} is no IP address; for a range write one with a prefix length, as fd00::/8.")
    return _any("ip", lambda text: packed(text.partition("/")[0]) == wanted, pane, session)


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
    found = _FAMILIES.get(value.lower())
    if found is None:
        raise ValueError(f"{value} is no family; write v4, v6 or dual.")
    return found


def _family(value: str, pane: Pane, session: Session) -> KeyTest:
    return _all("family", set(_families(value)), pane, session)


def _missing(value: str, pane: Pane, session: Session) -> KeyTest:
    return _all("missing", set(_families(value)), pane, session)


def _code(value: str, pane: Pane, session: Session) -> KeyTest:
    return lambda keys: [any(matches(f.check, value) for f in pane.findings(session, key)) for key in keys]


def _severity(value: str, pane: Pane, session: Session) -> KeyTest:
    at_least = value.startswith(">=")
    name = value.removeprefix(">=").lower()
    if name not in set(Severity):
        raise ValueError(f"{value} is no severity; write error, warning or note, with >= for that or worse.")
    wanted = Severity(name)
    if at_least:
        return lambda keys: [any(f.severity.at_least(wanted) for f in pane.findings(session, key)) for key in keys]
    return lambda keys: [any(f.severity is wanted for f in pane.findings(session, key)) for key in keys]


def _codes(pane: Pane, session: Session) -> Iterable[str]:
    if pane.flag_kind:
        return {f.check.removeprefix("DS-") for f in session.book if f.object.kind == pane.flag_kind}
    return {f.check.removeprefix("DS-") for key in pane.keys(session) for f in pane.findings(session, key)}


_KEYS = (
    FilterKey(
        name="ns",
        example="ns:shop",
        help="The namespace.",
        make=_namespace,
        found=lambda pane, session: {namespace for namespace, _ in pane.keys(session)},
    ),
    FilterKey(name="name", example="name:web*", help="The name.", make=_name, found=lambda _pane, _session: ()),
    FilterKey(
        name="node",
        example="node:worker-1",
        help="The node.",
        make=_of("node"),
        found=lambda _pane, session: session.nodes,
        attribute="node",
    ),
    FilterKey(
        name="type",
        example="type:LoadBalancer",
        help="The type of a Service.",
        make=_of("type"),
        found=_sampled("type"),
        attribute="type",
    ),
    FilterKey(
        name="policy",
        example="policy:SingleStack",
        help="The ipFamilyPolicy of a Service.",
        make=_of("policy"),
        found=_sampled("policy"),
        attribute="policy",
    ),
    FilterKey(
        name="label",
        example="label:app=web",
        help="A label; its key alone for any value.",
        make=_label,
        found=_sampled("label"),
        attribute="label",
    ),
    FilterKey(
        name="ip",
        example="ip:fd00::/8",
        help="An address, however it is spelled, or a CIDR that holds one.",
        make=_address,
        found=lambda _pane, _session: (),
        attribute="ip",
    ),
    FilterKey(
        name="family",
        example="family:v6",
        help="A family that is there: v4, v6 or dual.",
        make=_family,
        found=lambda _pane, _session: ("v4", "v6", "dual"),
        attribute="family",
    ),
    FilterKey(
        name="missing",
        example="missing:v6",
        help="A family that should be there and is not: a gap in its lane.",
        make=_missing,
        found=lambda _pane, _session: ("v4", "v6"),
        attribute="missing",
    ),
    FilterKey(
        name="code",
        example="code:NGX-*",
        help="A check that flags the row; DS- may be left out.",
        make=_code,
        found=_codes,
    ),
    FilterKey(
        name="severity",
        example="severity:error",
        help="A finding of that severity; with >= of that or a worse one.",
        make=_severity,
        found=lambda _pane, _session: Severity,
    ),
)

FILTER_KEYS: dict[str, FilterKey] = {key.name: key for key in _KEYS}
"""Every key, by name."""
