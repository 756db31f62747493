"""A crash of the grader: the traceback, escaped, and whose bug it is."""

import pytest

from grader.cli.crash import TRACEBACK_LINES, print_crash


def crash(error: RuntimeError) -> None:
    """Handle this error as the command does."""
    try:
        raise error
    except RuntimeError:
        print_crash()


def test_a_crash_is_called_a_bug_of_the_grader(capsys: pytest.CaptureFixture[str]) -> None:
    crash(RuntimeError("the cause"))
    told = capsys.readouterr()
    assert told.out == ""
    assert "RuntimeError: the cause" in told.err
    assert "This is a bug in kata" in told.err.splitlines()[-1]


def test_text_of_a_solution_in_a_traceback_is_escaped_and_bounded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    crash(RuntimeError("\x1b[2J\u202e" + "x\n" * 2 * TRACEBACK_LINES))
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == TRACEBACK_LINES + 2
