"""What a learner does between two gradings, as typed."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.grading.graded import Graded
from grader.grading.session import Settings
from grader.workspace.progress import State, Workspace
from tests.cli.pretend import PASS
from tests.conftest import APP, KATA, MANIFEST, Ran, RunKata
from tests.render.hostile import RICH_STYLES
from tests.waiting import HANG_S

KataHere = Callable[..., Ran]
MakeKata = Callable[..., Path]
RIGHT = APP.replace("{answer}", "yes")


@pytest.fixture
def begun(kata_here: KataHere, katas: Path, play: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the three small katas, of which the first was handed out."""
    assert kata_here("next", "--katas", katas, cwd=play).code == 0
    return play


@pytest.fixture
def run(kata_here: KataHere, katas: Path) -> KataHere:
    """Runs a command with the three small katas."""

    def run_with_katas(*arguments: str, cwd: Path, environ: dict[str, str] | None = None) -> Ran:
        return kata_here(*arguments, cwd=cwd, environ={"KATA_PATH": str(katas), **(environ or {})})

    return run_with_katas


def passes(play: Path, slug: str) -> None:
    """Note that a kata is passed, as a grading does."""
    Workspace(play).set_state(slug, State.PASSED, {})


def one_sentence(err: str) -> bool:
    return err.startswith("Error: ") and "Traceback" not in err


# ---- kata alone
# ---------------------------------------------------------------------------------------------------------


def test_without_a_workspace_kata_says_how_to_begin_and_writes_nothing(
    run: KataHere, play: Path
) -> None:
    ran = run(cwd=play)
    assert (ran.code, ran.err) == (0, "")
    assert "To begin, type: kata next" in ran.out
    assert "the first of 3 katas" in ran.out
    assert list(play.iterdir()) == []


def test_kata_says_how_far_one_is_and_what_to_type_next(run: KataHere, begun: Path) -> None:
    ran = run(cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[0] == "0 of 3 katas passed"
    assert lines[1].endswith(" 0 %")
    assert "Tier 1 · All" in ran.out
    assert "0 of 3  ›··" in ran.out
    assert "first/app.py, 0 of 3 hints seen" in lines
    assert "Read first/README.md and mend first/app.py, or type: kata open" in lines
    assert "When it is mended, type: kata check" in lines


def test_kata_after_a_pass_names_the_next_one(run: KataHere, begun: Path) -> None:
    passes(begun, "first")
    out = run(cwd=begun).out
    assert "1 of 3 katas passed" in out
    assert "1 of 3  ✓›·" in out
    assert "To have it handed out, type: kata next" in out


def test_in_the_folder_of_another_kata_the_way_out_is_told(run: KataHere, begun: Path) -> None:
    """Commands without a slug mean the kata of the folder."""
    passes(begun, "first")
    for command in (["next"], []):
        assert "so first: cd ../second\n" in run(*command, cwd=begun / "first").out
        assert "so first: cd" not in run(*command, cwd=begun / "second").out
        assert "so first: cd" not in run(*command, cwd=begun).out


def test_at_the_end_kata_says_what_is_left_over(run: KataHere, begun: Path) -> None:
    Workspace(begun).set_state("first", State.GIVEN_UP, {})
    Workspace(begun).set_state("second", State.SKIPPED, {})
    passes(begun, "third")
    out = run(cwd=begun).out
    assert "You have reached the end: 1 of 3 katas passed." in out
    assert "  kata check first\n  kata check second\n" in out
    assert "- skipped, ~ given up" in out
    for slug in ("first", "second"):
        passes(begun, slug)
    assert "Congratulations: you have passed all 3 katas." in run(cwd=begun).out


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("command", [(), ("list",), ("progress",), ("hint",)])
def test_nothing_is_wider_than_the_terminal(
    run: KataHere, begun: Path, columns: int, command: tuple[str, ...]
) -> None:
    environ = {"COLUMNS": str(columns), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    out = RICH_STYLES.sub("", run(*command, cwd=begun, environ=environ).out)
    assert max(len(line) for line in out.splitlines()) <= columns


def test_without_colour_there_is_none_and_a_terminal_without_such_characters_gets_others(
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


COMMANDS = ["hint", "solution", "diff", "reset", "open"]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_kata_is_answered_with_the_nearest_name(
    run: KataHere, begun: Path, command: str
) -> None:
    ran = run(command, "secnd", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "Did you mean second?" in ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kata_that_was_not_handed_out_is_told(run: KataHere, begun: Path, command: str) -> None:
    ran = run(command, "second", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "has not been handed out" in ran.err


@pytest.mark.parametrize("command", [*COMMANDS, "progress"])
def test_no_workspace_is_told(run: KataHere, play: Path, command: str) -> None:
    ran = run(command, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "There is no workspace" in ran.err


@pytest.mark.parametrize("command", [*COMMANDS, "progress", "list"])
def test_every_command_and_option_has_help(run: KataHere, play: Path, command: str) -> None:
    ran = run(command, "--help", cwd=play)
    assert ran.code == 0
    assert "Usage: kata" in ran.out


# ---- list
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("sec",), "1 of 3 katas, 0 of them passed."),
        (("TEST kata",), "3 of 3 katas, 1 of them passed."),
        (("--tier", "1"), "3 of 3 katas, 1 of them passed."),
        (("--tier", "2"), "No kata is like that."),
        (("--todo",), "2 of 3 katas, 0 of them passed."),
        (("--todo", "fir"), "No kata is like that."),
        ((), "1 of 3 passed."),
    ],
)
def test_list_shows_what_was_asked_for(
    run: KataHere, begun: Path, arguments: tuple[str, ...], shown: str
) -> None:
    passes(begun, "first")
    ran = run("list", *arguments, cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    assert shown in ran.out


def test_list_refuses_a_tier_that_cannot_be(run: KataHere, begun: Path) -> None:
    assert run("list", "--tier", "6", cwd=begun).code == 2


# ---- hints and solutions
# ------------------------------------------------------------------------------------------------


def test_each_time_one_hint_further_and_after_the_last_the_way_to_the_solution(
    run: KataHere, begun: Path
) -> None:
    shown = [run("hint", cwd=begun).out for _ in range(4)]
    assert [word for out in shown for word in ("one", "two", "three") if f"   {word}" in out] == [
        "one",
        "two",
        "three",
    ]
    assert "2 more: kata hint" in shown[0]
    assert (
        "There is no more. To see the solution and give up, type: kata solution --give-up"
        in shown[2]
    )
    assert "You have seen all hints." in shown[3]
    assert "kata hint --all" in shown[3]
    assert "3 of 3 hints seen" in run(cwd=begun).out


def test_all_hints_at_once_are_remembered_too(run: KataHere, begun: Path) -> None:
    out = run("hint", "--all", cwd=begun).out
    assert out.index("Hint 1 of 3") < out.index("Hint 2 of 3") < out.index("Hint 3 of 3")
    assert "You have seen all hints." in run("hint", "first", cwd=begun).out


def test_a_hint_is_shown_also_when_it_cannot_be_remembered(
    run: KataHere, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch)
    ran = run("hint", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "No space left on device" in ran.err.replace("\n", " ")
    assert "Hint 1 of 3" in ran.out


def test_a_solution_stays_hidden_before_a_pass(run: KataHere, begun: Path) -> None:
    ran = run("solution", cwd=begun)
    assert (ran.code, one_sentence(ran.err), ran.out) == (2, True, "")
    assert "kata solution --give-up" in ran.err
    assert "yes" not in ran.err


def test_giving_up_shows_the_solution_is_noted_and_leads_on(run: KataHere, begun: Path) -> None:
    ran = run("solution", "--give-up", cwd=begun)
    assert ran.code == 0
    assert 'return "yes"' in ran.out
    assert "first counts as given up until it passes. Next: kata next" in ran.out
    assert "first" in run("list", "--todo", cwd=begun).out
    assert "given up" in run("list", cwd=begun).out
    assert "second" in run("next", cwd=begun).out
    assert run("solution", "first", cwd=begun).code == 0
    passes(begun, "first")
    assert "given up" not in run("list", cwd=begun).out


def test_nothing_is_shown_when_giving_up_cannot_be_noted(
    run: KataHere, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch)
    ran = run("solution", "--give-up", cwd=begun)
    assert (ran.code, one_sentence(ran.err), ran.out) == (4, True, "")


def test_the_reference_is_shown_whole_and_every_way_as_a_diff_from_yours(
    run: KataHere, make_kata: MakeKata, begun: Path
) -> None:
    make_kata(
        "first", files={"accepted/another_way.py": RIGHT.replace("async def root", "def root")}
    )
    passes(begun, "first")
    out = run("solution", cwd=begun).out
    reference, from_yours, other = (
        out.index(text)
        for text in ("The reference", "From yours to the reference", "Another way: another way")
    )
    assert reference < from_yours < other
    assert 'async def root() -> str:\n    return "yes"\n' in out[reference:from_yours]
    assert '-    return "no"\n+    return "yes"\n' in out[from_yours:other]
    assert "--- first/app.py (yours)\n+++ another_way.py\n" in out[other:]
    assert "-async def root() -> str:\n" in out[other:]


def test_ones_own_solution_may_be_one_of_them_or_missing(run: KataHere, begun: Path) -> None:
    passes(begun, "first")
    (begun / "first" / "app.py").write_text(RIGHT)
    assert "Yours is the same, line for line." in run("solution", cwd=begun).out
    (begun / "first" / "app.py").unlink()
    out = run("solution", cwd=begun).out
    assert "Yours cannot be compared: " in out
    assert 'return "yes"' in out


def test_after_a_pass_solution_and_diff_are_those_of_the_kata_just_passed(
    run: KataHere, begun: Path
) -> None:
    (begun / "first" / "app.py").write_text(RIGHT)
    passes(begun, "first")
    assert run("solution", cwd=begun).out.startswith("A test kata  first")
    assert '+    return "yes"' in run("diff", cwd=begun).out
    run("next", cwd=begun)
    assert run("solution", cwd=begun).code == 2
    assert "Nothing is changed: second is the starter still." in run("diff", cwd=begun).out


def test_a_diff_is_coloured_in_a_terminal_and_plain_in_a_pipe(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text(RIGHT)
    assert "\x1b" not in run("diff", cwd=begun).out
    coloured = run("diff", cwd=begun, environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).out
    assert '\x1b[32m+    return "yes"' in coloured
    assert '\x1b[31m-    return "no"' in coloured


def test_long_lines_of_code_are_not_broken(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text(f"x = '{'a' * 200}'\n")
    environ = {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert f"+x = '{'a' * 200}'\n" in RICH_STYLES.sub(
        "", run("diff", cwd=begun, environ=environ).out
    )


def test_a_reader_that_has_seen_enough_is_no_error(katas: Path, begun: Path) -> None:
    (begun / "first" / "app.py").write_text("x = 1\n" * 4_000)
    done = subprocess.run(
        ["sh", "-c", f'"{KATA}" diff | head -n 1'],
        cwd=begun,
        env={**os.environ, "KATA_PATH": str(katas)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("--- starter/app.py\n", "")


# ---- reset
# --------------------------------------------------------------------------------------------------------------


def test_reset_goes_back_to_the_starter_and_says_where_the_old_file_is(
    run: KataHere, begun: Path
) -> None:
    (begun / "first" / "app.py").write_text("mine")
    (begun / "first" / "helper.py").write_text("mine too")
    ran = run("reset", cwd=begun)
    (backup,) = (begun / "first").glob("app.20*.py")
    assert (ran.code, ran.err, backup.read_text()) == (0, "", "mine")
    assert f"What was in it is kept in first/{backup.name}" in ran.out
    assert f"To take it back, type: cp first/{backup.name} first/app.py" in ran.out
    assert "Other files were left as they are: helper.py" in ran.out
    assert (begun / "first" / "app.py").read_text() == APP.replace("{answer}", "no")


def test_reset_of_the_starter_says_that_there_is_nothing_to_do(run: KataHere, begun: Path) -> None:
    ran = run("reset", cwd=begun)
    assert ran.code == 0
    assert "There is nothing to reset" in ran.out
    assert len(list((begun / "first").iterdir())) == 2


def test_progress_holds_when_a_passed_kata_is_reset(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text("mine")
    passes(begun, "first")
    assert run("reset", "first", cwd=begun).code == 0
    assert Workspace(begun).states({})["first"] is State.PASSED


# ---- open
# ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that notes with what it was called, one argument a line; its folder has a blank in its name."""
    path = tmp_path / "my editors" / "edit"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/called"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_open_calls_the_editor_as_a_shell_would_split_it(
    run: KataHere, begun: Path, editor: Path, tmp_path: Path
) -> None:
    environ = {"VISUAL": f"'{editor}' --wait \"a b\"", "EDITOR": "false"}
    assert run("open", cwd=begun, environ=environ).code == 0
    files = [str(begun / "first" / name) for name in ("app.py", "README.md")]
    assert (tmp_path / "called").read_text().splitlines() == ["--wait", "a b", *files]


def test_an_empty_visual_leaves_the_choice_to_editor(
    run: KataHere, begun: Path, editor: Path, tmp_path: Path
) -> None:
    assert run("open", cwd=begun, environ={"VISUAL": " ", "EDITOR": f"'{editor}'"}).code == 0
    assert (tmp_path / "called").exists()


def test_without_an_editor_the_files_are_named(run: KataHere, begun: Path) -> None:
    ran = run("open", cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "Neither $VISUAL nor $EDITOR is set" in ran.err
    assert ran.out.splitlines() == [str(begun / "first" / name) for name in ("app.py", "README.md")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "no-such-editor",
            "The editor `no-such-editor` of $EDITOR cannot be run: No such file or directory.",
        ),
        ("false", "The editor `false` of $EDITOR ended with exit code 1."),
        ("vim 'x", "$EDITOR cannot be read: No closing quotation."),
        ("''", "The editor `` of $EDITOR cannot be run"),
        ("/", "The editor `/` of $EDITOR cannot be run: Permission denied."),
    ],
)
def test_an_editor_that_does_not_work_is_one_sentence(
    run: KataHere, begun: Path, value: str, message: str
) -> None:
    ran = run("open", cwd=begun, environ={"EDITOR": value})
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert message in " ".join(ran.err.split())


def test_a_deleted_file_is_not_opened_but_the_way_back_is_told(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").unlink()
    ran = run("open", cwd=begun, environ={"EDITOR": "true"})
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "`kata reset` puts the starter there." in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_editor_gets_the_interrupts_and_is_ended_with_us(
    begun: Path, katas: Path, tmp_path: Path, number: int
) -> None:
    """Ctrl-C is the editor's business; a SIGTERM to us ends both."""
    script = tmp_path / "edit.py"
    script.write_text(
        f"import os, signal, time\n"
        f"signal.signal(signal.SIGINT, lambda *a: open({str(tmp_path / 'told')!r}, 'w').close())\n"
        f"open({str(tmp_path / 'pid')!r} + '~', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(tmp_path / 'pid')!r} + '~', {str(tmp_path / 'pid')!r})\n"
        f"while not os.path.exists({str(tmp_path / 'told')!r}): time.sleep(0.01)\n"
    )
    environ = {**os.environ, "KATA_PATH": str(katas), "VISUAL": f"'{sys.executable}' '{script}'"}
    process = subprocess.Popen(
        [str(KATA), "open"], cwd=begun, env=environ, start_new_session=True, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    editor = int((tmp_path / "pid").read_text())
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
        assert process.wait(30) == 0
    else:
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    with pytest.raises(ProcessLookupError):
        os.kill(editor, 0)


# ---- a newer version
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), ("next",)])
def test_what_a_newer_version_changed_is_told_once(
    run: KataHere, katas: Path, begun: Path, command: tuple[str, ...]
) -> None:
    (begun / "first" / "app.py").write_text("mine")
    (katas / "first" / "README.md").write_text("# Another\n")
    (katas / "first" / "checks.py").write_text("# another")
    (katas / "first" / "starter" / "app.py").write_text("# another")
    out = run(*command, cwd=begun).out
    assert "first has changed since it was handed out. Your files are as you left them." in out
    assert "README: the new text is in first/README.new.md" in out
    assert "Starter: `kata diff first` compares yours" in out
    assert "Checks: `kata check first` uses the new ones." in " ".join(out.split())
    assert (begun / "first" / "README.new.md").read_text() == "# Another\n"
    assert (
        (begun / "first" / "app.py").read_text(),
        (begun / "first" / "README.md").read_text(),
    ) == ("mine", "# Tiny\n")
    assert "has changed" not in run(*command, cwd=begun).out


def test_a_new_text_is_opened_too(
    run: KataHere, katas: Path, begun: Path, editor: Path, tmp_path: Path
) -> None:
    (katas / "first" / "README.md").write_text("# Another\n")
    run(cwd=begun)
    run("open", cwd=begun, environ={"EDITOR": f"'{editor}'"})
    names = [Path(line).name for line in (tmp_path / "called").read_text().splitlines()]
    assert names == ["app.py", "README.md", "README.new.md"]


def test_of_passed_katas_a_change_is_one_line_and_they_stay_passed(
    run: KataHere, katas: Path, begun: Path
) -> None:
    passes(begun, "first")
    (katas / "first" / "README.md").write_text("# Another\n")
    out = run(cwd=begun).out
    assert "Changed since you passed them (they still count as passed): first." in out
    assert "1 of 3 katas passed" in out
    assert not (begun / "first" / "README.new.md").exists()


def test_a_reset_takes_the_new_starter(run: KataHere, katas: Path, begun: Path) -> None:
    (katas / "first" / "starter" / "app.py").write_text("# another")
    assert "yours is unchanged; `kata reset first` gives you the new one" in run(cwd=begun).out
    run("reset", cwd=begun)
    assert (begun / "first" / "app.py").read_text() == "# another"
    assert "has changed" not in run(cwd=begun).out


def test_news_that_cannot_be_noted_stop_nothing_and_are_told_again(
    run: KataHere, katas: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (katas / "first" / "checks.py").write_text("# another")
    full_disk(monkeypatch)
    for _ in range(2):
        ran = run(cwd=begun)
        assert (ran.code, ran.err) == (0, "")
        assert "first has changed" in ran.out


# ---- a pass and a full disk
# ---------------------------------------------------------------------------------------------


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.workspace.progress.write_whole", full)


@pytest.fixture
def graded_as_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every grading gives a pass, without a server."""

    def grade(kata: object, solution: Path, settings: Settings) -> Graded:
        return PASS

    monkeypatch.setattr("grader.cli.actions.check.grade", grade)


@pytest.mark.usefixtures("graded_as_passed")
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_verdict_is_shown_also_when_the_pass_cannot_be_noted(
    run: KataHere, begun: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    full_disk(monkeypatch)
    before = (begun / ".kata" / "progress.json").read_bytes()
    ran = run("check", *option, cwd=begun)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "passed" in ran.out.casefold()
    assert "No space left on device" in ran.err.replace("\n", " ")
    assert (begun / ".kata" / "progress.json").read_bytes() == before


@pytest.mark.usefixtures("graded_as_passed")
def test_check_tells_what_has_changed_before_it_grades(
    run: KataHere, katas: Path, begun: Path
) -> None:
    (katas / "first" / "checks.py").write_text("# another")
    assert json.loads(run("check", "--json", cwd=begun).out)["verdict"] == "passed"
    out = run("check", "first", cwd=begun).out
    assert out.index(
        "Changed since you passed them (they still count as passed): first."
    ) < out.index("Passed: ")


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


# ---- in the shell
# -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*COMMANDS, "check"])
def test_the_shell_completes_slugs(kata: RunKata, katas: Path, play: Path, command: str) -> None:
    environ = {
        "_KATA_COMPLETE": "complete_bash",
        "COMP_WORDS": f"kata {command} s",
        "COMP_CWORD": "2",
        "KATA_PATH": str(katas),
    }
    assert kata(cwd=play, environ=environ).out.split() == ["second"]


def test_hostile_names_and_files_act_on_nothing(
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


def test_a_run_that_cannot_be_saved_takes_no_verdict_from_the_learner(
    run: KataHere, begun: Path
) -> None:
    (begun / "first" / "app.py").write_text(RIGHT)
    (begun / ".kata" / "runs").write_text("no folder")
    ran = run("check", cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    assert "Passed: " in ran.out
    assert "The run cannot be saved in " in ran.out
    assert Workspace(begun).states({})["first"] is State.PASSED


IMPORTED = """
import sys
before = set(sys.modules)  # what this interpreter has by itself, such as a debugger's hooks
from grader.cli.start import run
try:
    run()
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


GRADES = {
    "grader.grading",
    "grader.checks",
    "grader.authoring",
    "grader.checks.server",
    "pytest",
    "anyio",
    "asyncio",
    "psutil",
    "rich.progress",
}
REPORTS = {
    "grader.catalog.manifest",
    "grader.evidence",
    "grader.judge",
    "grader.report",
    "grader.render.terminal.report",
    "grader.render.wording",
    "grader.solution.solution",
    "msgspec",
    "rich.live",
}
"""What reads whole katas and solutions, and shows gradings."""

SLOW = {"email", "hashlib", "importlib.metadata", "pydantic", "socket", "zipfile"}
"""What takes long to import, and comes along easily."""

SHOWS = {
    "grader.catalog",
    "grader.cli.actions",
    "grader.render",
    "grader.workspace",
    "json",
    "rich.console",
    "tomllib",
}
"""What a command needs that shows something of its own."""

Imported = Callable[..., set[str]]


@pytest.fixture
def imported(begun: Path, katas: Path) -> Imported:
    """The modules that are there when a command has run."""

    def imported_by(*command: str) -> set[str]:
        environ = {**os.environ, "KATA_PATH": str(katas)}
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, *command],
            cwd=begun,
            env=environ,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=True,
        )
        return set(done.stderr.split())

    return imported_by


@pytest.mark.parametrize("command", [[], ["list"], ["hint"]])
def test_what_grades_is_not_imported_where_nothing_is_graded(
    imported: Imported, command: list[str]
) -> None:
    modules = imported(*command)
    assert "grader.render.terminal.screen" in modules
    assert modules & (GRADES | {"importlib.metadata", "pydantic"}) == set()


def test_a_list_imports_neither_reports_nor_what_reads_whole_katas(imported: Imported) -> None:
    modules = imported("list")
    assert modules >= SHOWS
    assert modules & (GRADES | REPORTS | SLOW) == set()


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"]])
def test_help_imports_what_declares_the_commands_and_nothing_else(
    imported: Imported, command: list[str]
) -> None:
    modules = imported(*command)
    assert "grader.cli.learner" in modules
    assert modules & (GRADES | REPORTS | SLOW | SHOWS) == set()
