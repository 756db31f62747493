"""Words for what proving a kata gave, for every renderer the same."""

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
"""A factor above it says no more than that there is room enough."""

LEGEND = {
    Outcome.PASSED: "passes",
    Outcome.FAILED: "fails",
    Outcome.NOT_RUN: "not run",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.BROKEN: "broken",
    None: "differs between rounds",
}
"""What the marks of the matrix mean; None stands for rounds that differ."""
WRONG_LEGEND = "not as declared"


class MarginRow(NamedTuple):
    """One line of the margins; `*` stands at a factor that is too small.

    Attributes:
        check: its number in the matrix.
        above: how often what is needed beyond one request alone fits into the limit; for leisurely ones the room that
            is left.
        below: how often the limit fits into the fastest rejected time.
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
    if example.fails is None or outcome is Outcome.BROKEN:
        return outcome is not Outcome.BROKEN
    return not is_wrong(example, proof.rounds(example), check)


def is_right(proof: Proof, example: Example) -> bool:
    """Whether an example got what it must get."""
    verdicts = {trial.verdict for trial in proof.trials if trial.example == example}
    if example.kind is Kind.JUNK:
        return Verdict.PASSED not in verdicts and Verdict.BROKEN not in verdicts
    return all(is_as_declared(proof, example, check) for check in proof.checks)


def marks_shown(proof: Proof) -> tuple[tuple[Outcome | None, ...], bool]:
    """Which marks the matrix has, in the order of the legend, and whether one of its cells is not as declared."""
    cells = [
        (example, check)
        for example in dict.fromkeys(trial.example for trial in proof.trials)
        for check in proof.checks
    ]
    outcomes = {common_outcome(proof, example, check) for example, check in cells}
    return tuple(o for o in LEGEND if o in outcomes), not all(
        is_as_declared(proof, example, check) for example, check in cells
    )


def margin_rows(proof: Proof, margin: Margin) -> list[MarginRow]:
    """One clock limit in own times; a second row when accepted examples are declared leisurely."""
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
    """The factor; more than 99 when nothing is left that it could be a multiple of."""
    return f"> {MOST_TIMES} ×" if factor is None or factor > MOST_TIMES else f"{factor:.1f} ×"


def proof_summary(proof: Proof) -> str:
    """One sentence about a kata."""
    counts = (
        f"{len(proof.trials)} gradings, {proof.judged} results, {proof.inconclusive} "
        f"inconclusive, {_duration(proof.duration_s)}"
    )
    problems = f"{len(proof.problems)} problem{'' if len(proof.problems) == 1 else 's'}"
    if proof.is_interrupted:
        return (
            f"Interrupted after {len(proof.trials)} of {proof.planned} gradings; {problems} so far."
        )
    if proof.verdict is ProofVerdict.PROVED:
        return f"{'Proved by a quick look' if proof.is_quick else 'Proved'}: {counts}."
    if proof.verdict is ProofVerdict.WRONG:
        return f"Wrong: {problems} ({counts})."
    return f"Not proved on this machine: {problems} ({counts})."


def _duration(duration_s: float) -> str:
    return amount(duration_s, "s") if duration_s < 100 else f"{duration_s / 60:.0f} min"


def overall_summary(proofs: Sequence[Proof], katas: int) -> str:
    """One sentence about all katas that were to be proved."""
    proved = sum(proof.verdict is ProofVerdict.PROVED for proof in proofs)
    others = [
        printable(proof.kata, 60) for proof in proofs if proof.verdict is not ProofVerdict.PROVED
    ]
    return f"{proved} of {katas} katas are proved." + (
        f" Not: {', '.join(others)}." if others else ""
    )
