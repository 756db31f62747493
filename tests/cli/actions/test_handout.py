"""`kata next` in this process: what it hands out, and what it says."""

from pathlib import Path

from grader.workspace.progress import State, Workspace
from tests.cli.commands import KataHere, passes


def test_the_first_kata_comes_with_a_new_workspace(run: KataHere, play: Path) -> None:
    ran = run("next", cwd=play)
    assert (ran.code, ran.err) == (0, "")
    out = " ".join(ran.out.split())
    assert f"{play} is now your workspace" in out
    assert "A test kata (tier 1) Nothing." in out
    assert "Handed out: read first/README.md" in out
    assert (play / "first" / "app.py").exists()


def test_a_kata_that_was_handed_out_is_left_as_it_is(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text("mine")
    out = run("next", cwd=begun).out
    assert "This is already your current kata. Your file is first/app.py" in out
    assert "is now your workspace" not in out
    assert (begun / "first" / "app.py").read_text() == "mine"


def test_skip_skips_the_current_kata_and_says_how_to_return(run: KataHere, begun: Path) -> None:
    out = run("next", "--skip", cwd=begun).out
    assert "Skipped first. To return to it: kata check first" in out
    assert "Handed out: read second/README.md" in out
    assert Workspace(begun).states({})["first"] is State.SKIPPED


def test_at_the_end_nothing_is_handed_out(run: KataHere, begun: Path) -> None:
    for slug in ("first", "second"):
        passes(begun, slug)
    out = run("next", "--skip", cwd=begun).out
    assert "Skipped third." in out
    assert "2 of 3 katas passed" in out
    assert not (begun / "third").exists()
