"""Since when: on the detail screen and on the findings screen."""

from __future__ import annotations

import msgspec
import pytest

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from tests.ui.stage import on_stage, pod

_WRITTEN = """
metadata:
  managedFields:
  - manager: kubectl-edit
    time: '2026-05-06T07:08:09Z'
    fieldsV1:
      f:spec:
        f:ipFamilyPolicy: {}
"""


async def test_detail_says_since_when_a_finding_holds() -> None:
    async with on_stage() as stage:
        await stage.press("down", "enter")
        assert "2027-01-14 08:00:00 UTC at the earliest, when the Service was created" in stage.text


async def test_detail_says_who_wrote_the_flagged_field(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as stage:

        def read_manifest(kind: Kind, key: Key) -> str:
            return _WRITTEN

        monkeypatch.setattr(stage.source, "read_manifest", read_manifest)
        await stage.press("down", "enter")
        await stage.until(
            lambda: (
                "spec.ipFamilyPolicy was last written at 2026-05-06 07:08:09 UTC or earlier, by kubectl-edit"
                in stage.text
            )
        )


async def test_findings_screen_says_that_dsview_saw_a_finding_come() -> None:
    async with on_stage() as stage:
        single = msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,))
        stage.source.put(single)
        await stage.until(lambda: "new: " in stage.text)
        await stage.press("w")
        for _ in range(12):
            if "seen by dsview" in stage.text:
                return
            await stage.press("down")
        raise AssertionError(stage.text)
