"""What is copied can be pasted into a shell: it runs only kubectl, with every name as one word."""

from __future__ import annotations

import re
import shlex

import pytest

from dsview.core.shell import pasteable
from dsview.export.markdown import fix_in_markdown, plain_markdown
from tests.support.clusters import SCENARIOS, findings_by_code, from_path


def test_commands_are_copied_as_they_are_and_sentences_as_comments() -> None:
    fix = (
        "Give the node an address; `reboot` it.\n"
        "kubectl -n shop delete pod 'a b'\n# Look at: kubectl get pods\n\nThen wait."
    )
    assert pasteable(fix).split("\n") == [
        "# Give the node an address; `reboot` it.",
        "kubectl -n shop delete pod 'a b'",
        "# Look at: kubectl get pods",
        "",
        "# Then wait.",
    ]


def test_every_fix_of_every_scenario_runs_kubectl_and_nothing_else() -> None:
    seen = 0
    for path in SCENARIOS:
        for findings in findings_by_code(from_path(path)).values():
            for finding in findings:
                for line in pasteable(finding.fix or "").split("\n"):
                    if line and not line.startswith("# "):
                        words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
                        programs = [words[0], *(words[i + 1] for i, word in enumerate(words) if word == "|")]
                        assert set(programs) <= {"kubectl", "jq"}, line
                        assert not set(words) & {";", "&", "&&", "||", "<", ">", "(", ")"}, line
                        seen += 1
    assert seen > 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pod a_b", "pod a\\_b"),
        ("see http://evil.example/x?a=1 now", "see `http://evil.example/x?a=1` now"),
        ("hello @everyone and @here", "hello `@everyone` and `@here`"),
        ("mail to me@evil.example", "mail to `me@evil.example`"),
        ("www.evil.example", "`www.evil.example`"),
        ("closes #12 and GH-3", "closes `#12` and `GH-3`"),
        ("a`@all`b", "``a`@all`b``"),
        ("`@all`", "`` `@all` ``"),
        ("x|http://a|y", "x\\|`http://a`\\|y"),
        ("fd00::1 and 10.0.0.0/8", "fd00::1 and 10.0.0.0/8"),
    ],
)
def test_markdown_makes_no_links_of_cluster_text_and_calls_nobody(text: str, shown: str) -> None:
    assert plain_markdown(text) == shown


def test_a_fix_in_markdown_is_a_sentence_and_commands_to_copy() -> None:
    text = fix_in_markdown("Ask @ops first.\nkubectl delete pod a\nkubectl delete pod b")
    assert text == "Ask `@ops` first.\n\n```sh\nkubectl delete pod a\nkubectl delete pod b\n```"
    assert re.search(r"(?<!`)@", text) is None
