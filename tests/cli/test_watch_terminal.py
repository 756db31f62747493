"""`kata watch` in a terminal, with gradings that are only pretended: keys, and the terminal as it was afterwards."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.workspace.handout import hand_out
from grader.workspace.progress import make_workspace
from tests.cli import pretend
from tests.cli.pipes import PipeLines
from tests.cli.terminals import Terminal, terminal
from tests.waiting import HANG_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
KEY_LINE = "h hint d diff l list r rerun w report q quit ? help"
KEY_LINE_AFTER_A_PASS = "h hint d diff l list n next r rerun w report q quit ? help"


@pytest.fixture
def play(make_kata: Callable[..., Path], tmp_path: Path) -> Path:
    """A workspace with the first of two katas handed out."""
    for slug in ("first", "second"):
        katas = make_kata(slug)
    folder = tmp_path / "play"
    folder.mkdir()
    hand_out(find_catalog(katas).kata("first"), make_workspace(folder), {})
    return folder


@pytest.fixture
def app(play: Path) -> Path:
    """The learner's file; its one word says what its grading is to give."""
    (play / "first" / "app.py").write_text("fail")
    return play / "first" / "app.py"


def command(play: Path) -> list[str | Path]:
    return [sys.executable, pretend.__file__, "watch", "--katas", play.parent / "katas"]


def open_watch(play: Path, columns: int = 80, **environ: str) -> Terminal:
    return Terminal(
        command(play), play, columns=columns, environ={"PYTHONPATH": str(ROOT), **environ}
    )


@pytest.fixture
def watch(play: Path, app: Path) -> Iterator[Terminal]:
    """A watch whose first grading has failed."""
    opened = open_watch(play)
    try:
        opened.until("Failed: 1 of 2 checks passed", KEY_LINE)
        yield opened
    finally:
        opened.close()


def test_it_shows_what_check_shows_and_says_which_keys_there_are(watch: Terminal) -> None:
    watch.until(
        "Watching first/",
        "started",
        "A test kata first",
        "✓ The first thing holds.",
        "✗ The second thing holds.",
    )
    watch.until("Fix first/app.py and save it.")
    assert watch.lines[-1].split() == KEY_LINE.split()


def test_each_key_does_its_work_and_q_ends(watch: Terminal) -> None:
    for key, seen in (
        ("h", "A hint for first."),
        ("d", "Error: There is nothing to compare in first. Write something."),
        ("l", "0 of 2 passed."),
        ("w", "The report, opened: True."),
        ("r", "again"),
    ):
        watch.forget()
        watch.type(key)
        watch.until(seen, KEY_LINE)
    watch.type("?")
    watch.until("h show one more hint", "q end the watch")
    watch.type("Q")
    assert watch.end() == 0
    assert watch.is_as_before


def test_other_keys_do_nothing_and_are_not_echoed(watch: Terminal) -> None:
    watch.forget()
    watch.type("xyz\x1b[A\x1b[B\x1bOP\x1bq\x04é\n")
    watch.type("h")
    watch.until("A hint for first.")
    assert watch.lines[0] == "A hint for first."


def test_next_works_after_a_pass_and_never_by_itself(watch: Terminal, app: Path) -> None:
    watch.type("n")
    watch.until("`n` works once all checks pass.")
    watch.forget()
    app.write_text("pass")
    watch.until("Passed: all 2 checks passed", "Press n for the next kata.", KEY_LINE_AFTER_A_PASS)
    assert "second/" not in watch.text
    watch.forget()
    watch.type("n")
    watch.until(
        "Handed out: read second/README.md",
        "Watching second/",
        "Error: Nothing can be graded.",
        KEY_LINE,
    )
    watch.forget()
    (app.parent.parent / "second" / "app.py").write_text("pass")
    watch.until("Passed: all 2 checks passed")
    watch.forget()
    watch.type("n")
    watch.until("Congratulations: you have passed all 2 katas.")


def test_after_a_save_that_fails_next_is_no_longer_offered(watch: Terminal, app: Path) -> None:
    app.write_text("pass")
    watch.until(KEY_LINE_AFTER_A_PASS)
    watch.forget()
    app.write_text("fail")
    watch.until("Failed: 1 of 2", KEY_LINE)
    watch.type("n")
    watch.until("`n` works once all checks pass.")


def test_a_save_during_a_grading_starts_over(watch: Terminal, app: Path) -> None:
    watch.forget()
    app.write_text("hang")
    watch.until("The first thing holds.")
    app.write_text("fail")
    watch.until("Saved again: starting over.", "Failed: 1 of 2", KEY_LINE)
    assert watch.text.count("checks passed") == 1


def test_keys_wait_for_the_end_of_a_grading_except_rerun_and_quit(
    watch: Terminal, app: Path
) -> None:
    watch.forget()
    app.write_text("hang")
    watch.until("The first thing holds.")
    watch.type("hr")
    watch.until("Starting over.", "A hint for first.")
    watch.type("q")
    assert watch.end() == 0
    assert watch.is_as_before


def press_ctrl_c(opened: Terminal) -> None:
    opened.type("\x03")


def terminate(opened: Terminal) -> None:
    opened.process.terminate()


def hang_up(opened: Terminal) -> None:
    opened.process.send_signal(signal.SIGHUP)


ENDS = [(press_ctrl_c, 130), (terminate, 143), (hang_up, -signal.SIGHUP)]


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_the_terminal_is_restored_whatever_ends_the_watch(
    watch: Terminal, end: Callable[[Terminal], None], code: int
) -> None:
    end(watch)
    assert watch.end() == code
    assert watch.is_as_before
    assert "Traceback" not in watch.text


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_the_same_in_the_middle_of_a_grading(
    watch: Terminal, app: Path, end: Callable[[Terminal], None], code: int
) -> None:
    watch.forget()
    app.write_text("hang")
    watch.until("saved", "The first thing holds.")
    end(watch)
    assert watch.end() == code
    assert watch.is_as_before
    assert "Traceback" not in watch.text


def test_the_terminal_is_restored_after_a_crash(watch: Terminal, app: Path) -> None:
    app.write_text("crash")
    assert watch.end() == 4
    assert watch.is_as_before
    assert "This is a bug in kata" in watch.text


def test_a_window_that_is_closed_ends_the_watch(watch: Terminal, play: Path) -> None:
    watch.hang_up()
    watch.process.wait(HANG_S)
    with_another = open_watch(play)
    try:
        with_another.until(KEY_LINE)  # no lock is left
    finally:
        with_another.close()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_it_can_be_stopped_and_brought_back(play: Path, app: Path) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with terminal(shell, play, environ={"PYTHONPATH": str(ROOT), "PS1": "> "}) as opened:
        opened.until(">")
        opened.type(" ".join(map(str, command(play))) + "\n")
        opened.until(KEY_LINE)
        opened.type("\x1a")
        opened.until("Stopped")
        opened.forget()
        opened.type("stty -a\n")
        opened.until(" icanon", " echo ")
        app.write_text("pass")  # while it is stopped
        opened.type("fg\n")
        opened.until("Passed: all 2 checks passed", KEY_LINE_AFTER_A_PASS)
        opened.type("h")
        opened.until("A hint for first.")
        opened.forget()
        opened.type("\x1a")
        opened.until("Stopped")
        opened.type("bg\n")
        app.write_text("fail")
        opened.until(
            "Failed: 1 of 2"
        )  # in the background it grades, and leaves the keys to the shell
        opened.forget()
        opened.type("echo typed $((6 * 7))\n")
        opened.until("typed 42")
        opened.type("fg\n")
        opened.until("watch")
        opened.forget()
        opened.until_keys_are_taken()
        opened.type("q")
        opened.until(">")
        opened.forget()
        opened.type("stty -a\n")
        opened.until(" icanon", " echo ")
        opened.type("exit\n")
        opened.end()


def test_without_job_control_ctrl_z_does_nothing(watch: Terminal) -> None:
    watch.type("\x1a")
    watch.forget()
    watch.type("h")
    watch.until("A hint for first.")


def test_at_40_columns_nothing_is_wider(play: Path, app: Path) -> None:
    opened = open_watch(play, columns=40)
    try:
        opened.until("Failed: 1 of 2 checks passed", "keys: h d l r w q ?")
        plain = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", opened.written).decode()
        assert max(len(line) for line in re.split("[\r\n]", plain)) <= 40
        opened.resize(100)
        opened.forget()
        opened.type("r")
        opened.until(KEY_LINE)
    finally:
        opened.close()


def test_without_colour_there_is_none(play: Path, app: Path) -> None:
    opened = open_watch(play, NO_COLOR="1")
    try:
        opened.until(KEY_LINE)
        assert re.search(rb"\x1b\[[0-9;]*3[0-9]", opened.written) is None
    finally:
        opened.close()


def test_a_file_that_is_deleted_is_waited_for(watch: Terminal, app: Path) -> None:
    watch.forget()
    app.unlink()
    watch.until("first/app.py is gone. Waiting until it is back.")
    app.write_text("hang")
    watch.until("The first thing holds.")
    watch.forget()
    app.unlink()  # in the middle of a grading
    watch.until("first/app.py is gone. Waiting until it is back.")
    app.write_text("pass")
    watch.until("Passed: all 2 checks passed")


def test_a_workspace_that_is_removed_ends_the_watch_with_one_sentence(
    watch: Terminal, play: Path
) -> None:
    shutil.rmtree(play)
    assert watch.end() == 2
    assert "is gone, so there is nothing left to watch." in watch.text
    assert "Traceback" not in watch.text
    assert watch.is_as_before


# ---- no terminal


def test_in_a_pipe_there_are_plain_lines_and_no_keys(play: Path, app: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        list(map(str, command(play))),
        cwd=play,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        lines = PipeLines(process.stdout)
        seen = lines.until("Failed: 1 of 2")
        app.write_text("pass")
        seen += lines.until("Next: kata next")
        process.terminate()
        seen += lines.rest()
    assert process.returncode == 143
    assert seen.replace("\n", "").isprintable()
    assert "quit" not in seen
    assert max(len(line) for line in seen.splitlines()) <= 80


def test_a_reader_that_goes_away_ends_the_watch_without_a_traceback(play: Path, app: Path) -> None:
    with subprocess.Popen(
        list(map(str, command(play))),
        cwd=play,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        PipeLines(process.stdout).until("Watching first/")
        process.stdout.close()
        app.write_text("pass")
        assert "Traceback" not in PipeLines(process.stderr).rest()
        assert process.wait(HANG_S) != 0
