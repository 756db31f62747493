"""Words and the JSON document for mutants, the same for every renderer."""

from collections.abc import Sequence
from typing import Any

from grader.authoring.mutants.proof import Fate, Judged, MutantProof, verdict_of_mutants
from grader.authoring.proof import ProofVerdict
from grader.formats import REPORT_FORMAT
from grader.render.json_ import as_document, problem_document
from grader.render.proof import duration
from grader.render.text import printable
from grader.report import GraderInfo

NAMES = {
    Fate.KILLED: "killed",
    Fate.EQUIVALENT: "equivalent",
    Fate.SURVIVED: "survived",
    Fate.UNDECIDED: "undecided",
}


def mutants_summary(proof: MutantProof) -> str:
    """The result of one kata in a sentence or two."""
    score = "no score" if proof.score is None else f"score {percent(proof.score)}"
    counts = ", ".join(
        f"{count} {name}"
        for fate, name in NAMES.items()
        if (count := len(proof.of(fate))) or fate is Fate.KILLED
    )
    results = f"{counts}; {score}"
    if proof.is_interrupted:
        return f"Interrupted after {len(proof.judged)} of {proof.chosen} mutants: {results} so far."
    if not proof.chosen and not proof.problems:
        return "There are no mutants: no operator finds anything to change."
    took = duration(proof.duration_s)
    of = f" of {proof.found}" if proof.found > proof.chosen else ""
    text = f"{len(proof.judged)}{of} mutants: {results}, {took}."
    if proof.problems:
        count = len(proof.problems)
        text += f" {count} problem{'' if count == 1 else 's'}."
    return text


def percent(share: float) -> str:
    """A share in percent; 100 % only if nothing is missing."""
    return f"{int(100 * share)} %"


def overall_mutants(proofs: Sequence[MutantProof], katas: int) -> str:
    """The result of all katas in a sentence or two."""
    whole = sum(proof.verdict is ProofVerdict.PROVED for proof in proofs)
    others = [
        printable(proof.kata, 60) for proof in proofs if proof.verdict is not ProofVerdict.PROVED
    ]
    return f"In {whole} of {katas} katas no mutant survives." + (
        f" Look at: {', '.join(others)}." if others else ""
    )


def lines_to_add(judged: Judged) -> tuple[str, str]:
    """The lines of `mutants.toml` that declare this mutant equivalent."""
    return f'["{judged.mutant.key}"]', 'reason = "…"'


def render_mutants(proofs: Sequence[MutantProof], grader: GraderInfo) -> str:
    """The results of `kata verify --mutants` as one document."""
    return as_document(
        {
            "format": REPORT_FORMAT,
            "verdict": verdict_of_mutants(proofs).value,
            "katas": [_kata(proof) for proof in proofs],
        },
        grader,
    )


def _kata(proof: MutantProof) -> dict[str, Any]:
    return {
        "kata": proof.kata,
        "verdict": proof.verdict.value,
        "duration_s": round(proof.duration_s, 3),
        "is_interrupted": proof.is_interrupted,
        "problems": [problem_document(proof.kata, problem) for problem in proof.problems],
        "gradings": {"planned": proof.planned, "made": proof.gradings},
        "found": proof.found,
        "chosen": proof.chosen,
        **{name: len(proof.of(fate)) for fate, name in NAMES.items()},
        "score": None if proof.score is None else round(proof.score, 4),
        "mutants": [_mutant(proof, judged) for judged in proof.judged],
    }


def _mutant(proof: MutantProof, judged: Judged) -> dict[str, Any]:
    mutant = judged.mutant
    return {
        "key": mutant.key,
        "operator": mutant.operator,
        "line": mutant.line,
        "fate": judged.fate.value,
        "why": printable(judged.why),
        "duration_s": round(judged.duration_s, 3),
        "diff": list(mutant.diff(proof.reference)),
    }
