"""The progress of many gradings: a bar on a terminal, otherwise lines."""

from collections import Counter

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.authoring.examples import Example
from grader.authoring.proof import Trial
from grader.render.terminal.screen import Screen, Text
from grader.render.text import printable

NAME_WIDTH = 36
BAR_WIDTH = 16
NUMBERS_WIDTH = 20
"""Columns for the example's name, the bar, and the numbers beside it; narrower terminals get no bar."""

SPEED_PERIOD_S = 600.0
"""The remaining time is estimated from this period. It must be long, because junk takes longer than other examples."""


class CampaignScreen(Screen):
    """Shows the progress of gradings: on a terminal as a bar, otherwise as a line for each grading.

    Several katas can be in progress, so the results of a kata are printed together when it is finished.
    """

    def __init__(self) -> None:
        super().__init__()
        self._name_width = max(1, min(NAME_WIDTH, self._console.width - NUMBERS_WIDTH))
        bar = (
            [BarColumn(BAR_WIDTH)]
            if self._console.width > NAME_WIDTH + BAR_WIDTH + NUMBERS_WIDTH
            else []
        )
        columns = (
            TextColumn("{task.description}", markup=False),
            *bar,
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(
            *columns, console=self._console, transient=True, speed_estimate_period=SPEED_PERIOD_S
        )
        self._task = self._progress.add_task("", total=None)
        self._total = 0
        self._made: Counter[str] = Counter()
        self._planned: Counter[str] = Counter()

    def all_begin(self, gradings: int) -> None:
        """Start the bar, if this is a terminal."""
        self._total = gradings
        self._progress.update(self._task, total=gradings)
        if self._console.is_terminal:
            self._progress.start()

    def kata_begins(self, slug: str, gradings: int) -> None:
        """Set the number of gradings, which each line shows."""
        self._planned[slug] = gradings

    def gradings_added(self, slug: str, gradings: int) -> None:
        """Raise the totals."""
        self._planned[slug] += gradings
        self._total += gradings
        self._progress.update(self._task, total=self._total)

    def trial_begins(self, slug: str, example: Example) -> None:
        """Show the example beside the bar; of several, the one that began last."""
        name = printable(f"{slug}/{example.name}", self._name_width)
        self._progress.update(self._task, description=f"{name:{self._name_width}}")

    def trial_ends(self, slug: str, trial: Trial) -> None:
        """Advance the bar, or print a line."""
        self._made[slug] += 1
        self._progress.advance(self._task)
        if not self._console.is_terminal:
            count = f"{self._made[slug]:>4} of {self._planned[slug]}"
            label = printable(f"{slug}/{trial.example.label}")
            self._line(Text(f"{count}  {label}  {trial.verdict}  {trial.duration_s:.1f} s"))

    def stop(self) -> None:
        """Remove the bar."""
        self._progress.stop()

    def _end_kata(self, slug: str, planned: int) -> None:
        """Advance the bar by the gradings that were planned for a kata and not made."""
        self._progress.advance(self._task, max(0, planned - self._made[slug]))
