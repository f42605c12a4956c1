"""Delayed calls are made, and by the function that cannot lose them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import App

import dsview.ui
from dsview.ui.timers import call_after


async def test_a_delayed_call_is_made_once() -> None:
    app: App[None] = App()
    calls: list[str] = []
    called = asyncio.Event()
    async with app.run_test():
        call_after(app, 0.001, lambda: calls.append("first"))
        call_after(app, 0.002, called.set)
        await asyncio.wait_for(called.wait(), timeout=20)
    assert calls == ["first"]


async def test_a_cancelled_call_is_not_made() -> None:
    app: App[None] = App()
    calls: list[str] = []
    called = asyncio.Event()
    async with app.run_test():
        call_after(app, 0.001, lambda: calls.append("cancelled")).cancel()
        call_after(app, 0.002, called.set)
        await asyncio.wait_for(called.wait(), timeout=20)
    assert calls == []


def test_no_module_uses_the_timer_that_can_lose_its_call() -> None:
    modules = Path(dsview.ui.__file__).parent.rglob("*.py")
    assert [module.name for module in modules if ".set_timer" in module.read_text(encoding="utf-8")] == []
