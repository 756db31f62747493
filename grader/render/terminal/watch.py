"""The screen of `kata watch`: gradings one below another, and a line of keys. Nothing is erased."""

from collections.abc import Sequence
from datetime import datetime

from grader.render.terminal.report import ReportScreen
from grader.render.terminal.screen import Text

RULE_WIDTH = 80
RULE = "─"
PLAIN_RULE = "-"


class WatchScreen(ReportScreen):
    """Shows gradings as `ReportScreen` does, each below a rule with the time."""

    def rule(self, at: datetime, why: str) -> None:
        """Draw the rule above a grading, with its time and cause: "── 08:15:00  saved ──"."""
        text = f"{at:%H:%M:%S}  {why}"
        line = RULE if self._shows_marks else PLAIN_RULE
        width = min(RULE_WIDTH, self._console.width)
        self._line()
        self._line(Text(f"{line * 2} {text} {line * max(2, width - len(text) - 4)}", style="dim"))

    def note(self, sentence: str) -> None:
        """Write a sentence about the watch itself; removes the live line."""
        self.stop()
        self._line(Text(sentence))

    def keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Write the line of keys; if it would be too long, without descriptions."""
        text = Text()
        for key, word in keys:
            text.append(f"{key} ", style="bold").append(f"{word}  ", style="dim")
        text.right_crop(2)
        if text.cell_len > self._console.width:
            text = Text("keys: ", style="dim").append(
                " ".join(key for key, _ in keys), style="bold"
            )
        self._line()
        self._line(text)

    def explain(self, keys: Sequence[tuple[str, str]]) -> None:
        """Write a line for each key with its description."""
        self._line()
        for key, sentence in keys:
            self._line(Text.assemble((f"  {key}  ", "bold"), sentence))

    def pause(self) -> None:
        """Remove the live line until `resume`."""
        if self._status is not None:
            self._status.stop()

    def resume(self) -> None:
        """Show the live line again."""
        if self._status is not None:
            self._status.start()
