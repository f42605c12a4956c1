"""A user's own keys, theme, signs and columns, and a sentence for each invalid setting."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsview.cli import cli
from dsview.cli.appearance import open_appearance
from dsview.cli.options import Settings
from dsview.cli.sessions import open_policy
from dsview.cli.topics import TOPICS
from dsview.config.preferences import columns_path, remember_columns, remembered_columns
from dsview.core.errors import UserError
from dsview.ui.actions import ACTIONS
from dsview.ui.appearance import Appearance, Columns
from dsview.ui.key_labels import key_label
from dsview.ui.keymap import PARTS_SHOWN_TOGETHER, KeymapError, with_keys
from tests.ui.stage import on_stage


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of configuration files; state is beside it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "config" / "dsview"
    folder.mkdir(parents=True)
    return folder


def configured(home: Path, text: str, **settings: object) -> Appearance:
    (home / "config.toml").write_text(text)
    return open_appearance(Settings(**settings))  # type: ignore[arg-type]  # the fields of the options


# Keys


async def test_another_key_does_what_its_action_did_and_the_old_one_nothing() -> None:
    look = Appearance(actions=with_keys({"zoom": ["f5"], "trace": ["?"], "help": ["f1"]}))
    async with on_stage(appearance=look) as stage:
        await stage.press("z")
        assert "2 Pods" in stage.text
        await stage.press("f5")
        assert len([pane for pane in stage.app.main.panes if pane.border.display]) == 1
        await stage.press("f5", "down", "question_mark")
        assert stage.app.screen.__class__.__name__ == "TraceScreen"


async def test_key_bar_and_help_say_the_keys_that_hold() -> None:
    async with on_stage(appearance=Appearance(actions=with_keys({"trace": ["f5"]})), size=(200, 50)) as stage:
        assert "F5 trace" in stage.text
        await stage.press("?")
        line = next(line for line in stage.lines if "Trace." in line)
        assert line.split()[0] == "F5"


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_ctrl_c_leaves_whatever_is_configured(key: str) -> None:
    async with on_stage(appearance=Appearance(actions=with_keys({"quit": ["f10"]}))) as stage:
        await stage.press("q")
        assert stage.app.is_running
        await stage.press(key)
        assert stage.app._exit


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"trcae": ["t"]}, "trcae is not a valid action. Did you mean trace?"),
        ({"xyzzy": ["t"]}, "`dsview help keys` lists them"),
        ({"trace": ["hello"]}, "'hello' is not a valid key"),
        ({"trace": [" "]}, "' ' is not a valid key"),
        ({"trace": ["y"]}, "y is copy in the same place, and cannot be trace as well"),
        ({"zoom": ["j"]}, "j is cursor_down in the same place"),
        ({"narrow": ["q"]}, "q is quit in the same place"),
        ({"trace": ["f5"], "zoom": ["f5"]}, "F5 is zoom in the same place"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_a_sentence(keys: dict[str, list[str]], words: str) -> None:
    with pytest.raises(KeymapError) as caught:
        with_keys(keys)
    assert words in str(caught.value)
    assert caught.value.word in keys


def test_one_key_may_mean_two_things_in_two_places() -> None:
    assert with_keys({"keep": ["f2"], "accept": ["f2"], "zoom": ["f2"]})


def test_every_part_of_the_screen_is_in_some_place() -> None:
    assert {part for action in ACTIONS for part in action.where} <= frozenset().union(*PARTS_SHOWN_TOGETHER)


def test_the_topic_of_keys_says_the_configured_ones(home: Path) -> None:
    (home / "config.toml").write_text('[keys]\ntrace = "f5"\n')
    line = next(line for line in TOPICS["keys"]().splitlines() if " trace " in line)
    assert line.split()[:2] == ["F5", "trace"]


def test_names_of_keys_are_those_on_keyboards() -> None:
    assert [key_label(key) for key in ("f5", "f", "ctrl+t", "shift+left", "?")] == [
        "F5",
        "f",
        "Ctrl+T",
        "Shift+Left",
        "?",
    ]


# Theme, signs, style


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('theme = "dsview-drak"', "config.toml, line 1: dsview-drak is not a valid theme. Did you mean dsview-dark?"),
        ("theme = 3", "line 1: theme must be a string."),
        ('\nascii = "yes"', "line 2: ascii must be true or false."),
        ("[keys]\ntrace = 5", "line 2: trace must be a list of strings."),
        ('[keys]\ntrcae = "t"', "line 2: trcae is not a valid action."),
        ('keys = "t"', "line 1: keys must be a table."),
        ('[columns]\npodz = ["name"]', "line 2: podz is not a valid pane. Did you mean pods?"),
        ('[columns]\npods = ["nmae"]', "line 2: nmae is not a valid column of pods. Did you mean name?"),
        ("theme = ", "config.toml is not valid TOML"),
    ],
)
def test_a_configuration_that_cannot_be_is_said_with_its_line(home: Path, text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        configured(home, text)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("command", [("check",), ("show", "pods"), ("plan",), ("trace", "service/shop/web")])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = 3", "line 1: theme must be a string."),
        ('\nascii = "yes"', "line 2: ascii must be true or false."),
        ('[keys]\ntrcae = "t"', "line 2: trcae is not a valid action. Did you mean trace?"),
        ('[keys]\ntrace = "nokey"', "line 2: 'nokey' is not a valid key."),
        ('[columns]\npods = ["nmae"]', "line 2: nmae is not a valid column of pods. Did you mean name?"),
    ],
)
def test_what_is_wrong_about_the_screen_is_said_by_commands_without_one_before_they_read(
    command: tuple[str, ...], text: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "house.toml").write_text(text)
    arguments = [*command, "--config", str(tmp_path / "house.toml"), "--from", "/does/not/exist"]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert f"house.toml, {words}" in result.stderr
    assert result.return_value == 2


def test_a_theme_of_another_machine_is_no_matter_of_a_command_without_screen(home: Path) -> None:
    (home / "config.toml").write_text('theme = "mine"\n[keys]\ntrace = "f5"\n[columns]\npods = ["name"]')
    result = CliRunner().invoke(cli, ["check", "--demo", "healthy"], standalone_mode=False)
    assert (result.return_value, result.stderr) == (0, "")


def test_a_file_that_can_be_read_once_only_counts_as_a_whole() -> None:
    reading, writing = os.pipe()
    os.write(writing, b'ignore = ["SVC-006"]\n[keys]\n')
    os.close(writing)
    assert open_policy(Settings(config=f"/dev/fd/{reading}")).ignore == ("SVC-006",)
    os.close(reading)


def test_the_topic_of_keys_says_what_is_wrong_with_the_configured_ones(home: Path) -> None:
    (home / "config.toml").write_text('[keys]\ntrcae = "f5"\n')
    with pytest.raises(UserError, match=r"line 2: trcae is not a valid action\."):
        TOPICS["keys"]()


def test_the_option_wins_over_the_file_and_says_what_there_is(home: Path) -> None:
    assert configured(home, 'theme = "dsview-light"').theme == "dsview-light"
    assert configured(home, 'theme = "dsview-light"', theme="nord").theme == "nord"
    with pytest.raises(UserError, match=r"There is no theme 'x'\. Themes: dsview-dark, "):
        configured(home, "", theme="x")


async def test_a_theme_of_the_users_own_extends_dsviews(home: Path) -> None:
    (home / "themes.toml").write_text('[mine]\ndark = false\nfocus = "#aa0000"\n')
    look = configured(home, 'theme = "mine"')
    async with on_stage(appearance=look) as stage:
        assert stage.app.theme == "mine"
        assert stage.app.theme_variables["focus"] == "#aa0000"
        assert not stage.app.current_theme.dark


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[mine]\nfocus = "#nope"', "focus of theme mine is '#nope', which is not a colour"),
        ('[mine]\nfoucs = "#aa0000"', "foucs of theme mine is not a colour. Colours: "),
        ("mine = 3", "mine is not a table"),
        ("[mine", "themes.toml is not valid TOML"),
    ],
)
def test_a_theme_that_cannot_be_is_a_sentence(home: Path, text: str, words: str) -> None:
    (home / "themes.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        configured(home, "")
    assert words in str(caught.value)


async def test_a_style_sheet_of_the_users_own_comes_last(home: Path) -> None:
    (home / "style.tcss").write_text("KeyBar { display: none; }\n")
    async with on_stage(appearance=configured(home, "")) as stage:
        assert "filter" not in stage.lines[-1]


@pytest.mark.parametrize("text", ["Frame { border: nonsense;", "Frame {\n bordr: heavy red; }", "}{"])
def test_a_style_sheet_that_cannot_be_is_a_sentence_with_its_line(home: Path, text: str) -> None:
    (home / "style.tcss").write_text(text)
    with pytest.raises(UserError, match=r"style.tcss, line \d: this is not valid Textual CSS"):
        configured(home, "")


def test_a_terminal_without_unicode_gets_ascii(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not configured(home, "").ascii_only
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale=True: "ISO-8859-1")
    assert configured(home, "").ascii_only


# Columns


async def test_columns_are_chosen_from_a_list_and_remembered() -> None:
    kept: list[Columns] = []
    async with on_stage(appearance=Appearance(remember=kept.append), size=(200, 50)) as stage:
        shown = [placed.column.id for placed in stage.pane("services").placed_layout.placed]
        assert shown[0] == "namespace"
        await stage.press("C", "space", "enter")
        now = [placed.column.id for placed in stage.pane("services").placed_layout.placed]
        assert now == shown[1:]
        assert kept[-1] == {"services": tuple(shown[1:])}
        await stage.press("C", "ctrl+a")
        assert [placed.column.id for placed in stage.pane("services").placed_layout.placed] == shown
        assert kept[-1] == {}


async def test_a_list_that_is_longer_than_the_screen_still_says_what_its_keys_do() -> None:
    async with on_stage(size=(60, 20)) as stage:
        await stage.press("C")
        assert "Space add or remove" in stage.text
        assert "IPv4 Cluster IP" in stage.text, "columns are called what they are called on the screen"


async def test_the_selected_column_moves_left_and_right() -> None:
    async with on_stage(size=(200, 50)) as stage:
        assert stage.pane("services").column_id == "name"
        await stage.press("shift+left")
        assert [p.column.id for p in stage.pane("services").placed_layout.placed][:2] == ["name", "namespace"]
        await stage.press("shift+left", "shift+right", "shift+right")
        assert [p.column.id for p in stage.pane("services").placed_layout.placed][2] == "name"
        assert stage.names("services")


async def test_columns_that_were_chosen_are_shown_in_their_order_however_narrow_it_is() -> None:
    look = Appearance(columns={"services": ("cluster_ip_v6", "name")})
    for size in ((200, 50), (60, 20), (30, 20)):
        async with on_stage(appearance=look, size=size) as stage:
            placed = [p.column.id for p in stage.pane("services").placed_layout.placed]
            assert placed == ["cluster_ip_v6", "name"]


async def test_a_choice_that_cannot_be_kept_holds_for_now() -> None:
    def fail(_columns: Columns) -> None:
        raise OSError(28, "No space left on device")

    async with on_stage(appearance=Appearance(remember=fail), size=(200, 50)) as stage:
        await stage.press("C", "space", "enter")
        await stage.until(lambda: "not remembered: No space left on device" in stage.text)
        assert stage.pane("services").placed_layout.find("namespace") is None


def test_remembered_columns_are_the_owners_alone_and_a_broken_file_remembers_nothing(home: Path) -> None:
    path = columns_path()
    assert remembered_columns(path) == {}
    remember_columns(path, {"pods": ("name",)})
    assert remembered_columns(path) == {"pods": ("name",)}
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116 - the mode is the point
    assert configured(home, '[columns]\npods = ["node"]\nnodes = ["name"]').columns == {
        "pods": ("name",),
        "nodes": ("name",),
    }
    path.write_text(json.dumps(["half"]))
    assert remembered_columns(path) == {}
