"""How text is shortened to the available cells."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from dsview.ui.fitting import fit, fit_address, fit_name, fit_object


@pytest.mark.parametrize(
    ("text", "width", "options", "expected"),
    [
        ("web", 5, {}, "web  "),
        ("3", 5, {"right": True}, "    3"),
        ("ingress-nginx", 8, {}, "ingress…"),
        ("fd00:10:96::4001", 10, {"middle": True}, "fd00:…4001"),
        ("nginx-8468857c99-76247", 9, {"middle": True}, "ngin…6247"),
        ("名前テスト", 5, {}, "名前…"),
        ("名前テスト", 6, {}, "名前 …"),
        ("e\u0301te\u0301", 5, {}, "e\u0301te\u0301  "),
        ("abc", 1, {}, "…"),
        ("abc", 0, {}, ""),
    ],
)
def test_text_fits_its_column_exactly(text: str, width: int, options: dict[str, bool], expected: str) -> None:
    assert fit(text, width, "…", **options) == expected
    assert cell_len(fit(text, width, "…", **options)) == width


def test_every_text_that_is_cut_says_so() -> None:
    for text in (
        "ingress-nginx-controller",
        "shop/web",
        "名前テスト",
        "2001:db8::1234",
        "10.244.3.0/24",
        "[::]:8181",
        "n1.example.com",
    ):
        for width in range(1, cell_len(text)):
            assert "…" in fit(text, width, "…")
            assert "…" in fit(text, width, "…", middle=True)
            assert "…" in fit_address(text, width, "…")
            assert "…" in fit_name(text, width, "…")


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (30, "Deployment shop/web (4 Pods)  "),
        (28, "Deployment shop/web (4 Pods)"),
        (27, "…shop/web (4 Pods)         "),
        (18, "…shop/web (4 Pods)"),
    ],
)
def test_of_an_object_the_kind_goes_first(width: int, expected: str) -> None:
    assert fit_object("Deployment shop/web (4 Pods)", width, "…") == expected


def test_an_object_without_its_kind_keeps_both_ends_of_its_name() -> None:
    text = "Pod ingress-nginx/ingress-nginx-controller-2j5xm5jnpb-h78hz"
    short = fit_object(text, 24, "…")
    assert len(short) == 24
    assert short.startswith("…ingress-")
    assert short.endswith("h78hz")


def test_an_amount_of_objects_has_no_kind_to_lose() -> None:
    assert fit_object("12 Services", 8, "…").startswith("12 ")


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("ip-10-0-12-9.eu-central-1.compute.internal", 42, "ip-10-0-12-9.eu-central-1.compute.internal"),
        ("ip-10-0-12-9.eu-central-1.compute.internal", 16, "ip-10-0-12-9.eu…"),
        ("ip-10-0-12-9.eu-central-1.compute.internal", 13, "ip-10-0-12-9…"),
        ("ip-10-0-12-9.eu-central-1.compute.internal", 12, "ip-10-…12-9."),
        ("ip-10-0-12-9.eu-central-1.compute.internal", 9, "ip-1…12-9"),
        ("nginx-8468857c99-76247", 9, "ngin…6247"),
        ("n1.example.com", 16, "n1.example.com  "),
    ],
)
def test_of_a_name_the_domain_goes_first(text: str, width: int, expected: str) -> None:
    assert fit_name(text, width, "…") == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("fd00:10:96::4001", 16, "fd00:10:96::4001"),
        ("fd00:10:96::4001", 18, "fd00:10:96::4001  "),
        ("fd00:10:96::4001", 10, "fd0…::4001"),
        ("2001:db8:20::10", 12, "2001:db…::10"),
        ("2001:db8:1234:5678:9abc:def0:1234:5678", 7, "2…:5678"),
        ("2001:db8:1234:5678:9abc:def0:1234:5678", 5, "…5678"),
        ("fd00:10:244:3::/64", 10, "fd…:3::/64"),
        ("fd00:10:244::/64", 12, "fd…:244::/64"),
        ("2001:db8:1234:5678:9abc::/80", 11, "…:9abc::/80"),
        ("10.244.3.0/24", 11, "10.….3.0/24"),
        ("10.0.0.0/8", 7, "10….0/8"),
        ("[::]:8181", 8, "[:…:8181"),
        ("127.0.0.1:10246", 8, "1…:10246"),
        ("2001:db8:20::10 +2", 12, "2001…::10 +2"),
        ("[2001:db8::1]:80 likely", 16, "[2001…:80 likely"),
    ],
)
def test_of_an_address_the_part_that_tells_stays(text: str, width: int, expected: str) -> None:
    assert fit_address(text, width, "…") == expected


def test_ranges_that_are_cut_can_be_told_apart() -> None:
    ranges = [f"fd00:10:244:{number:x}::/64" for number in range(4096)]
    for width in (11, 13, 15):
        assert len({fit_address(text, width, "…") for text in ranges}) == len(ranges)
