"""`kata doctor` in this process, on machines that are made up."""

import json
from collections.abc import Iterator

import pytest

from grader.cli.actions import doctor
from grader.errors import ExitCode
from grader.facts import Fact, FactState

GOOD = Fact("Python", FactState.GOOD, "3.11")
LACKING = Fact("Sandbox", FactState.LACKING, "none", "Install bubblewrap.")
BAD = Fact("PostgreSQL", FactState.BAD, "does not start", "Install it.")


def machine(monkeypatch: pytest.MonkeyPatch, *facts: Fact) -> None:
    """Let this be a machine with these facts."""

    def survey() -> Iterator[Fact]:
        yield from facts

    monkeypatch.setattr(doctor, "survey", survey)


def test_katas_can_be_graded_where_something_is_lacking(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, GOOD, LACKING)
    assert doctor.examine(as_json=False) is ExitCode.PASSED
    shown = capsys.readouterr().out
    assert "Python: 3.11" in shown
    assert shown.index("Sandbox: none") < shown.index("Install bubblewrap.")
    assert shown.endswith("Katas can be graded here.\n")


def test_what_makes_gradings_impossible_is_named_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, BAD, GOOD, Fact("Cores", FactState.BAD, "none"))
    assert doctor.examine(as_json=False) is ExitCode.BROKEN
    shown = capsys.readouterr().out
    assert shown.endswith("Katas can be graded here once this is fixed: PostgreSQL, Cores.\n")


@pytest.mark.parametrize(
    ("fact", "code"),
    [(GOOD, ExitCode.PASSED), (LACKING, ExitCode.PASSED), (BAD, ExitCode.BROKEN)],
)
def test_json_has_the_same_facts_and_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fact: Fact, code: ExitCode
) -> None:
    machine(monkeypatch, fact)
    assert doctor.examine(as_json=True) is code
    (shown,) = json.loads(capsys.readouterr().out)["facts"]
    assert (shown["name"], shown["state"]) == (fact.name, fact.state)
