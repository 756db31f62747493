"""Words for proofs, the same for every renderer."""

from collections.abc import Sequence
from typing import NamedTuple

from grader.authoring.demands import is_wrong
from grader.authoring.examples import Example, Kind
from grader.authoring.margins import is_too_near, is_too_slow
from grader.authoring.proof import Margin, Problem, Proof, ProofVerdict, Side
from grader.authoring.thresholds import ABOVE, BELOW
from grader.render.text import printable
from grader.render.wording import amount, message
from grader.report import Outcome, Verdict

PROBLEM_CHARS = 1000

MOST_TIMES = 99
"""Larger factors are shown as "> 99 ×": the margin is ample, whatever its size."""

LEGEND = {
    Outcome.PASSED: "passes",
    Outcome.FAILED: "fails",
    Outcome.NOT_RUN: "not run",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.BROKEN: "broken",
    None: "differs between rounds",
}
"""The meaning of each mark in the matrix; None means that rounds differ."""
WRONG_LEGEND = "not as declared"


class MarginRow(NamedTuple):
    """One line of the margins; a factor that is too small is marked with `*`.

    Attributes:
        check: number of the check in the matrix.
        above: the factor between the slowest accepted example and the limit; for leisurely examples, the seconds left.
        below: the factor between the limit and the fastest rejected example.
    """

    check: str
    what: str
    accepted: str
    above: str
    limit: str
    below: str
    rejected: str


MARGIN_HEADS = MarginRow(
    "",
    "Clock limits, own time",
    "accepted",
    f"≥ {ABOVE:g} ×",
    "limit",
    f"≥ {BELOW:g} ×",
    "rejected",
)


def place(slug: str, problem: Problem) -> str:
    """Where a problem is: "sleepy-handler/checks.py:12"."""
    if not problem.file:
        return printable(slug)
    line = "" if problem.line is None else f":{problem.line}"
    return printable(f"{slug}/{problem.file}{line}")


def sentence(problem: Problem) -> str:
    """The text of a problem, and the message of the check's result, if there is one."""
    why = f" {message(problem.why)}" if problem.why is not None else ""
    return printable(problem.text + why, PROBLEM_CHARS)


def problem_lines(proofs: Sequence[Proof]) -> list[str]:
    """A line for each problem of these proofs: its place and its sentence."""
    return [
        f"{place(proof.kata, problem)}: {sentence(problem)}"
        for proof in proofs
        for problem in proof.problems
    ]


def common_outcome(proof: Proof, example: Example, check: str) -> Outcome | None:
    """The outcome of a check in all clear rounds; None if they differ, inconclusive if there is no clear round."""
    outcomes = set(proof.outcomes(example, check))
    clear = {outcome for outcome in outcomes if outcome is not Outcome.INCONCLUSIVE}
    common = clear or outcomes
    return common.pop() if len(common) == 1 else None


def is_as_declared(proof: Proof, example: Example, check: str) -> bool:
    """Whether a cell of the matrix agrees with the manifest; junk may fail any check."""
    outcome = common_outcome(proof, example, check)
    if example.fails is None or outcome is Outcome.BROKEN:
        return outcome is not Outcome.BROKEN
    return not is_wrong(example, proof.rounds(example), check)


def is_right(proof: Proof, example: Example) -> bool:
    """Whether an example has the declared results."""
    verdicts = {trial.verdict for trial in proof.trials if trial.example == example}
    if example.kind is Kind.JUNK:
        return Verdict.PASSED not in verdicts and Verdict.BROKEN not in verdicts
    return all(is_as_declared(proof, example, check) for check in proof.checks)


def marks_shown(proof: Proof) -> tuple[tuple[Outcome | None, ...], bool]:
    """The marks in the matrix, in the order of the legend, and whether a cell is not as declared."""
    cells = [
        (example, check)
        for example in dict.fromkeys(trial.example for trial in proof.trials)
        for check in proof.checks
    ]
    outcomes = {common_outcome(proof, example, check) for example, check in cells}
    return tuple(o for o in LEGEND if o in outcomes), not all(
        is_as_declared(proof, example, check) for example, check in cells
    )


class RequirementRow(NamedTuple):
    """A line of the table of requirements.

    Attributes:
        checks: their numbers in the matrix.
        rejected: how many rejected examples failed one of them.
    """

    id: str
    checks: str
    rejected: str


REQUIREMENT_HEADS = RequirementRow("Requirements", "checks", "failed by")


def requirement_rows(proof: Proof) -> list[RequirementRow]:
    """The row of each requirement."""
    numbers = {check: str(number) for number, check in enumerate(proof.checks, 1)}
    return [
        RequirementRow(
            printable(name),
            " ".join(sorted({numbers.get(check, "?") for check in checks}, key=_as_number))
            or "none",
            f"{len(proof.failed_by(*checks))} rejected",
        )
        for name, checks in proof.requirements.items()
    ]


def _as_number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def margin_rows(proof: Proof, margin: Margin) -> list[MarginRow]:
    """The row of a clock limit, in own times, and a second row if there are leisurely examples."""
    number = (
        str(proof.checks.index(margin.check) + 1)
        if margin.check in proof.checks
        else printable(margin.check)
    )
    limit = amount(margin.limit_s, "s")
    slowest, leisurely, fastest = (
        next(iter(sides), None) for sides in (margin.accepted, margin.leisurely, margin.rejected)
    )
    above, below, room = "", "", ""
    if slowest is not None:
        above = _times(margin.above) + _star(proof, is_too_slow(margin, slowest))
    if fastest is not None:
        below = _times(margin.below) + _star(proof, is_too_near(margin, fastest))
    rows = [
        MarginRow(
            number, printable(margin.what), _time(slowest), above, limit, below, _time(fastest)
        )
    ]
    if leisurely is not None:
        room = f"{margin.limit_s - leisurely.judged_s:.2f} s" + _star(
            proof, is_too_slow(margin, leisurely)
        )
        rows.append(MarginRow("", "leisurely", _time(leisurely), room, limit, "", ""))
    return rows


def _star(proof: Proof, is_offending: bool) -> str:
    return "*" if is_offending and not proof.shows_margins_only else ""


def _time(side: Side | None) -> str:
    if side is None:
        return "none"
    return ("≥ " if side.timing.is_bound else "") + amount(side.judged_s, "s")


def _times(factor: float | None) -> str:
    """The factor as text; "> 99 ×" also when the divisor is zero."""
    return f"> {MOST_TIMES} ×" if factor is None or factor > MOST_TIMES else f"{factor:.1f} ×"


def proof_summary(proof: Proof) -> str:
    """The result of one kata in a sentence."""
    counts = (
        f"{len(proof.trials)} gradings, {proof.judged} results, {proof.inconclusive} "
        f"inconclusive, {duration(proof.duration_s)}"
    )
    problems = f"{len(proof.problems)} problem{'' if len(proof.problems) == 1 else 's'}"
    if proof.is_interrupted:
        return (
            f"Interrupted after {len(proof.trials)} of {proof.planned} gradings; {problems} so far."
        )
    if proof.verdict is ProofVerdict.PROVED:
        return f"Proved{' with --quick' if proof.is_quick else ''}: {counts}."
    if proof.verdict is ProofVerdict.WRONG:
        return f"Wrong: {problems} ({counts})."
    return f"Not proved on this machine: {problems} ({counts})."


def duration(duration_s: float) -> str:
    """A duration in seconds, or in minutes if it is long."""
    return amount(duration_s, "s") if duration_s < 100 else f"{duration_s / 60:.0f} min"


def overall_summary(proofs: Sequence[Proof], katas: int) -> str:
    """The result of all katas in a sentence or two."""
    proved = sum(proof.verdict is ProofVerdict.PROVED for proof in proofs)
    others = [
        printable(proof.kata, 60) for proof in proofs if proof.verdict is not ProofVerdict.PROVED
    ]
    return f"{proved} of {katas} katas are proved." + (
        f" Not proved: {', '.join(others)}." if others else ""
    )
