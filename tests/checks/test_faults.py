"""Sentences for the author of a kata whose own code failed."""

from pathlib import Path

import pytest

from grader.checks import faults
from grader.checks.faults import LINE_CHARS, describe, fault_of_check, last_line, place_of

HERE = Path(__file__)


def raised(error: Exception) -> Exception:
    """The same exception after it was raised in this file."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_the_place_is_the_innermost_line_of_the_file() -> None:
    error = raised(ValueError("oops"))
    assert error.__traceback__ is not None
    assert place_of(error, HERE) == f"{HERE}:{error.__traceback__.tb_lineno}"


def test_an_exception_from_elsewhere_has_the_file_alone() -> None:
    assert place_of(raised(ValueError()), Path(faults.__file__)) == faults.__file__


def test_a_long_message_is_shortened() -> None:
    assert describe(ValueError("x" * 1000)) == f"ValueError: {'x' * faults.MESSAGE_CHARS}"


def test_an_exception_of_a_check_is_quoted_with_its_line() -> None:
    assert fault_of_check(raised(ValueError("oops")), HERE).endswith(" raised ValueError: oops")


def test_a_bare_assert_is_refused_with_what_to_use_instead() -> None:
    fault = fault_of_check(raised(AssertionError()), HERE)
    assert fault.endswith(" uses `assert`, which leaves no evidence; use expect().")


@pytest.mark.parametrize(
    ("report", "line"),
    [
        ("first\nE   ValueError: oops\n\n", "ValueError: oops"),
        ("", "no message"),
        ("x" * 1000, "x" * LINE_CHARS),
    ],
)
def test_the_last_line_of_a_report_names_the_exception(report: str, line: str) -> None:
    assert last_line(report) == line
