"""The screen of a grading: a live line, a line for each check, and the report."""

from collections.abc import Sequence

from rich.padding import Padding
from rich.status import Status
from rich.table import Table

from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.facts import Fact, FactState
from grader.findings import Bar, Finding
from grader.render.circumstances import busy_machine, stall, waiting
from grader.render.explanation import bars, is_about_waiting, trace
from grader.render.terminal.screen import Screen, Text
from grader.render.text import printable
from grader.render.wording import figures, message, summary
from grader.report import (
    CheckResult,
    Outcome,
    Report,
    Verdict,
)

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
FACT_MARKS = {
    FactState.GOOD: ("+", "green"),
    FactState.LACKING: ("-", "yellow"),
    FactState.BAD: ("!", "bold red"),
}
WAITING_SHOWN = 2
"""How many places at which tasks waited are shown."""

BARS_WORTH_DRAWING = 3
BARS_SHOWN = 12
BAR_WIDTH = 50
"""Bursts of at least three requests are drawn, in at most this many rows and columns."""

OUTPUT_SHOWN = 6
"""How many of the last lines of a server's output are shown."""
FRAMES_SHOWN = 8
STALLS_SHOWN = 5


class ReportScreen(Screen):
    """Shows gradings as they happen, and the facts that `kata doctor` finds."""

    def __init__(self) -> None:
        super().__init__()
        self._status: Status | None = None

    def begin(self, kata: Kata) -> None:
        """Show the title and, on a terminal, the live line."""
        self._line(Text.assemble((kata.title, "bold"), (f"  {kata.slug}", "dim")))
        self._line()
        if self._console.is_terminal:
            self._status = self._console.status(
                Text("starting the app", style="dim"),
                spinner="dots" if self._shows_marks else "line",
            )
            self._status.start()

    def check_begins(self, title: str) -> None:
        """Show the check on the live line."""
        if self._status is not None:
            self._status.update(Text(title, style="dim", overflow="ellipsis", no_wrap=True))

    def check_ends(self, result: CheckResult) -> None:
        """Write a line about the check: mark, requirement, measured number."""
        mark, style = MARKS[result.outcome]
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(justify="right", no_wrap=True)
        title = Text(
            printable(result.title), style="dim" if result.outcome is Outcome.NOT_RUN else ""
        )
        row.add_row(
            Text(mark if self._shows_marks else PLAIN_MARKS[result.outcome], style=style),
            title,
            Text(figures(result), style="dim"),
        )
        self._console.print(Padding(row, (0, 0, 0, 1)))

    def replay(self, kata: Kata, report: Report, advice: str) -> None:
        """Show an existing report like that of a new grading."""
        self._line(Text.assemble((kata.title, "bold"), (f"  {kata.slug}", "dim")))
        self._line()
        for result in report.checks:
            if result.outcome is not Outcome.NOT_RUN:
                self.check_ends(result)
        self.finish(report, advice)

    def stop(self) -> None:
        """End the live line."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def finish(self, report: Report, advice: str) -> None:
        """Write what follows the checks: the first failure's cause, the verdict, the next command."""
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
            self._waterfall(bars(finding))
            self._details(finding, result)
        if report.because:
            self._line()
            self._indented(Text(report.because))
        self._line()

    def _waterfall(self, requests: Sequence[Bar]) -> None:
        """Draw one bar per request, by time of its end: a burst that was served one after another looks like stairs.

        Of many requests, every n-th is drawn.
        """
        whole_s = max((bar.to_s for bar in requests), default=0.0)
        if len(requests) < BARS_WORTH_DRAWING or whole_s <= 0:
            return
        # If all later requests were cut off, thinning would hide the stairs and show nothing new.
        is_cut_alike = all(bar.is_cut for bar in requests[BARS_SHOWN - 1 :])
        step = 1 if is_cut_alike else -(-len(requests) // BARS_SHOWN)
        width = min(BAR_WIDTH, self._console.width - 16)
        full, open_end = ("█", "▒") if self._shows_marks else ("#", ">")
        self._line()
        for bar in requests[step - 1 :: step][:BARS_SHOWN]:
            before, end = (
                round(min(1.0, max(0.0, at_s / whole_s)) * width) for at_s in (bar.from_s, bar.to_s)
            )
            before = min(before, width - 1)
            length = max(1, end - before)
            drawn = " " * before + full * (length - 1) + (open_end if bar.is_cut else full)
            text = Text(drawn.ljust(width), style="red" if bar.is_cut else "cyan")
            self._indented(
                text.append(" unanswered" if bar.is_cut else f" {bar.to_s:.2f} s", style="dim")
            )
        if step > 1:
            self._indented(
                Text(f"(one bar for every {step} of {len(requests)} requests)", style="dim")
            )
        elif len(requests) > BARS_SHOWN:
            self._indented(
                Text(f"({len(requests) - BARS_SHOWN} more got no answer either)", style="dim")
            )

    def _details(self, finding: Finding, result: CheckResult) -> None:
        frames, output = trace(finding)
        for frame in frames[-FRAMES_SHOWN:]:
            where = Text(
                f"{printable(frame.file)}:{frame.line} in {printable(frame.function)}", style="cyan"
            )
            self._indented(where.append(f"  {printable(frame.source)}", style="dim"))
        for line in output[-OUTPUT_SHOWN:]:
            self._indented(Text(f"| {printable(line)}", style="dim"))
        around = result.circumstances
        for site in around.stalls[:STALLS_SHOWN]:
            self._indented(Text(stall(site)))
        for task in around.waiting[:WAITING_SHOWN] if is_about_waiting(finding) else ():
            self._indented(Text(waiting(task)))
        for line in busy_machine(around) if result.outcome is Outcome.INCONCLUSIVE else ():
            self._indented(Text(line, style="dim"))

    def error(self, error: GraderError) -> None:
        """Show an error; ends the live line."""
        self.stop()
        super().error(error)

    def fact(self, fact: Fact) -> None:
        """Write a fact about this machine, and what to do about it."""
        mark, style = FACT_MARKS[fact.state]
        line = Text(f" {mark} ", style=style)
        line.append(f"{fact.name}: ", style="bold")
        line.append(printable(fact.seen))
        self._indented(line)
        if fact.advice:
            self._indented(Text(f"   {fact.advice}"))
