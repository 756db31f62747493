"""The screen of `kata verify`: a progress bar, the matrix of examples and checks, the margins."""

from collections.abc import Sequence

from rich.padding import Padding
from rich.table import Table

from grader.authoring.examples import Example
from grader.authoring.proof import Proof, ProofVerdict
from grader.render.proof import (
    LEGEND,
    MARGIN_HEADS,
    REQUIREMENT_HEADS,
    WRONG_LEGEND,
    MarginRow,
    common_outcome,
    is_as_declared,
    is_right,
    margin_rows,
    marks_shown,
    place,
    proof_summary,
    requirement_rows,
    sentence,
)
from grader.render.terminal.campaign import CampaignScreen
from grader.render.terminal.report import MARKS
from grader.render.terminal.screen import Text
from grader.render.text import printable
from grader.report import Outcome

PROOF_STYLES = {
    ProofVerdict.PROVED: "bold green",
    ProofVerdict.WRONG: "bold red",
    ProofVerdict.BROKEN: "bold magenta",
    ProofVerdict.INTERRUPTED: "bold yellow",
}
CELLS = {
    Outcome.PASSED: "+",
    Outcome.FAILED: "x",
    Outcome.NOT_RUN: "-",
    Outcome.INCONCLUSIVE: "?",
    Outcome.BROKEN: "!",
}
"""Marks for terminals that cannot show `MARKS`."""

REQUIREMENT_WIDTH, CHECKS_WIDTH = 36, 24
"""Columns for a requirement's id, and for the numbers of its checks."""
BESIDE_WIDTH = 24
"""Columns that a narrow terminal keeps for what is beside the id."""

DIFFERS = "~"
NOT_AS_DECLARED = "*"
GAP = "   "
MARGINS_WIDTH = 70
"""On narrower terminals each clock limit takes several lines instead of one."""


class ProofScreen(CampaignScreen):
    """Shows the progress of proofs.

    Several katas can be in progress, so the results of a kata are printed together when it is finished.
    """

    def kata_ends(self, proof: Proof) -> None:
        """Print title, matrix, margins, problems and summary of a kata."""
        self._end_kata(proof.kata, proof.planned)
        self._line(
            Text.assemble((printable(proof.title), "bold"), (f"  {printable(proof.kata)}", "dim"))
        )
        if proof.trials:
            self._line()
            self._matrix(proof)
            self._requirements(proof)
        if proof.margins:
            self._margins(proof)
        for problem in proof.problems:
            self._line(
                Text.assemble((place(proof.kata, problem), "cyan"), f": {sentence(problem)}")
            )
        self._line(Text(proof_summary(proof), style=PROOF_STYLES[proof.verdict]))
        self._line()

    def _matrix(self, proof: Proof) -> None:
        for number, check in enumerate(proof.checks, 1):
            self._line(Text(f"{number:>3}  {check}", style="dim"))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, max_width=30, overflow="ellipsis")
        for _ in proof.checks:
            grid.add_column(justify="right", min_width=2)
        grid.add_row(
            "", "", *(Text(str(number), style="dim") for number in range(1, len(proof.checks) + 1))
        )
        tried = {trial.example for trial in proof.trials}
        for example in (example for example in proof.examples if example in tried):
            mark = self._mark(Outcome.PASSED if is_right(proof, example) else Outcome.FAILED)
            cells = (self._cell(proof, example, check) for check in proof.checks)
            grid.add_row(mark, Text(printable(example.label)), *cells)
        self._console.print(Padding(grid, (1, 0, 0, 1), expand=False))
        self._legend(proof)

    def _cell(self, proof: Proof, example: Example, check: str) -> Text:
        outcome = common_outcome(proof, example, check)
        mark = self._mark(outcome)
        if is_as_declared(proof, example, check):
            return mark if outcome is None else Text(mark.plain, style="dim")
        return Text(f"{mark.plain}{NOT_AS_DECLARED}", style="bold red")

    def _mark(self, outcome: Outcome | None) -> Text:
        if outcome is None:
            return Text(DIFFERS, style="yellow")
        mark, style = MARKS[outcome]
        return Text(mark if self._shows_marks else CELLS[outcome], style=style)

    def _legend(self, proof: Proof) -> None:
        """Explain the marks that occur, with as many on a line as fit."""
        outcomes, has_wrong = marks_shown(proof)
        entries = [f"{self._mark(outcome).plain} {LEGEND[outcome]}" for outcome in outcomes]
        entries += [f"{NOT_AS_DECLARED} {WRONG_LEGEND}"] if has_wrong else []
        self._line()
        for line in _filled(entries, self._console.width - 1):
            self._line(Text(f" {line}", style="dim"))
        self._line()

    def _requirements(self, proof: Proof) -> None:
        if not proof.requirements or proof.is_quick:  # too few examples to say what fails what
            return
        grid = Table.grid(padding=(0, 2))
        width = max(1, min(REQUIREMENT_WIDTH, self._console.width - BESIDE_WIDTH))
        grid.add_column(no_wrap=True, max_width=width, overflow="ellipsis")
        grid.add_column(min_width=len(REQUIREMENT_HEADS.checks), max_width=CHECKS_WIDTH)
        grid.add_column(justify="right", no_wrap=True, min_width=len("99 rejected"))
        grid.add_row(*(Text(head, style="dim") for head in REQUIREMENT_HEADS))
        for row in requirement_rows(proof):
            grid.add_row(*(Text(cell) for cell in row))
        self._console.print(Padding(grid, (0, 0, 1, 1), expand=False))

    def _margins(self, proof: Proof) -> None:
        rows = [row for margin in proof.margins for row in margin_rows(proof, margin)]
        if self._console.width < MARGINS_WIDTH:
            self._narrow_margins(rows)
            return
        grid = Table.grid(padding=(0, 2))
        for justify in ("right", "left", *["right"] * 5):
            grid.add_column(justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]
        grid.add_row(*(Text(head, style="dim") for head in MARGIN_HEADS))
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        self._console.print(Padding(grid, (0, 0, 1, 1), expand=False))

    def _narrow_margins(self, rows: Sequence[MarginRow]) -> None:
        self._line(Text(f" {MARGIN_HEADS.what}", style="dim"))
        for row in rows:
            self._line(Text(f"{row.check:>3}  {row.what}"))
            self._narrow_side("accepted", row.accepted, row.above)
            self._narrow_side("limit", row.limit)
            self._narrow_side("rejected", row.rejected, row.below)
        self._line()

    def _narrow_side(self, head: str, time: str, factor: str = "") -> None:
        if time:
            self._line(Text(f"     {head:8} {time:>9}  {factor}".rstrip()))


def _filled(entries: Sequence[str], width: int) -> list[str]:
    """Lines with as many entries as fit; no entry is split."""
    lines: list[str] = []
    for entry in entries:
        if lines and len(lines[-1]) + len(GAP) + len(entry) <= width:
            lines[-1] += GAP + entry
        else:
            lines.append(entry)
    return lines
