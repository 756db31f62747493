"""A mutant, its key and its diff."""

from grader.authoring.mutants.mutant import MOST_LINES, Mutant


def mutant(text: str = "x = 2\n", number: int = 1) -> Mutant:
    return Mutant("limit-more", 7, number, text, text)


def test_the_key_has_operator_and_line_and_a_number_where_one_line_has_several() -> None:
    assert mutant().key == "limit-more:7"
    assert mutant(number=2).key == "limit-more:7.2"


def test_the_diff_shows_what_changed() -> None:
    assert mutant().diff("x = 1\n") == ("@@ -1 +1 @@", "-x = 1", "+x = 2")


def test_form_feeds_do_not_break_lines() -> None:
    assert mutant("x = 2\x0c\n").diff("x = 1\x0c\n")[1:] == ("-x = 1\x0c", "+x = 2\x0c")


def test_a_long_diff_is_cut_off() -> None:
    lines = mutant("".join(f"{n}\n" for n in range(100))).diff("")
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "… 61 more lines"
