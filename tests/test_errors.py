"""The tree of expected errors, and the exit code of each."""

import re

from grader import errors
from grader.errors import BrokenError, ExitCode, GraderError, UsageError

ALL = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, GraderError)
]


def test_the_tree_in_the_docstring_has_every_error_below_its_base() -> None:
    bases: dict[int, str] = {}
    drawn: dict[str, str | None] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([ │├└─]*)([A-Z]\w+)(?: +\d.*)?$", line)
        if found:
            depth = len(found[1])
            bases[depth] = found[2]
            drawn[found[2]] = bases.get(depth - 4)
    assert drawn == {
        error.__name__: None if error is GraderError else error.__base__.__name__
        for error in ALL
        if error.__base__ is not None
    }


def test_a_usage_error_exits_with_2_and_all_others_with_4() -> None:
    for error in ALL:
        wanted = ExitCode.USAGE if issubclass(error, UsageError) else ExitCode.BROKEN
        assert error.exit_code is wanted


def test_no_expected_error_exits_as_a_failed_check_does() -> None:
    assert ExitCode.FAILED not in {error.exit_code for error in ALL}


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = BrokenError("It is broken.", "Try again.")
    assert (error.message, error.hint, str(error)) == (
        "It is broken.",
        "Try again.",
        "It is broken. Try again.",
    )
    assert str(BrokenError("It is broken.")) == "It is broken."
