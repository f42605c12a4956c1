"""A comparison as two lanes: what each object was before, and what it is now."""

from __future__ import annotations

from pathlib import Path

from dsview.analysis.diff.diff import compare
from dsview.analysis.diff.lanes import LaneRow, lanes
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from tests.analysis.test_diff import Small, no_second_family, shop
from tests.support.clusters import SCENARIOS, changed, find, from_path


def rows(before: Session, after: Session) -> list[LaneRow]:
    return [row for group in lanes(compare(before, after)) for row in group.rows]


def told(row: LaneRow) -> tuple[str, str, str, bool | None]:
    return (row.what, row.then, row.now, row.is_worse)


def test_a_family_that_is_lost_was_there_then_and_is_not_now(tmp_path: Path) -> None:
    found = [told(row) for row in rows(shop(tmp_path / "a"), shop(tmp_path / "b", no_second_family))]
    assert ("IPv6 ready endpoints of Service shop/web", "yes", "none", True) in found
    (address,) = [row for row in found if row[0] == "IPv6 of Service shop/web"]
    assert ":" in address[1]
    assert address[2:] == ("none", True)


def test_a_finding_is_told_with_how_many_objects_it_is_about() -> None:
    by_number = {path.name[:2]: from_path(path) for path in SCENARIOS[2:4]}
    found = [told(row) for row in rows(by_number["03"], by_number["04"])]
    assert ("EPS-001 family-empty, Service shop/web", "error", "no finding", False) in found
    assert ("POD-001 pod-lacks-family, Deployment shop/web", "error on 3 of 3", "error on 2 of 4", False) in found
    assert ("IPv6 Pods of Deployment shop/web", "none", "2 of 4", False) in found


def test_what_no_finding_is_about_stands_in_a_group_without_a_title(tmp_path: Path) -> None:
    def without(items: list[dict[str, object]]) -> None:
        items.remove(find(items, "Service", "web"))

    before = shop(tmp_path / "a")
    (tmp_path / "b").mkdir()
    group = lanes(compare(before, changed("11", without, tmp_path / "b")))[-1]
    assert group.title == ""
    assert ("Service shop/web", "IPv4 and IPv6", "absent", None) in [told(row) for row in group.rows]


def test_another_address_is_neither_better_nor_worse() -> None:
    before, after = (Small("node-a", "x", f"10.96.0.{n}").settle() for n in (7, 8))
    (row,) = rows(before, after)
    assert told(row) == ("IPv4 of Service default/web", "10.96.0.7", "10.96.0.8", None)
    assert Kind.SERVICE.value in row.what
