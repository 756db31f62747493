"""`kata check` in this process: what it shows besides the verdict."""

import json
from pathlib import Path

import pytest

from grader.grading.graded import Graded
from grader.grading.session import Settings
from grader.workspace.progress import State, Workspace
from tests.cli.commands import RIGHT, KataHere, full_disk, one_sentence
from tests.cli.pretend import PASS


@pytest.fixture
def graded_as_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every grading gives a pass, without a server."""

    def grade(kata: object, solution: Path, settings: Settings) -> Graded:
        return PASS

    monkeypatch.setattr("grader.cli.actions.check.grade", grade)


@pytest.mark.usefixtures("graded_as_passed")
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_verdict_is_shown_even_when_the_pass_cannot_be_recorded(
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
def test_check_shows_what_has_changed_before_it_grades(
    run: KataHere, katas: Path, begun: Path
) -> None:
    (katas / "first" / "checks.py").write_text("# another")
    assert json.loads(run("check", "--json", cwd=begun).out)["verdict"] == "passed"
    out = run("check", "first", cwd=begun).out
    assert out.index(
        "Changed since you passed them (they still count as passed): first."
    ) < out.index("Passed: ")


def test_the_verdict_is_valid_even_when_its_run_cannot_be_saved(run: KataHere, begun: Path) -> None:
    (begun / "first" / "app.py").write_text(RIGHT)
    (begun / ".kata" / "runs").write_text("no folder")
    ran = run("check", cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    assert "Passed: " in ran.out
    assert "The run cannot be saved in " in ran.out
    assert Workspace(begun).states({})["first"] is State.PASSED
