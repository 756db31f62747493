"""`kata verify --mutants` in this process, with proofs that are made up."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.mutants.proof import Fate, MutantProof
from grader.cli.actions import mutants
from grader.cli.actions.verify import verify_katas
from grader.errors import ExitCode, UsageError
from tests.authoring.mutants.proofs import proof_of
from tests.waiting import HANG_S


def measured(
    katas: Path,
    *,
    repeat: int = 1,
    noise: int = 0,
    shuffle: bool = False,
    quick: bool = False,
    as_json: bool = False,
) -> ExitCode:
    return verify_katas(
        ["first", "second"],
        katas,
        repeat=repeat,
        noise=noise,
        shuffle=shuffle,
        jobs=2,
        quick=quick,
        mutants=True,
        as_json=as_json,
    )


def pretend(monkeypatch: pytest.MonkeyPatch, *proofs: MutantProof) -> None:
    monkeypatch.setattr(mutants, "_measure", lambda *_: list(proofs))


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (proof_of(Fate.KILLED, Fate.EQUIVALENT), ExitCode.PASSED),
        (proof_of(Fate.KILLED, Fate.SURVIVED), ExitCode.FAILED),
        (proof_of(Fate.KILLED, Fate.UNDECIDED), ExitCode.BROKEN),
        (replace(proof_of(Fate.KILLED), is_interrupted=True), ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_is_that_of_the_verdict(
    katas: Path, monkeypatch: pytest.MonkeyPatch, proof: MutantProof, code: ExitCode
) -> None:
    pretend(monkeypatch, proof)
    assert measured(katas) is code


def test_json_is_one_document(
    katas: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, proof_of(Fate.KILLED), proof_of(Fate.SURVIVED))
    measured(katas, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [each["survived"] for each in document["katas"]] == [0, 1]


def test_several_katas_are_summed_up(
    katas: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, proof_of(Fate.KILLED), proof_of(Fate.KILLED))
    measured(katas)
    assert capsys.readouterr().out.strip() == "In 2 of 2 katas no mutant survives."


@pytest.mark.parametrize(
    "options", [{"repeat": 2}, {"noise": 1}, {"shuffle": True}, {"quick": True}]
)
def test_options_for_examples_are_refused(katas: Path, options: dict[str, int | bool]) -> None:
    with pytest.raises(UsageError, match=r"^--mutants cannot be combined with --repeat"):
        measured(katas, **options)  # type: ignore[arg-type]


def test_without_libcst_one_sentence_says_what_to_install(
    katas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants, "LIBRARY", "libcst_that_is_missing")
    with pytest.raises(UsageError) as raised:
        measured(katas)
    assert raised.value.hint == 'Run `pip install "fastapi-katas[authors]"`.'


def test_other_proofs_do_not_need_libcst() -> None:
    code = "import sys, grader.cli.actions.verify; sys.exit('libcst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=HANG_S).returncode == 0
