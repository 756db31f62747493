"""What all commands have in common: help, errors in one sentence, widths, and a full disk."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import COMMANDS, KataHere, MakeKata, one_sentence
from tests.conftest import KATA, MANIFEST, RunKata
from tests.render.hostile import RICH_STYLES


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("command", [(), ("list",), ("progress",), ("hint",)])
def test_nothing_is_wider_than_the_terminal(
    run: KataHere, begun: Path, columns: int, command: tuple[str, ...]
) -> None:
    environ = {"COLUMNS": str(columns), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    out = RICH_STYLES.sub("", run(*command, cwd=begun, environ=environ).out)
    assert max(len(line) for line in out.splitlines()) <= columns


def test_an_ascii_pipe_gets_neither_colours_nor_marks_it_cannot_show(
    kata: RunKata, katas: Path, play: Path
) -> None:
    environ = {"KATA_PATH": str(katas), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    kata("next", cwd=play, environ=environ)
    out = kata(cwd=play, environ=environ).out
    assert out.isascii()
    assert "\x1b" not in out
    assert "0 of 3  >.." in out


@pytest.mark.parametrize(
    "command",
    [(), ("hint",), ("solution",), ("diff",), ("reset",), ("open",), ("progress",), ("list",)],
)
def test_a_damaged_progress_file_is_one_sentence_and_left_alone(
    run: KataHere, begun: Path, command: tuple[str, ...]
) -> None:
    (begun / ".kata" / "progress.json").write_text("nonsense")
    ran = run(*command, cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "is damaged" in ran.err.replace("\n", " ")
    assert (begun / ".kata" / "progress.json").read_text() == "nonsense"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_kata_is_answered_with_the_nearest_name(
    run: KataHere, begun: Path, command: str
) -> None:
    ran = run(command, "secnd", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "Did you mean second?" in ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kata_that_was_not_handed_out_is_reported(
    run: KataHere, begun: Path, command: str
) -> None:
    ran = run(command, "second", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "has not been handed out" in ran.err


@pytest.mark.parametrize("command", [*COMMANDS, "progress"])
def test_a_missing_workspace_is_reported(run: KataHere, play: Path, command: str) -> None:
    ran = run(command, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "There is no workspace" in ran.err


@pytest.mark.parametrize("command", [*COMMANDS, "progress", "list"])
def test_every_command_and_option_has_help(run: KataHere, play: Path, command: str) -> None:
    ran = run(command, "--help", cwd=play)
    assert ran.code == 0
    assert "Usage: kata" in ran.out


def test_a_file_size_limit_is_one_sentence_and_loses_nothing(begun: Path, katas: Path) -> None:
    """As near to a full disk as one comes without one."""
    before = {path: path.read_bytes() for path in begun.rglob("*") if path.is_file()}
    environ = {**os.environ, "KATA_PATH": str(katas)}
    for command in ("next --skip", "hint", "solution --give-up", "progress --export x.json"):
        done = subprocess.run(
            ["sh", "-c", f'ulimit -f 0; exec "{KATA}" {command} | cat'],
            cwd=begun,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert one_sentence(done.stderr)
        assert "File too large" in done.stderr.replace("\n", " ")
    assert {path: path.read_bytes() for path in begun.rglob("*") if path.is_file()} == before


def test_hostile_names_and_files_have_no_effect_on_the_terminal(
    run: KataHere, make_kata: MakeKata, begun: Path
) -> None:
    make_kata("first", manifest=MANIFEST.replace('"one"', '"\\u001b[2Jone\\u202e"'))
    (begun / "first" / "app.py").write_text(
        "x = '\x1b[2J\x1b]0;owned\x07\u202e\x9b31m'\n\tprint()\n"
    )
    (begun / "first" / "\x1b[2Jevil.py").write_text("[bold red]x[/bold red]\n")
    outs = [run(command, cwd=begun).out for command in ("hint", "diff")]
    outs.append(run("solution", "--give-up", cwd=begun).out)
    outs.append(run("reset", "first", cwd=begun).out)
    for out in outs:
        assert out.replace("\n", "").isprintable()
    assert "[bold red]x[/bold red]" in outs[1]


@pytest.mark.slow
@pytest.mark.parametrize("command", [[], ["next"], ["check"], ["report"]])
def test_every_command_has_help(kata: RunKata, command: list[str]) -> None:
    ran = kata(*command, "--help")
    assert ran.code == 0
    assert "Usage: kata" in ran.out


@pytest.mark.slow
def test_version(kata: RunKata) -> None:
    assert kata("--version").out.startswith("kata ")
