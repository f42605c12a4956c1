"""Every place where text of a cluster comes out: on the screen, on the clipboard, in a report, in a sentence.

Each gives what came out, and the rule that it is held to. A format or table that dsview gains is among them by itself.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from textual._compositor import CompositorUpdate
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import OptionList

from dsview.analysis.cluster_summary import summarize
from dsview.analysis.detail_target import Target
from dsview.analysis.diff.diff import compare
from dsview.analysis.family_chart import whole_chart
from dsview.analysis.fleet import member_of
from dsview.analysis.overview import overview_now
from dsview.analysis.plan import make_plan
from dsview.analysis.probe_targets import plan_probe
from dsview.analysis.trace import flagged_traces
from dsview.analysis.trace_of_row import trace
from dsview.cli import crash
from dsview.cli.logs import LogFormatter
from dsview.cli.output import say
from dsview.core.errors import UserError
from dsview.export.diff import build_diff
from dsview.export.diff_text import DIFF_FORMATS
from dsview.export.fleet import FLEET_FORMATS
from dsview.export.formats import FORMATS, Extras
from dsview.export.plan import PLAN_FORMATS
from dsview.export.probe import render_plan as render_probe
from dsview.export.probe import render_plan_json
from dsview.export.report import build_report
from dsview.export.tables import TABLES, sheet_of
from dsview.export.text import render_text
from dsview.export.trace import TRACE_FORMATS
from dsview.kinds.pod import Pod
from dsview.listeners.conf_reading import read_conf
from dsview.session.session import Session
from dsview.sources.kube.errors import describe, describe_config, failure_of
from dsview.sources.kube.kubeconfig import Kubeconfig
from dsview.sources.manifest import manifest
from dsview.tables.header import header
from dsview.tables.registry import PANES
from dsview.tables.view import FilterError, TableView
from dsview.ui.app import DsviewApp
from dsview.ui.document import Document
from dsview.ui.glyphs import UNICODE
from dsview.ui.header_lines import header_lines
from dsview.ui.screens.trace import trace_lines
from dsview.ui.session_opener import SessionOpener
from dsview.ui.table import Table
from tests.security import hostile
from tests.security.hostile_cluster import NOW
from tests.support.scripted import ScriptedSource

Rule = Callable[[str], None]
Out = Iterator[tuple[str, Rule, str]]
"""Of what a place gives: its name, the rule, the text."""

_RULES: dict[str, Rule] = {
    "json": hostile.hold_json,
    "sarif": hostile.hold_json,
    "junit": hostile.hold_xml,
    "csv": hostile.hold_csv,
    "html": hostile.hold_html,
    "sh": hostile.hold_script,
}
_CONSOLE = Console(color_system="truecolor", force_terminal=True, legacy_windows=False, width=200)


def reports(session: Session) -> Out:
    """Each format of a report, a plan and a pane; the fixes."""
    report = build_report(session)
    span = session.timeline.span(session.time_shown)
    beside = Extras(
        made_at=NOW,
        traces=lambda: flagged_traces(session, 20),
        summary=lambda: summarize(session),
        chart=lambda: whole_chart(session, span, 40),
        span=span,
    )
    for name, render in FORMATS.items():
        yield f"report as {name}", _RULES.get(name, hostile.hold_lines), render(report, beside)
    member = member_of(session, session.source.name, NOW)
    for name, render_fleet in FLEET_FORMATS.items():
        yield f"fleet as {name}", _RULES.get(name, hostile.hold_lines), render_fleet([member], NOW)
    probe = plan_probe(session, None)
    yield "plan of a probe", hostile.hold_lines, render_probe(probe, 100)
    yield "plan of a probe as json", hostile.hold_json, render_plan_json(probe)
    if report.exempted:
        alone = msgspec.structs.replace(report, findings=())
        yield "exempted in the report", hostile.hold_lines, render_text(alone, exempted=True)
    plan = make_plan(session)
    for name, render_plan in PLAN_FORMATS.items():
        yield f"plan as {name}", _RULES.get(name, hostile.hold_lines), render_plan(session, plan, 100)
    for pane in PANES.values():
        sheet = sheet_of(TableView(pane, session))
        for name, render_table in TABLES.items():
            yield f"{pane.id} as {name}", _RULES.get(name, hostile.hold_lines), render_table(sheet)
    for was, now in ((_nothing(), session), (session, _nothing())):
        compared = build_diff(compare(was, now), was, now, ("before", "after"))
        for name, render_diff in DIFF_FORMATS.items():
            yield f"diff as {name}", _RULES.get(name, hostile.hold_lines), render_diff(compared, 100, False)
    yield "fixes", hostile.hold_fixes, "\n".join(finding.fix or "" for finding in report.findings)


def _nothing() -> Session:
    """A cluster that was read completely and is empty."""
    source = ScriptedSource()
    session = Session(source, clock=lambda: NOW)
    session.start()
    source.set_health()
    while not session.is_settled:
        session.drain(1.0)
    return session


def sentences(texts: list[str], folder: Path) -> Out:
    """The sentences about servers, kubeconfigs, filters, files and faults that quote the texts."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        for text in texts:
            say(text)
    yield "standard error", hostile.hold_lines, said.getvalue()
    for name, make in (("server", _server_says), ("connection", _connection_says), ("credentials", _plugin_says)):
        yield name, hostile.hold_line, "".join(map(make, texts))
    yield "nginx.conf", hostile.hold_lines, "".join(_nginx_says(text) for text in texts[:100])
    yield "kubeconfig", hostile.hold_lines, "\n".join(_kubeconfig_says(texts, folder))
    records = (logging.LogRecord("dsview", logging.INFO, "", 0, "%s", (text,), None) for text in texts)
    yield "log", hostile.hold_lines, "\n".join(map(LogFormatter("%(message)s").format, records))
    yield "crash report", hostile.hold_lines, "\n".join(crash.report_text(ValueError(text)) for text in texts[:50])


def _server_says(text: str) -> str:
    body = json.dumps({"kind": "Status", "message": text, "reason": text, "code": 500}).encode()
    return str(failure_of(500, body, text))


def _connection_says(text: str) -> str:
    return describe(OSError(text), text)


def _plugin_says(text: str) -> str:
    return describe_config(ValueError(text))


def _nginx_says(text: str) -> str:
    conf = read_conf(
        Pod(name=text, namespace=text), f"http {{ server {{ listen {text}; }} }}".encode("utf-8", "replace")
    )
    return conf.reason if conf.reason.isprintable() else ""


def _kubeconfig_says(texts: list[str], folder: Path) -> Iterator[str]:
    # YAML has no surrogate pairs, with which JSON writes characters beyond the first plane.
    known = ["".join(character for character in text if ord(character) < 0xD800) for text in texts]
    rows = [{"name": f"{one}{number}", "context": {"cluster": one, "user": one}} for number, one in enumerate(known)]
    clusters = [{"name": one, "cluster": {"server": one}} for one in known[::2]]
    path = folder / "kubeconfig"
    path.write_text(json.dumps({"contexts": rows, "clusters": clusters, "users": []}))
    config = Kubeconfig(str(path))
    for chosen in [row["name"] for row in rows[:200]] + texts[:50]:
        try:
            config.resolve(str(chosen))
        except UserError as error:
            yield str(error)


def manifests(texts: list[str]) -> str:
    """The YAML of an object with the texts as keys and values."""
    value = {"metadata": {"annotations": {f"{text}{number}": text for number, text in enumerate(texts)}}}
    return manifest(json.dumps(value).encode())


def traces(session: Session) -> Out:
    """The trace of many rows, as the screen draws it."""
    lines = []
    for pane in ("services", "pods", "listeners"):
        for key in list(PANES[pane].keys(session))[:60]:
            kind = PANES[pane].kind
            found = trace(session, (kind, key)) if kind is not None else None
            if found is not None:
                lines += [line.plain for line in trace_lines(found, 200, UNICODE)]
                lines += [render(found, 100, False) for render in TRACE_FORMATS.values()]
    yield "traces", hostile.hold_lines, "\n".join(lines)


def heads(session: Session) -> Out:
    """The lines above the panes, at their maximum width."""
    for size in ((10**5, 60), (60, 20)):
        lines = header_lines(header(session, NOW), overview_now(session), None, size, UNICODE).lines
        yield f"head of {size[0]} columns", hostile.hold_lines, "\n".join(line.plain for line in lines)


class Screens:
    """The screens of one application on a hostile session."""

    def __init__(self, app: DsviewApp, pilot: Pilot[UserError | None]) -> None:
        self.app = app
        self.pilot = pilot

    def frame(self) -> str:
        """The bytes that Textual would write for the whole screen."""
        update: object = self.app.screen._compositor.render_update(full=True)
        assert isinstance(update, CompositorUpdate)
        return update.render_segments(self.app.console)

    def painted(self) -> str:
        """Every line of the tables and documents of the screen, including those that are scrolled out of sight."""
        strips: list[Strip] = []
        for table in self.app.screen.query(Table):
            rows = table._rows
            strips += [table._row_strip(rows, index) for index in range(len(rows))] if rows is not None else []
        for document in self.app.screen.query(Document):
            strips += [document._paint(line, 200) for line in range(len(document._lines))]
        return "\n".join(strip.render(_CONSOLE) for strip in strips)

    def shown(self, name: str) -> Out:
        """The open screen."""
        yield f"frame of {name}", hostile.hold_frame, self.frame()
        yield f"{name}, all lines", hostile.hold_frame, self.painted()

    async def open(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def panes(self) -> list[tuple[str, Rule, str]]:
        """The panes, and a picture of one."""
        found = []
        for number, pane in enumerate(PANES, 1):
            await self.open(str(number))
            found += list(self.shown(pane))
            await self.open("y")
            found.append((f"copied from {pane}", hostile.hold_lines, self.app.clipboard))
        found.append(("SVG", hostile.hold_xml, self.app.export_screenshot()))
        return found

    async def objects(self, targets: dict[str, Target]) -> list[tuple[str, Rule, str]]:
        """The detail, trace and YAML of objects, and the text that is copied there."""
        found = []
        for pane, target in targets.items():
            self.app.go.detail(target)
            await self.pilot.pause()
            found += list(self.shown(f"detail of {pane}"))
            self.app.go.yaml(target)
            await self.pilot.pause(0.05)
            await self._until_read()
            found += list(self.shown(f"YAML of {pane}"))
            await self.open("y")
            found.append((f"copied YAML of {pane}", hostile.hold_lines, self.app.clipboard))
            self.app.go.trace(target)
            await self.pilot.pause()
            found += list(self.shown(f"trace of {pane}"))
            self.app.go.home()
        return found

    async def _until_read(self) -> None:
        for _ in range(200):
            if "Reading" not in self.app.screen.query_one(Document).text[:40]:
                return
            await self.pilot.pause(0.02)

    async def lists(self, texts: list[str]) -> list[tuple[str, Rule, str]]:
        """All findings, the choices, and the notices."""
        found = []
        self.app.go.findings()
        await self.pilot.pause()
        found += list(self.shown("findings"))
        self.app.go.home()
        for key, name in (("n", "namespaces"), ("x", "contexts")):
            await self.open(key)
            found += list(self.shown(name))
            options = self.app.screen.query_one(OptionList)
            prompts = (str(options.get_option_at_index(index).prompt) for index in range(options.option_count))
            found.append((f"choice of {name}", hostile.hold_lines, "\n".join(prompts)))
            await self.open("escape")
        self.app.main.show_opening("".join(texts[:20]))
        self.app.post_message(SessionOpener.Failed(UserError("".join(texts[:50])), self.app._opener._number))
        self.app.faults.report("".join(texts[50:100]))
        await self.pilot.pause(0.05)
        found.append(("messages", hostile.hold_frame, self.frame()))
        return found


def filters(session: Session, texts: list[str]) -> Out:
    """The error messages for invalid filters."""
    view = TableView(PANES["pods"], session)
    said = []
    for text in texts[:300]:
        try:
            view.set_filter(click.unstyle(text))
        except FilterError as error:
            said.append(error.message)
    yield "filter", hostile.hold_lines, "\n".join(said)
