"""The screen: the only module that imports rich."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.render.text import printable
from grader.render.wording import busy_machine, figures, message, stall, summary
from grader.report import CheckResult, Finding, Outcome, Report, Verdict
from grader.workspace.progress import State

MARKS = {
    Outcome.PASSED: ("✓", "green"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.NOT_RUN: ("·", "dim"),
    Outcome.INCONCLUSIVE: ("?", "yellow"),
    Outcome.BROKEN: ("!", "magenta"),
}
PLAIN_MARKS = {
    Outcome.PASSED: "ok",
    Outcome.FAILED: "FAILED",
    Outcome.NOT_RUN: "-",
    Outcome.INCONCLUSIVE: "?",
    Outcome.BROKEN: "BROKEN",
}
VERDICT_STYLES = {
    Verdict.PASSED: "bold green",
    Verdict.FAILED: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.BROKEN: "bold magenta",
}
STATES = {State.PASSED: ("✓", "green"), State.STARTED: ("›", "cyan"), State.SKIPPED: ("-", "dim"), State.TODO: (" ", "dim")}
OUTPUT_SHOWN = 6
"""How many of the last lines of a server's output are shown."""


class Screen:
    """Writes to the terminal, or plain text to a pipe. Foreign text never goes through markup."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._console = Console(stderr=to_stderr, highlight=False, markup=False, emoji=False)
        self._status: Status | None = None
        self._shows_marks = (self._console.encoding or "").lower().startswith("utf")

    # ---- a grading ------------------------------------------------------------------------------------------------

    def begin(self, kata: Kata) -> None:
        """The title; on a terminal, a live line follows."""
        self._line(Text.assemble((kata.title, "bold"), (f"  {kata.slug}", "dim")))
        self._line()
        if self._console.is_terminal:
            self._status = self._console.status(Text("starting the app", style="dim"), spinner="dots")
            self._status.start()

    def check_begins(self, title: str) -> None:
        """Say on the live line what is being checked."""
        if self._status is not None:
            self._status.update(Text(title, style="dim", overflow="ellipsis", no_wrap=True))

    def check_ends(self, result: CheckResult) -> None:
        """One line a check: mark, what must hold, what was measured."""
        mark, style = MARKS[result.outcome]
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(justify="right", no_wrap=True)
        title = Text(printable(result.title), style="dim" if result.outcome is Outcome.NOT_RUN else "")
        row.add_row(
            Text(mark if self._shows_marks else PLAIN_MARKS[result.outcome], style=style), title, Text(figures(result), style="dim")
        )
        self._console.print(Padding(row, (0, 0, 0, 1)))

    def stop(self) -> None:
        """End the live line."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def finish(self, report: Report, advice: str) -> None:
        """After the checks: the one cause that matters, the verdict, the next command."""
        self.stop()
        for result in report.checks:
            if result.outcome is Outcome.NOT_RUN:
                self.check_ends(result)
        self._line()
        cause = report.cause
        if cause is not None:
            self._cause(cause, report)
        self._line(Text(summary(report), style=VERDICT_STYLES[report.verdict]))
        self._line(Text(advice))

    def _cause(self, result: CheckResult, report: Report) -> None:
        finding = result.finding
        self._indented(Text(message(result)))
        if finding is not None:
            self._details(finding, inconclusive=result.outcome is Outcome.INCONCLUSIVE)
        if report.because:
            self._line()
            self._indented(Text(report.because))
        self._line()

    def _details(self, finding: Finding, *, inconclusive: bool) -> None:
        for frame in finding.frames:
            where = Text(f"{printable(frame.file)}:{frame.line} in {printable(frame.function)}", style="cyan")
            self._indented(where.append(f"  {printable(frame.source)}", style="dim"))
        if finding.output and not finding.frames:
            for line in finding.output[-OUTPUT_SHOWN:]:
                self._indented(Text(f"| {printable(line)}", style="dim"))
        for site in finding.stalls:
            self._indented(Text(stall(site)))
        if inconclusive and busy_machine(finding):
            self._indented(Text(busy_machine(finding), style="dim"))

    # ---- everything else ------------------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        """Plain lines."""
        for line in lines:
            self._line(Text(line))

    def error(self, error: GraderError) -> None:
        """One sentence of what happened, one of what to do."""
        self.stop()
        self._line(Text.assemble(("Error: ", "bold red"), printable(error.message, 1000)))
        if error.hint:
            self._line(Text(printable(error.hint, 1000)))

    def catalog(self, catalog: Catalog, katas: Sequence[Kata], states: Mapping[str, State], current: str | None) -> None:
        """Every kata by tier with its state."""
        for tier in sorted({kata.tier for kata in katas}):
            name = catalog.tiers.get(tier, "")
            self._line(Text(f"Tier {tier}" + (f" · {name}" if name else ""), style="bold"))
            grid = Table.grid(padding=(0, 2))
            grid.add_column(no_wrap=True)
            grid.add_column(no_wrap=True)
            grid.add_column()
            for kata in katas:
                if kata.tier == tier:
                    grid.add_row(*self._catalog_row(kata, states.get(kata.slug, State.TODO), kata.slug == current))
            self._console.print(Padding(grid, (0, 0, 1, 1)))
        passed = sum(states.get(kata.slug) is State.PASSED for kata in katas)
        self._line(Text(f"{passed} of {len(katas)} passed."))

    def _catalog_row(self, kata: Kata, state: State, is_current: bool) -> tuple[Text, Text, Text]:
        mark, style = STATES[State.STARTED if is_current else state]
        if not self._shows_marks:
            mark = {"✓": "x", "›": ">"}.get(mark, mark)
        words = {State.PASSED: "passed", State.SKIPPED: "skipped"}.get(state, "current" if is_current else "")
        title = Text(kata.title)
        if words:
            title.append(f"  {words}", style=style)
        return Text(mark, style=style), Text(kata.slug, style="bold" if is_current else ""), title

    def _line(self, text: Text | None = None) -> None:
        self._console.print(text if text is not None else "", soft_wrap=not self._console.is_terminal)

    def _indented(self, text: Text) -> None:
        self._console.print(Padding(text, (0, 0, 0, 3)))
