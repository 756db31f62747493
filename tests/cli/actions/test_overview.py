"""`kata` alone: progress, the current kata, and what to type next."""

from pathlib import Path

from grader.workspace.progress import State, Workspace
from tests.cli.commands import KataHere, passes


def test_without_a_workspace_kata_says_how_to_begin_and_writes_nothing(
    run: KataHere, play: Path
) -> None:
    ran = run(cwd=play)
    assert (ran.code, ran.err) == (0, "")
    assert "To start, type: kata next" in ran.out
    assert "the first of 3 katas" in ran.out
    assert list(play.iterdir()) == []


def test_kata_shows_the_progress_and_what_to_type_next(run: KataHere, begun: Path) -> None:
    ran = run(cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[0] == "0 of 3 katas passed"
    assert lines[1].endswith(" 0 %")
    assert "Tier 1 · All" in ran.out
    assert "0 of 3  ›··" in ran.out
    assert "first/app.py, 0 of 3 hints seen" in lines
    assert "Read first/README.md, then fix first/app.py." in lines
    assert "When it is fixed, type: kata check" in lines


def test_kata_after_a_pass_names_the_next_one(run: KataHere, begun: Path) -> None:
    passes(begun, "first")
    out = run(cwd=begun).out
    assert "1 of 3 katas passed" in out
    assert "1 of 3  ✓›·" in out
    assert "To get it, type: kata next" in out


def test_in_the_folder_of_another_kata_the_way_there_is_shown(run: KataHere, begun: Path) -> None:
    """Commands without a slug mean the kata of the folder."""
    passes(begun, "first")
    for command in (["next"], []):
        assert "so first: cd ../second\n" in run(*command, cwd=begun / "first").out
        assert "so first: cd" not in run(*command, cwd=begun / "second").out
        assert "so first: cd" not in run(*command, cwd=begun).out


def test_after_the_last_kata_the_skipped_ones_are_listed(run: KataHere, begun: Path) -> None:
    Workspace(begun).set_state("first", State.GIVEN_UP, {})
    Workspace(begun).set_state("second", State.SKIPPED, {})
    passes(begun, "third")
    out = run(cwd=begun).out
    assert "1 of 3 katas passed" in out
    assert "  kata check first\n  kata check second\n" in out
    assert "- skipped, ~ given up" in out
    for slug in ("first", "second"):
        passes(begun, slug)
    assert "Congratulations: you have passed all 3 katas." in run(cwd=begun).out
