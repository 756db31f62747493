"""The screen of mutants: survivors as diffs, and what declares them equivalent."""

import io
from dataclasses import replace

import pytest

from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.proof import Fate, Judged, MutantProof
from grader.authoring.proof import Problem
from grader.render.terminal.mutants import MutantScreen
from tests.authoring.mutants.proofs import proof_of
from tests.render.hostile import assert_acts_on_nothing


def shown(proof: MutantProof, monkeypatch: pytest.MonkeyPatch) -> str:
    written = io.BytesIO()
    stdout = io.TextIOWrapper(written, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.setattr("sys.stdout", stdout)
        MutantScreen().kata_ends(proof)
    stdout.flush()
    return written.getvalue().decode()


def test_survivors_are_diffs_and_their_lines_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(proof_of(Fate.KILLED, Fate.SURVIVED), monkeypatch)
    assert text.splitlines() == [
        "Tiny  tiny",
        "",
        "limit-more:2 survived:",
        "  @@ -1,2 +1,2 @@",
        "  -WAIT_S = 1",
        "  +WAIT_S = 2",
        "   lock = 2",
        "",
        "Improve the checks. If a survivor behaves like the reference, add to mutants.toml:",
        "",
        '  ["limit-more:2"]',
        '  reason = "…"',
        "",
        "2 mutants: 1 killed, 1 survived; score 50 %, 2.00 s.",
        "",
    ]


def test_undecided_mutants_and_problems_have_their_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("mutants.toml", "has a mistake.", 3)
    text = shown(replace(proof_of(Fate.UNDECIDED), problems=(problem,)), monkeypatch)
    assert "limit-more:1 is undecided: broken at test_a\n" in text
    assert "tiny/mutants.toml:3: has a mistake.\n" in text
    assert "Improve" not in text


def test_text_of_a_reference_acts_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x = '\x1b[31m\u202e'\n"
    hostile = Judged(Mutant("drop-await", 1, 1, text, text), Fate.SURVIVED)
    assert_acts_on_nothing(shown(replace(proof_of(), judged=(hostile,)), monkeypatch))
