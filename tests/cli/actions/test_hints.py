"""`kata hint` and `kata solution`."""

from pathlib import Path

import pytest

from tests.cli.commands import RIGHT, KataHere, MakeKata, full_disk, one_sentence, passes


def test_each_call_shows_one_more_hint_and_the_last_shows_the_way_to_the_solution(
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
        "There are no more hints. To give up and see the solution: kata solution --give-up"
        in shown[2]
    )
    assert "You have seen all hints." in shown[3]
    assert "kata hint --all" in shown[3]
    assert "3 of 3 hints seen" in run(cwd=begun).out


def test_all_hints_at_once_are_remembered_too(run: KataHere, begun: Path) -> None:
    out = run("hint", "--all", cwd=begun).out
    assert out.index("Hint 1 of 3") < out.index("Hint 2 of 3") < out.index("Hint 3 of 3")
    assert "You have seen all hints." in run("hint", "first", cwd=begun).out


def test_a_hint_is_shown_even_when_it_cannot_be_recorded(
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


def test_giving_up_shows_the_solution_is_recorded_and_leads_on(run: KataHere, begun: Path) -> None:
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


def test_nothing_is_shown_when_giving_up_cannot_be_recorded(
    run: KataHere, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch)
    ran = run("solution", "--give-up", cwd=begun)
    assert (ran.code, one_sentence(ran.err), ran.out) == (4, True, "")


def test_the_reference_is_shown_whole_and_every_accepted_solution_as_a_diff(
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


def test_the_learners_solution_may_be_one_of_them_or_missing(run: KataHere, begun: Path) -> None:
    passes(begun, "first")
    (begun / "first" / "app.py").write_text(RIGHT)
    assert "Yours is identical." in run("solution", cwd=begun).out
    (begun / "first" / "app.py").unlink()
    out = run("solution", cwd=begun).out
    assert "Your solution cannot be compared: " in out
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
    assert "Nothing has changed: second is still the starter." in run("diff", cwd=begun).out
