"""The screen: this and its neighbours of that name, and nothing else, import rich."""

import codecs
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text as RichText

from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.render.text import code_point, escaped, printable
from grader.render.wording import busy_machine, figures, message, stall, summary, waiting
from grader.report import Bar, CheckResult, Fact, FactState, Finding, FindingKind, Outcome, Report, Verdict
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
FACT_MARKS = {FactState.GOOD: ("+", "green"), FactState.LACKING: ("-", "yellow"), FactState.BAD: ("!", "bold red")}
STATES = {
    State.PASSED: ("✓", "green"),
    State.STARTED: ("›", "cyan"),
    State.SKIPPED: ("-", "dim"),
    State.GIVEN_UP: ("~", "yellow"),
    State.TODO: (" ", "dim"),
}
CATALOG_WIDTH = 60
"""With fewer columns the list of katas has no titles."""
WAITED = (FindingKind.HUNG, FindingKind.NO_ANSWER, FindingKind.NEVER_CAME)
WAITING_SHOWN = 2
"""How many places at which tasks waited are shown, and for which findings."""

BARS_WORTH_DRAWING = 3
BARS_SHOWN = 12
BAR_WIDTH = 50
"""A burst of three or more is drawn, in at most so many rows and columns."""

OUTPUT_SHOWN = 6
"""How many of the last lines of a server's output are shown."""
FRAMES_SHOWN = 8
STALLS_SHOWN = 5

SUBSTITUTES = {"×": "x", "…": "...", "≥": ">=", "·": "-"}
"""For terminals that do not have the grader's own characters; any other becomes its code point."""
PLAINLY = "grader.plainly"


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(character, code_point(character)) for character in missing), error.end


codecs.register_error(PLAINLY, _plainly)


class Text(RichText):
    """A text that is safe whatever it is made of: one line, bounded, nothing in it that a terminal acts on."""

    def __init__(self, text: str = "", *arguments: Any, **options: Any) -> None:
        super().__init__(escaped(text), *arguments, **options)

    def append(self, text: RichText | str, style: Any = None) -> "Text":
        """Add a text, made safe likewise."""
        super().append(escaped(text) if isinstance(text, str) else text, style)
        return self


class Screen:
    """Writes to the terminal, or plain text to a pipe. Foreign text never goes through markup."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._console = Console(stderr=to_stderr, highlight=False, markup=False, emoji=False)
        self._status: Status | None = None
        self._shows_marks = (self._console.encoding or "").lower().startswith("utf")
        if isinstance(self._console.file, io.TextIOWrapper):
            self._console.file.reconfigure(errors=PLAINLY)

    # ---- a grading ------------------------------------------------------------------------------------------------

    def begin(self, kata: Kata) -> None:
        """The title; on a terminal, a live line follows."""
        self._line(Text.assemble((kata.title, "bold"), (f"  {kata.slug}", "dim")))
        self._line()
        if self._console.is_terminal:
            self._status = self._console.status(Text("starting the app", style="dim"), spinner="dots" if self._shows_marks else "line")
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

    def replay(self, kata: Kata, report: Report, advice: str) -> None:
        """A report that is there already, shown as if it had just been made."""
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
            self._waterfall(finding.bars)
            self._details(finding, inconclusive=result.outcome is Outcome.INCONCLUSIVE)
        if report.because:
            self._line()
            self._indented(Text(report.because))
        self._line()

    def _waterfall(self, bars: Sequence[Bar]) -> None:
        """One bar a request, in the order of their ends; many are thinned out evenly. Serial or parallel is seen at a glance."""
        whole_s = max((bar.to_s for bar in bars), default=0.0)
        if len(bars) < BARS_WORTH_DRAWING or whole_s <= 0:
            return
        # Behind those that are shown there may be nothing but requests that were cut off alike: then each of the first is worth a row.
        is_cut_alike = all(bar.is_cut for bar in bars[BARS_SHOWN - 1 :])
        step = 1 if is_cut_alike else -(-len(bars) // BARS_SHOWN)
        width = min(BAR_WIDTH, self._console.width - 16)
        full, open_end = ("█", "▒") if self._shows_marks else ("#", ">")
        self._line()
        for bar in bars[step - 1 :: step][:BARS_SHOWN]:
            before, end = (round(min(1.0, max(0.0, at_s / whole_s)) * width) for at_s in (bar.from_s, bar.to_s))
            before = min(before, width - 1)
            length = max(1, end - before)
            drawn = " " * before + full * (length - 1) + (open_end if bar.is_cut else full)
            text = Text(drawn.ljust(width), style="red" if bar.is_cut else "cyan")
            self._indented(text.append(" unanswered" if bar.is_cut else f" {bar.to_s:.2f} s", style="dim"))
        if step > 1:
            self._indented(Text(f"(one bar for every {step} of {len(bars)} requests)", style="dim"))
        elif len(bars) > BARS_SHOWN:
            self._indented(Text(f"({len(bars) - BARS_SHOWN} more were not answered either)", style="dim"))

    def _details(self, finding: Finding, *, inconclusive: bool) -> None:
        for frame in finding.frames[-FRAMES_SHOWN:]:
            where = Text(f"{printable(frame.file)}:{frame.line} in {printable(frame.function)}", style="cyan")
            self._indented(where.append(f"  {printable(frame.source)}", style="dim"))
        if finding.output and not finding.frames:
            for line in finding.output[-OUTPUT_SHOWN:]:
                self._indented(Text(f"| {printable(line)}", style="dim"))
        for site in finding.stalls[:STALLS_SHOWN]:
            self._indented(Text(stall(site)))
        for task in finding.waiting[:WAITING_SHOWN] if finding.kind in WAITED else ():
            self._indented(Text(waiting(task)))
        for line in busy_machine(finding) if inconclusive else ():
            self._indented(Text(line, style="dim"))

    # ---- everything else ------------------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        """Plain lines."""
        for line in lines:
            self._line(Text(line))

    def say_whole(self, *lines: str) -> None:
        """Lines to be copied, or one line each of a log: no line end comes into them, whatever the width."""
        for line in lines:
            self._console.print(Text(line), soft_wrap=True)

    def error(self, error: GraderError) -> None:
        """One sentence of what happened, one of what to do."""
        self.stop()
        self._line(Text.assemble(("Error: ", "bold red"), printable(error.message, 1000)))
        if error.hint:
            self._line(Text(printable(error.hint, 1000)))

    def fact(self, fact: Fact) -> None:
        """One line of the survey of this machine, and what to do about it."""
        mark, style = FACT_MARKS[fact.state]
        line = Text(f" {mark} ", style=style)
        line.append(f"{fact.name}: ", style="bold")
        line.append(printable(fact.seen))
        self._indented(line)
        if fact.advice:
            self._indented(Text(f"   {fact.advice}"))

    def catalog(
        self, catalog: Catalog, katas: Sequence[Kata], states: Mapping[str, State], current: str | None, total: int | None = None
    ) -> None:
        """Katas by tier with their state; with a total, how many of these were chosen."""
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
        if total is None:
            self._line(Text(f"{passed} of {len(katas)} passed."))
        else:
            self._line(Text(f"{len(katas)} of {total} katas, {passed} of them passed."))

    def _catalog_row(self, kata: Kata, state: State, is_current: bool) -> tuple[Text, Text, Text]:
        mark, style = STATES[State.STARTED if is_current else state]
        if not self._shows_marks:
            mark = {"✓": "x", "›": ">"}.get(mark, mark)
        words = {State.PASSED: "passed", State.SKIPPED: "skipped", State.GIVEN_UP: "given up"}.get(state, "current" if is_current else "")
        title = Text(kata.title if self._console.width >= CATALOG_WIDTH else "")
        if words:
            title.append(f"  {words}" if title.plain else words, style=style)
        return Text(mark, style=style), Text(kata.slug, style="bold" if is_current else ""), title

    def _line(self, text: RichText | None = None) -> None:
        self._console.print(text if text is not None else "", soft_wrap=not self._console.is_terminal)

    def _indented(self, text: RichText) -> None:
        self._console.print(Padding(text, (0, 0, 0, 3)))
