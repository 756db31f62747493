"""Which mutants are graded, and what follows from the results; nothing is really graded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.examples import Example
from grader.authoring.lint.package import read_package
from grader.authoring.mutants.proof import Fate, MutantProof
from grader.authoring.mutants.prover import MOST_ERRORS, MutantProver
from grader.authoring.proof import ProofVerdict
from grader.catalog.find import find_catalog
from grader.errors import HarnessError
from grader.report import Outcome
from tests.authoring.mutants.programs import ORDERS
from tests.authoring.trials import FAIL, NOT_RUN, PASS, UNCLEAR, trial

MakeProver = Callable[..., MutantProver]
KEY = "drop-lock:19"


@pytest.fixture
def make_prover(make_kata: Callable[..., Path]) -> MakeProver:
    """Makes a prover whose reference has mutants, with this text of `mutants.toml`."""

    def make(equivalents: str | None = None, reference: str | None = ORDERS) -> MutantProver:
        files = {"accepted/reference.py": reference, "mutants.toml": equivalents}
        kata = find_catalog(make_kata(files=files)).kata("tiny")
        return MutantProver(kata, read_package(kata.folder))

    return make


def declared(key: str = KEY) -> str:
    return f'["{key}"]\nreason = "The same."\n'


def graded(
    prover: MutantProver,
    folder: Path,
    outcomes: Callable[[Example], Outcome] = lambda _: FAIL,
    *,
    reference: Outcome = PASS,
) -> list[Example]:
    """The first gradings with these outcomes of the first check."""
    folder.mkdir(exist_ok=True)
    examples = prover.first_gradings(folder)
    prover.begin()
    for number, example in enumerate(examples):
        outcome = reference if number == 0 else outcomes(example)
        prover.note_trial(trial(example, outcome, NOT_RUN if outcome is FAIL else PASS))
    return examples


def only(key: str, outcome: Outcome) -> Callable[[Example], Outcome]:
    """This outcome for one mutant; the others fail."""
    return lambda example: outcome if example.name == key else FAIL


def fate(proof: MutantProof, key: str = KEY) -> tuple[Fate, str]:
    (one,) = (each for each in proof.judged if each.mutant.key == key)
    return one.fate, one.why


def test_the_reference_is_graded_first_and_then_each_mutant_in_a_folder_of_its_own(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    reference, *mutants = prover.first_gradings(tmp_path)
    assert reference.label == "accepted/reference"
    assert len({example.path for example in mutants}) == len(mutants) == prover.planned - 1
    assert {path.name for path in mutants[0].path.iterdir()} == {"app.py", "mutant.py"}
    (dropped,) = (each for each in mutants if each.name == KEY)
    assert "async with" not in (dropped.path / "app.py").read_text()


def test_mutants_that_fail_a_check_are_killed_by_it(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    graded(prover, tmp_path / "mutants")
    assert prover.further_gradings() == []
    proof = prover.proof()
    assert (proof.score, proof.verdict) == (1.0, ProofVerdict.PROVED)
    assert fate(proof) == (Fate.KILLED, "test_a")
    assert (proof.gradings, proof.planned) == (proof.chosen + 1, proof.chosen + 1)


def test_an_inconclusive_mutant_is_graded_once_more(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    graded(prover, tmp_path / "mutants", only(KEY, UNCLEAR))
    (again,) = prover.further_gradings()
    assert again.name == KEY
    prover.note_trial(trial(again, UNCLEAR, PASS))
    assert prover.further_gradings() == []
    assert fate(prover.proof()) == (Fate.UNDECIDED, "inconclusive at test_a")
    assert prover.proof().verdict is ProofVerdict.BROKEN


def test_the_second_grading_decides(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover()
    graded(prover, tmp_path / "mutants", only(KEY, UNCLEAR))
    (again,) = prover.further_gradings()
    prover.note_trial(trial(again, FAIL, NOT_RUN))
    assert fate(prover.proof()) == (Fate.KILLED, "test_a")


def test_a_declared_mutant_is_equivalent_and_does_not_count(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(declared())
    (example,) = (each for each in prover.first_gradings(tmp_path) if each.name == KEY)
    prover.note_trial(trial(example, PASS, PASS))
    proof = prover.proof()
    assert fate(proof) == (Fate.EQUIVALENT, "The same.")
    assert (proof.score, proof.problems) == (None, ())


@pytest.mark.parametrize("outcome", [UNCLEAR, Outcome.BROKEN])
def test_a_declared_mutant_that_never_passed_is_undecided(
    make_prover: MakeProver, tmp_path: Path, outcome: Outcome
) -> None:
    prover = make_prover(declared())
    graded(prover, tmp_path / "mutants", only(KEY, outcome))
    for again in prover.further_gradings():
        prover.note_trial(trial(again, outcome, PASS))
    assert fate(prover.proof()) == (Fate.UNDECIDED, f"{outcome} at test_a")
    assert prover.proof().verdict is ProofVerdict.BROKEN


def test_an_undeclared_one_survives(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover()
    (example,) = (each for each in prover.first_gradings(tmp_path) if each.name == KEY)
    prover.note_trial(trial(example, PASS, PASS))
    assert fate(prover.proof()) == (Fate.SURVIVED, "")
    assert prover.proof().verdict is ProofVerdict.WRONG


def test_a_declared_mutant_that_is_killed_is_a_problem(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(declared())
    graded(prover, tmp_path / "mutants")
    (problem,) = prover.proof().problems
    assert (problem.file, problem.line) == ("mutants.toml", 1)
    assert problem.text == f'["{KEY}"] is not equivalent: it fails test_a; remove it.'
    assert prover.proof().verdict is ProofVerdict.WRONG


def test_a_declaration_without_a_mutant_is_a_problem(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(declared("drop-lock:99"))
    graded(prover, tmp_path / "mutants")
    (problem,) = prover.proof().problems
    assert '["drop-lock:99"] is no mutant of accepted/reference.py' in problem.text


def test_nothing_follows_where_the_reference_fails(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover()
    graded(prover, tmp_path / "mutants", reference=FAIL)
    assert prover.is_stopped
    proof = prover.proof()
    (problem,) = proof.problems
    assert "is failed at test_a" in problem.text
    assert (proof.judged, proof.verdict) == ((), ProofVerdict.WRONG)


def test_a_reference_in_doubt_is_the_machines_fault(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    reference, *_ = graded(prover, tmp_path / "mutants", reference=UNCLEAR)
    assert prover.further_gradings() == [reference]
    prover.note_trial(trial(reference, UNCLEAR, PASS))
    assert prover.proof().verdict is ProofVerdict.BROKEN


def test_an_error_leaves_a_mutant_undecided_and_several_stop_the_kata(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    _, *mutants = prover.first_gradings(tmp_path)
    for number, example in enumerate(mutants[:MOST_ERRORS], 1):
        prover.note_error(example, HarnessError("No worker."))
        assert prover.is_stopped is (number == MOST_ERRORS)
    proof = prover.proof()
    assert {(each.fate, each.why) for each in proof.judged} == {(Fate.UNDECIDED, "No worker.")}
    assert (len(proof.judged), proof.verdict) == (MOST_ERRORS, ProofVerdict.BROKEN)


def test_an_error_of_the_reference_stops_the_kata(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover()
    reference, *_ = prover.first_gradings(tmp_path)
    prover.note_error(reference, HarnessError("No worker."))
    assert prover.is_stopped
    assert [problem.text for problem in prover.proof().problems] == ["No worker."]


def test_after_an_interruption_the_results_so_far_are_kept(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover()
    examples = prover.first_gradings(tmp_path)
    prover.note_trial(trial(examples[1], FAIL, NOT_RUN))
    proof = prover.proof(is_interrupted=True)
    assert (len(proof.judged), proof.verdict) == (1, ProofVerdict.INTERRUPTED)


def test_a_reference_that_cannot_be_parsed_is_a_problem(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(reference="x = (\n")
    assert prover.first_gradings(tmp_path) == []
    (problem,) = prover.proof().problems
    assert (problem.file, problem.line) == ("accepted/reference.py", 1)


def test_a_missing_reference_is_a_problem(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover(reference=None)
    assert prover.first_gradings(tmp_path) == []
    (problem,) = prover.proof().problems
    assert (problem.file, problem.text) == (
        "accepted/reference.py",
        "is missing: mutants are made of it.",
    )
    assert prover.proof().verdict is ProofVerdict.WRONG


def test_a_reference_without_anything_to_change_has_no_mutants(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(reference="app = None\n")
    assert prover.first_gradings(tmp_path) == []
    assert prover.proof().verdict is ProofVerdict.PROVED
