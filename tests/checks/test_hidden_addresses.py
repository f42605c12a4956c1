"""Hidden addresses prove nothing: a capture may replace those of one family, of one field, or of one object."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dsview.core.address import FAMILIES, Family, family_of
from dsview.core.command_flags import flag_value
from tests.support.clusters import DATA, from_path

Json = Any
Hide = Callable[[Json], Json]

PLATFORMS = ("calico", "k3s", "kind", "openshift", "windows")
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "podIPs": ("Pod", ("status", "podIP", "podIPs")),
    "podIP alone": ("Pod", ("status", "podIP")),
    "hostIPs": ("Pod", ("status", "hostIP", "hostIPs")),
    "InternalIPs": ("Node", ("status", "addresses")),
    "podCIDRs": ("Node", ("spec", "podCIDR", "podCIDRs")),
    "annotations of Nodes": ("Node", ("metadata", "annotations")),
    "clusterIPs": ("Service", ("spec", "clusterIP", "clusterIPs")),
    "clusterIP alone": ("Service", ("spec", "clusterIP")),
    "load balancers": ("Service", ("status", "loadBalancer")),
    "source ranges": ("Service", ("spec", "loadBalancerSourceRanges", "externalIPs")),
    "endpoints": ("EndpointSlice", ("", "endpoints")),
    "Service ranges": ("ServiceCIDR", ("spec", "cidrs")),
    "flags": ("Pod", ("spec", "containers")),
    "policies": ("NetworkPolicy", ("spec", "ingress", "egress")),
}


@cache
def _objects(platform: str) -> list[Json]:
    found = list(yaml.safe_load_all((DATA / "platforms" / f"{platform}.yaml").read_text()))
    return [item for each in found for item in each.get("items", [each])]


def _hiding(families: tuple[Family, ...], text: str) -> Hide:
    """A function that replaces addresses and ranges of these families, also in flags."""

    def hide(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: hide(each) for key, each in value.items()}
        if isinstance(value, list):
            return [hide(each) for each in value]
        if not isinstance(value, str):
            return value
        head, sign, listed = value.rpartition("=")
        return head + sign + ",".join(map(one, listed.split(",")))

    def one(part: str) -> str:
        address, slash, length = part.partition("/")
        return f"{text}{slash}{length}" if family_of(address) in families else part

    return hide


def _findings(items: list[Json], folder: Path) -> dict[tuple[str, ...], str]:
    (folder / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}, default=str))
    book = from_path(folder).findings
    return {(str(f.severity), f.check, str(f.object), str(f.family)): f.message for f in book}


@pytest.mark.parametrize("families", [(FAMILIES[0],), (FAMILIES[1],), FAMILIES], ids=" ".join)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_hiding_addresses_of_a_healthy_cluster_raises_nothing(
    platform: str, families: tuple[Family, ...], tmp_path: Path
) -> None:
    hide = _hiding(families, "<redacted>")
    whole = _findings(_objects(platform), tmp_path)
    for name, (kind, (part, *fields)) in FIELDS.items():
        for most in (1, 1_000_000):
            items = copy.deepcopy(_objects(platform))
            left = most
            for item in items:
                holder = item if not part else item.get(part) or {}
                shown = {field: holder[field] for field in fields if holder.get(field)}
                if item["kind"] == kind and left and hide(shown) != shown:
                    holder.update(hide(shown))
                    left -= 1
            raised = _findings(items, tmp_path).items() - whole.items()
            added = [f"{key}: {message}" for key, message in raised if key not in whole]
            assert not added, (name, most, added)


@pytest.mark.parametrize("families", [(FAMILIES[0],), (FAMILIES[1],), FAMILIES], ids=" ".join)
def test_hiding_addresses_everywhere_raises_nothing(families: tuple[Family, ...], tmp_path: Path) -> None:
    for platform in PLATFORMS:
        whole = _findings(_objects(platform), tmp_path)
        hidden = _findings([_hiding(families, "x.x.x.x")(item) for item in _objects(platform)], tmp_path)
        assert not {key: text for key, text in hidden.items() if key not in whole}, platform


def test_flags_are_among_what_is_hidden() -> None:
    line = _hiding(("IPv4",), "<redacted>")(["kube-apiserver", "--service-cluster-ip-range=10.96.0.0/16,fd00::/112"])
    assert flag_value(tuple(line), "service-cluster-ip-range") == "<redacted>/16,fd00::/112"
