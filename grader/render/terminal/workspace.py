"""The screen of a learner's workspace: progress, hints, solutions, diffs, and what a newer version changed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from grader.render.terminal.catalog import STATES
from grader.render.terminal.screen import Screen, Text
from grader.render.text import printable
from grader.workspace.difference import Difference
from grader.workspace.overview import Overview, TierOverview
from grader.workspace.progress import State
from grader.workspace.upgrade import Change, Part

TAB = 4
LIMIT_LINES = 6_000
"""Longer diffs and sources are cut off."""

DIFF_STYLES = (
    ("+++", "bold"),
    ("---", "bold"),
    ("@@", "cyan"),
    ("+", "green"),
    ("-", "red"),
    ("\\", "dim"),
)
"""The style of a line by its prefix; the first match counts."""

BAR_WIDTH = 48
NARROW = 60
"""Terminals of this width or less show no row of marks."""

MAP_MARKS = {
    state: ("·" if state is State.TODO else mark, style) for state, (mark, style) in STATES.items()
}
PLAIN_MAP_MARKS = {"✓": "x", "›": ">", "·": "."}
LEGEND = {State.SKIPPED: "skipped", State.GIVEN_UP: "given up"}
"""Explained below the progress."""


class WorkspaceScreen(Screen):
    """Writes the output of the commands of a workspace."""

    # ---- progress ---------------------------------------------------------------------------------------------------

    def overview(self, overview: Overview) -> None:
        """Write a bar for all katas, and a line for each tier."""
        passed, total = overview.count(State.PASSED), overview.total
        self._line(Text(f"{passed} of {total} katas passed", style="bold"))
        self._bar(passed, total)
        self._line()
        grid = Table.grid(padding=(0, 2))
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(no_wrap=True)
        if self._console.width > NARROW:
            grid.add_column(no_wrap=True)
        for tier in overview.tiers:
            grid.add_row(*self._tier_row(tier, overview.current))
        self._console.print(grid)
        self._legend(overview)

    def _bar(self, passed: int, total: int) -> None:
        width = min(BAR_WIDTH, self._console.width - 6)
        full, rest = ("█", "░") if self._shows_marks else ("#", ".")
        done = width * passed // total if total else 0
        bar = Text(full * done, style="green")
        self._line(
            bar.append(rest * (width - done), style="dim").append(
                f" {100 * passed // total if total else 0} %"
            )
        )

    def _tier_row(self, tier: TierOverview, current: str | None) -> Iterable[Text]:
        yield Text(f"Tier {tier.number}" + (f" · {tier.title}" if tier.title else ""))
        yield Text(
            f"{tier.passed} of {len(tier.slugs)}",
            style="green" if tier.passed == len(tier.slugs) else "",
        )
        if self._console.width > NARROW:
            marks = Text()
            for slug, state in zip(tier.slugs, tier.states, strict=True):
                mark, style = self._map_mark(State.STARTED if slug == current else state)
                marks.append(mark, style=style)
            yield marks

    def _legend(self, overview: Overview) -> None:
        words = [
            f"{self._map_mark(state)[0]} {word}"
            for state, word in LEGEND.items()
            if overview.count(state)
        ]
        if words and self._console.width > NARROW:
            self._line(Text(", ".join(words), style="dim"))

    def _map_mark(self, state: State) -> tuple[str, str]:
        mark, style = MAP_MARKS[state]
        return (mark if self._shows_marks else PLAIN_MAP_MARKS.get(mark, mark)), style

    def kata(self, title: str, slug: str) -> None:
        """Write a kata's title and slug."""
        self._line(Text.assemble((title, "bold"), (f"  {slug}", "dim")))

    def the_end(self, overview: Overview) -> None:
        """Write that no kata is left to hand out."""
        left = overview.slugs(State.SKIPPED, State.GIVEN_UP)
        if not left:
            self.say(f"Congratulations: you have passed all {overview.total} katas.")
            return
        passed = overview.count(State.PASSED)
        self.say(
            f"You have reached the end: {passed} of {overview.total} katas passed.",
            "Skipped or given up:",
        )
        self.say(*(f"  kata check {slug}" for slug in left))

    # ---- hints, solutions, diffs ------------------------------------------------------------------------------------

    def hint(self, number: int, total: int, text: str) -> None:
        """Write a hint with its number."""
        self._line(Text.assemble((f"Hint {number} of {total}", "bold cyan")))
        self._indented(Text(printable(text, 1000)))

    def heading(self, text: str, detail: str = "") -> None:
        """Write a heading."""
        self._line(Text.assemble((text, "bold"), (f"  {detail}" if detail else "", "dim")))

    def source(self, lines: Sequence[str]) -> None:
        """Write lines of a file without wrapping them, so that they can be copied."""
        for line in lines[:LIMIT_LINES]:
            self._whole(line.rstrip("\n"))

    def diff(self, lines: Sequence[str]) -> None:
        """Write a unified diff."""
        for line in lines[:LIMIT_LINES]:
            self._whole(
                line, next((style for start, style in DIFF_STYLES if line.startswith(start)), "")
            )
        if len(lines) > LIMIT_LINES:
            self._line(Text(f"({len(lines) - LIMIT_LINES} more lines)", style="dim"))

    def differences(self, differences: Iterable[Difference]) -> int:
        """Write the diffs of a folder's files; returns the number of files that differ."""
        count = 0
        for difference in differences:
            count += 1
            self.diff(difference.lines)
            if difference.note:
                self._line(Text(printable(difference.note, 500), style="dim"))
        return count

    def _whole(self, line: str, style: str = "") -> None:
        self._console.print(Text(line.expandtabs(TAB), style=style), soft_wrap=True)

    # ---- a newer version --------------------------------------------------------------------------------------------

    def change(self, change: Change, readme: Path | None) -> None:
        """Write what a newer version changed in a kata, and what to do about it.

        Args:
            change: the parts that changed.
            readme: the file with the new README, if it was written.
        """
        self._line(
            Text.assemble(
                (change.slug, "bold"),
                " has changed since it was handed out. Your files are as you left them.",
            )
        )
        for part in change.parts:
            self._indented(Text(_advice(part, change, readme)))

    def changes_of_passed(self, slugs: Sequence[str]) -> None:
        """Write which katas have changed since they were passed."""
        self._line(
            Text(f"Changed since you passed them (they still count as passed): {', '.join(slugs)}.")
        )


def _advice(part: Part, change: Change, readme: Path | None) -> str:
    if part is Part.README:
        return f"README: the new text is in {readme}"
    if part is Part.CHECKS:
        return f"Checks: `kata check {change.slug}` uses the new ones."
    if change.is_untouched:
        return f"Starter: yours is unchanged; `kata reset {change.slug}` gives you the new one."
    return (
        f"Starter: `kata diff {change.slug}` compares yours with the new one. "
        f"`kata reset {change.slug}` gives you the new one and keeps a backup of yours."
    )
