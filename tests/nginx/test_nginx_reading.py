"""Reading the configuration of controller pods: one parse per text, large files in another process, and failures."""

import hashlib
import re
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dsview.core.listen import Listener, ListenSource
from dsview.kinds.pod import Pod
from dsview.listeners import conf_reading as reading
from dsview.listeners.conf_reading import parse_conf, read_conf
from dsview.listeners.nginx_conf import directives, subprocess_parser
from dsview.listeners.nginx_conf.dumped_files import MAX_BYTES
from dsview.listeners.nginx_conf.grammar import UnreadConf

DATA = Path(__file__).parents[1] / "data" / "nginx"
CHART_DEFAULT = (DATA / "chart-default.conf").read_bytes()


def pod(name: str) -> Pod:
    return Pod(name=name, namespace="ingress-nginx")


def large(megabytes: float, servers: int = 3_000) -> bytes:
    """The controller's output for this many hosts, with enough locations for the size."""
    before, _, rest = CHART_DEFAULT.partition(b"\t## start server shop.example.org\n")
    shop, _, after = rest.partition(b"\t## end server shop.example.org\n")
    head, location, tail = re.split(rb"(?s)(\t\tlocation / .*\n\t\t}\n)", shop)
    many = max(1, round((megabytes * 1e6 / servers - len(head + tail)) / len(location)))
    hosts = (shop.replace(location, location * many).replace(b"shop.", b"h%d." % i) for i in range(servers))
    return b"".join([before, *hosts, after])


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The texts that were parsed, with empty caches."""
    done: list[bytes] = []
    real = reading.parse_conf

    def counted(text: bytes) -> tuple[Listener, ...]:
        done.append(text)
        return real(text)

    monkeypatch.setattr(reading, "parse_conf", counted)
    monkeypatch.setattr(reading, "_RESULTS", reading.ResultCache(limit=2))
    return done


def test_verdict_names_the_pod_and_keeps_text_and_digest() -> None:
    verdict = read_conf(pod("controller-a"), CHART_DEFAULT)
    assert verdict.key == ("ingress-nginx", "controller-a")
    assert (verdict.source, verdict.reason, verdict.text) == (ListenSource.READ, "", CHART_DEFAULT)
    assert verdict.digest == hashlib.sha256(CHART_DEFAULT).hexdigest()
    assert verdict.listeners == parse_conf(CHART_DEFAULT)


def test_unread_verdict_says_why_in_a_sentence() -> None:
    verdict = read_conf(pod("controller-a"), b"http { server { listen \x1b]0;owned:1; } }")
    assert (verdict.source, verdict.listeners) == (ListenSource.UNREAD, ())
    assert verdict.reason.isprintable()
    assert verdict.reason == "nginx.conf could not be parsed: nginx accepts no such target as listen \\x1b]0."


def test_same_text_is_parsed_once_for_all_replicas(parses: list[bytes]) -> None:
    verdicts = [read_conf(pod(name), CHART_DEFAULT) for name in ("a", "b", "c")]
    assert parses == [CHART_DEFAULT]
    assert [verdict.name for verdict in verdicts] == ["a", "b", "c"]
    assert verdicts[0].listeners is verdicts[2].listeners


def test_text_that_was_not_understood_is_not_tried_again(parses: list[bytes]) -> None:
    assert [read_conf(pod("a"), b"{").source for _ in range(2)] == [ListenSource.UNREAD] * 2
    assert parses == [b"{"]


def test_only_the_last_used_verdicts_are_remembered(parses: list[bytes]) -> None:
    for text in (b"1", b"2", b"1", b"3", b"1", b"2"):
        read_conf(pod("a"), text)
    assert parses == [b"1", b"2", b"3", b"2"]


def test_replicas_that_ask_at_the_same_time_share_one_parse(
    parses: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    underway = threading.Barrier(3, timeout=10)
    counted = reading.parse_conf
    found: list[tuple[Listener, ...]] = []

    def parse(text: bytes) -> tuple[Listener, ...]:
        if not parses:
            underway.wait()
        return counted(text)

    def ask(*, late: bool) -> None:
        if late:
            underway.wait()
        found.append(read_conf(pod("a"), CHART_DEFAULT).listeners)

    monkeypatch.setattr(reading, "parse_conf", parse)
    threads = [threading.Thread(target=ask, kwargs={"late": late}) for late in (False, True, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert parses == [CHART_DEFAULT]
    assert found == [directives.listeners_of(CHART_DEFAULT)] * 3


def test_files_that_include_each_other_are_joined_in_the_process_that_parses_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = "".join(
        f"# configuration file /etc/nginx/conf.d/{i}.conf:\nserver {{ listen 80; server_name h{i}.example.org; }}\n"
        for i in range(4_000)
    )
    text = f"# configuration file /etc/nginx/nginx.conf:\nhttp {{ include conf.d/*.conf; }}\n{files}".encode()
    assert len(text) > reading.IN_THREAD_BYTES
    monkeypatch.setattr(reading, "joined", None)
    (listener,) = parse_conf(text)
    assert len(listener.server_names) == 4_000


def test_short_file_that_includes_another_one_many_times_is_parsed_in_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    http = "include a.conf; " * 4_000
    text = f"# configuration file /n.conf:\nhttp {{ {http} }}\n# configuration file /a.conf:\n"
    text += f"server {{ listen 80; root /{'x' * 80}; }}\n"
    assert len(text) < reading.IN_THREAD_BYTES
    monkeypatch.setattr(reading, "listeners_of", None)
    assert [(x.address, x.port) for x in parse_conf(text.encode())] == [("*", 80)]


def test_large_file_is_parsed_in_another_process_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    text = large(0.3, servers=30)
    assert len(text) > reading.IN_THREAD_BYTES
    here = directives.listeners_of(text)
    monkeypatch.setattr(reading, "listeners_of", None)
    assert parse_conf(text) == here
    assert here[0].server_names[:3] == ("_", "h0.example.org", "h1.example.org")


def test_reason_comes_back_from_the_other_process() -> None:
    with pytest.raises(UnreadConf, match=r"^it ends before its blocks do: 1 \"}\" missing$"):
        subprocess_parser.parse_in_subprocess(CHART_DEFAULT.rstrip()[:-1])


def test_parser_that_takes_too_long_is_ended_and_asked_again_later(
    parses: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        reading, "parse_in_subprocess", lambda text: subprocess_parser.parse_in_subprocess(text, time_limit=0.001)
    )
    text = large(0.3, servers=30)
    for _ in range(2):
        assert "longer than" in read_conf(pod("a"), text).reason
    assert len(parses) == 2


@pytest.mark.parametrize(
    ("executable", "why"), [("/nowhere/python", "could not be started"), ("/bin/false", "without a result")]
)
def test_parser_that_cannot_run_leaves_the_file_unread(
    executable: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(subprocess_parser.ParserFailed, match=why):
        subprocess_parser.parse_in_subprocess(CHART_DEFAULT)


def test_other_process_imports_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crossplane.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert subprocess_parser.parse_in_subprocess(CHART_DEFAULT) == directives.listeners_of(CHART_DEFAULT)


def test_no_copy_of_the_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    parse_conf(CHART_DEFAULT)
    subprocess_parser.parse_in_subprocess(CHART_DEFAULT)
    assert list(tmp_path.iterdir()) == []


def test_ten_megabytes_with_3000_servers_take_less_than_five_seconds_of_cpu() -> None:
    text = large(10)
    assert 9_500_000 < len(text) < 12_000_000
    before = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    listeners = parse_conf(text)
    after = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    spent = [b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True)]
    assert len(listeners[0].server_names) == 3_001
    assert spent[0] < 5
    assert spent[1] < 0.5  # the time that is left for the process of the screen


def test_ten_megabytes_on_one_line_are_refused_without_delay() -> None:
    for text in (b"a" * 10_000_000, b"a{" * 5_000_000, b'"' * 10_000_001, b"access_by_lua_block {" + b"[=" * 5_000_000):
        assert read_conf(pod("a"), text).source is ListenSource.UNREAD


def test_file_beyond_every_measure_is_not_parsed_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert "larger than 32 MB" in read_conf(pod("a"), b"#" * (MAX_BYTES + 1)).reason
