"""Words for what proving a kata gave, for every renderer the same."""

from collections.abc import Sequence

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Margin, Problem, Proof, ProofVerdict
from grader.render.text import printable
from grader.render.wording import amount, message
from grader.report import Outcome, Verdict

PROBLEM_CHARS = 1000
FAILURES = (Outcome.FAILED, Outcome.NOT_RUN)


def place(slug: str, problem: Problem) -> str:
    """Where a problem is: "sleepy-handler/checks.py:12"."""
    if not problem.file:
        return printable(slug)
    line = "" if problem.line is None else f":{problem.line}"
    return printable(f"{slug}/{problem.file}{line}")


def sentence(problem: Problem) -> str:
    """What is wrong, and why if a check told."""
    why = f" {message(problem.why)}" if problem.why is not None else ""
    return printable(problem.text + why, PROBLEM_CHARS)


def common_outcome(proof: Proof, example: Example, check: str) -> Outcome | None:
    """What a check gave in every round; None when rounds differ. Inconclusive rounds count only when all are."""
    outcomes = set(proof.outcomes(example, check))
    clear = {outcome for outcome in outcomes if outcome is not Outcome.INCONCLUSIVE}
    common = clear or outcomes
    return common.pop() if len(common) == 1 else None


def is_as_declared(proof: Proof, example: Example, check: str) -> bool:
    """Whether a cell of the matrix is what it must be; junk may fail where it likes."""
    outcome = common_outcome(proof, example, check)
    if example.fails is None:
        return outcome is not Outcome.BROKEN
    return outcome is Outcome.INCONCLUSIVE or outcome in (FAILURES if check in example.fails else (Outcome.PASSED,))


def is_right(proof: Proof, example: Example) -> bool:
    """Whether an example got what it must get, in every round."""
    verdicts = {trial.verdict for trial in proof.trials if trial.example == example}
    if example.kind is Kind.JUNK:
        return Verdict.PASSED not in verdicts and Verdict.BROKEN not in verdicts
    return all(is_as_declared(proof, example, check) for check in proof.checks)


def margin_cells(proof: Proof, margin: Margin) -> tuple[str, ...]:
    """One clock limit: check, what is timed, slowest accepted, margin, limit, margin, fastest rejected."""
    number = str(proof.checks.index(margin.check) + 1) if margin.check in proof.checks else printable(margin.check)
    slowest = amount(margin.slowest.timing.measured_s, "s") if margin.slowest else "none"
    fastest = amount(margin.fastest.timing.measured_s, "s") if margin.fastest else "none"
    if margin.fastest and margin.fastest.timing.is_bound:
        fastest = f"≥ {fastest}"
    return number, printable(margin.what), slowest, _times(margin.above), amount(margin.limit_s, "s"), _times(margin.below), fastest


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f} ×"


def proof_summary(proof: Proof) -> str:
    """One sentence about a kata."""
    counts = f"{len(proof.trials)} gradings, {proof.judged} results, {proof.inconclusive} inconclusive, {_duration(proof.duration_s)}"
    problems = f"{len(proof.problems)} problem{'' if len(proof.problems) == 1 else 's'}"
    if proof.is_interrupted:
        return f"Interrupted after {len(proof.trials)} of {proof.planned} gradings; {problems} so far."
    if proof.verdict is ProofVerdict.PROVED:
        return f"Proved: {counts}."
    if proof.verdict is ProofVerdict.WRONG:
        return f"Wrong: {problems} ({counts})."
    return f"Not proved on this machine: {problems} ({counts})."


def _duration(duration_s: float) -> str:
    return amount(duration_s, "s") if duration_s < 100 else f"{duration_s / 60:.0f} min"


def overall_summary(proofs: Sequence[Proof], katas: int) -> str:
    """One sentence about all katas that were to be proved."""
    proved = sum(proof.verdict is ProofVerdict.PROVED for proof in proofs)
    others = [printable(proof.kata, 60) for proof in proofs if proof.verdict is not ProofVerdict.PROVED]
    return f"{proved} of {katas} katas are proved." + (f" Not: {', '.join(others)}." if others else "")
