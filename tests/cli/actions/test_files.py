"""`kata diff`, `kata reset` and `kata open`."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from grader.workspace.progress import State, Workspace
from tests.cli.commands import RIGHT, KataHere, one_sentence, passes
from tests.conftest import APP, KATA
from tests.render.hostile import RICH_STYLES
from tests.waiting import HANG_S, wait_until


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


def test_a_closed_pipe_is_not_an_error(katas: Path, begun: Path) -> None:
    (begun / "first" / "app.py").write_text("x = 1\n" * 4_000)
    done = subprocess.run(
        ["sh", "-c", f'"{KATA}" diff | head -n 1'],
        cwd=begun,
        env={**os.environ, "KATA_PATH": str(katas)},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("--- starter/app.py\n", "")


def test_reset_goes_back_to_the_starter_and_says_where_the_old_file_is(
    run: KataHere, begun: Path
) -> None:
    (begun / "first" / "app.py").write_text("mine")
    (begun / "first" / "helper.py").write_text("mine too")
    ran = run("reset", cwd=begun)
    (backup,) = (begun / "first").glob("app.20*.py")
    assert (ran.code, ran.err, backup.read_text()) == (0, "", "mine")
    assert f"Your version is kept in first/{backup.name}" in ran.out
    assert f"To restore it, type: cp first/{backup.name} first/app.py" in ran.out
    assert "Other files were not touched: helper.py" in ran.out
    assert (begun / "first" / "app.py").read_text() == APP.replace("{answer}", "no")


def test_reset_of_the_starter_says_that_there_is_nothing_to_do(run: KataHere, begun: Path) -> None:
    ran = run("reset", cwd=begun)
    assert ran.code == 0
    assert "There is nothing to reset" in ran.out
    assert len(list((begun / "first").iterdir())) == 2


def test_a_passed_kata_stays_passed_after_a_reset(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text("mine")
    passes(begun, "first")
    assert run("reset", "first", cwd=begun).code == 0
    assert Workspace(begun).states({})["first"] is State.PASSED


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
        ("false", "The editor `false` of $EDITOR failed with exit code 1."),
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


def test_a_deleted_file_is_not_opened_but_the_way_back_is_shown(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").unlink()
    ran = run("open", cwd=begun, environ={"EDITOR": "true"})
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "`kata reset` puts the starter back." in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_editor_gets_the_interrupts_and_ends_with_the_command(
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
    wait_until((tmp_path / "pid").exists)
    editor = int((tmp_path / "pid").read_text())
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
        assert process.wait(HANG_S) == 0
    else:
        process.send_signal(number)
        assert process.wait(HANG_S) == 128 + number
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    with pytest.raises(ProcessLookupError):
        os.kill(editor, 0)
