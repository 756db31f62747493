"""`kata verify` in this process, with proofs that are made up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.authoring.observer import ProofObserver
from grader.authoring.proof import Problem, Proof
from grader.authoring.prover import Plan
from grader.catalog.find import Catalog
from grader.cli.actions import verify
from grader.errors import ExitCode, UnknownKata
from grader.interactive.signals import EndSignals
from tests.authoring.trials import RIGHT, proof_of

PROVED = replace(proof_of(*RIGHT), problems=())
WRONG = replace(PROVED, problems=(Problem("checks.py", "A mistake."),))
BROKEN = replace(PROVED, problems=(Problem("", "No memory.", is_environment=True),))
INTERRUPTED = replace(PROVED, is_interrupted=True)


@dataclass
class FakeProver:
    """Gives the same proof of each kata, and keeps what it was asked for."""

    proof: Proof = PROVED
    slugs: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def prove(
        self,
        catalog: Catalog,
        slugs: Sequence[str],
        plan: Plan,
        observer: ProofObserver,
        ending: EndSignals,
    ) -> list[Proof]:
        self.slugs += slugs
        self.plans.append(plan)
        return [replace(self.proof, kata=slug) for slug in slugs]


@pytest.fixture
def prover(monkeypatch: pytest.MonkeyPatch) -> FakeProver:
    prover = FakeProver()
    monkeypatch.setattr(verify, "prove_katas", prover.prove)
    return prover


def verified(
    katas: Path,
    *slugs: str,
    repeat: int = 1,
    noise: int = 0,
    shuffle: bool = False,
    jobs: int = 1,
    quick: bool = False,
    as_json: bool = False,
) -> ExitCode:
    return verify.verify_katas(
        slugs,
        katas,
        repeat=repeat,
        noise=noise,
        shuffle=shuffle,
        jobs=jobs,
        quick=quick,
        mutants=False,
        as_json=as_json,
    )


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (PROVED, ExitCode.PASSED),
        (WRONG, ExitCode.FAILED),
        (BROKEN, ExitCode.BROKEN),
        (INTERRUPTED, ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_is_that_of_the_verdict(
    prover: FakeProver, katas: Path, proof: Proof, code: ExitCode, as_json: bool
) -> None:
    prover.proof = proof
    assert verified(katas, as_json=as_json) is code


def test_without_slugs_all_katas_are_proved_in_order(prover: FakeProver, katas: Path) -> None:
    verified(katas)
    assert prover.slugs == ["first", "second", "third"]


def test_a_kata_that_is_named_twice_is_proved_once(prover: FakeProver, katas: Path) -> None:
    verified(katas, "third", "first", "third")
    assert prover.slugs == ["third", "first"]


def test_an_unknown_kata_stops_everything(prover: FakeProver, katas: Path) -> None:
    with pytest.raises(UnknownKata):
        verified(katas, "first", "none")
    assert prover.slugs == []


def test_the_plan_has_the_options(prover: FakeProver, katas: Path) -> None:
    verified(katas, repeat=2, noise=3, shuffle=True, jobs=4, quick=True)
    assert prover.plans == [Plan(2, 3, is_shuffled=True, jobs=4, is_quick=True)]


def test_only_several_katas_are_summed_up(
    prover: FakeProver, katas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verified(katas, "first")
    assert capsys.readouterr().out.strip() == ""
    verified(katas)
    assert capsys.readouterr().out.strip() == "3 of 3 katas are proved."


def test_json_is_one_document_and_nothing_else(
    prover: FakeProver, katas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verified(katas, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [each["kata"] for each in document["katas"]] == ["first", "second", "third"]
