"""The screen of `kata list`."""

from collections.abc import Mapping, Sequence

from rich.padding import Padding
from rich.table import Table

from grader.catalog.card import Card
from grader.catalog.index import Index
from grader.render.terminal.screen import Screen, Text
from grader.workspace.progress import State

STATES = {
    State.PASSED: ("✓", "green"),
    State.STARTED: ("›", "cyan"),
    State.SKIPPED: ("-", "dim"),
    State.GIVEN_UP: ("~", "yellow"),
    State.TODO: (" ", "dim"),
}
CATALOG_WIDTH = 60
"""A narrower terminal shows no titles."""


class CatalogScreen(Screen):
    """Writes the list of katas."""

    def catalog(
        self,
        index: Index,
        katas: Sequence[Card],
        states: Mapping[str, State],
        current: str | None,
        total: int | None = None,
    ) -> None:
        """The katas by tier, each with its state.

        Args:
            index: has the names of the tiers.
            katas: those to show.
            states: by slug; a kata without an entry is still to do.
            current: slug of the current kata, if any.
            total: number of all katas, if only some are shown.
        """
        for tier in sorted({kata.tier for kata in katas}):
            name = index.tiers.get(tier, "")
            self._line(Text(f"Tier {tier}" + (f" · {name}" if name else ""), style="bold"))
            here = [kata for kata in katas if kata.tier == tier]
            self._console.print(Padding(self._tier(here, states, current), (0, 0, 1, 1)))
        passed = sum(states.get(kata.slug) is State.PASSED for kata in katas)
        if total is None:
            self._line(Text(f"{passed} of {len(katas)} passed."))
        else:
            self._line(Text(f"{len(katas)} of {total} katas, {passed} of them passed."))

    def _tier(
        self, katas: Sequence[Card], states: Mapping[str, State], current: str | None
    ) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column()
        for kata in katas:
            state = states.get(kata.slug, State.TODO)
            grid.add_row(*self._catalog_row(kata, state, kata.slug == current))
        return grid

    def _catalog_row(self, kata: Card, state: State, is_current: bool) -> tuple[Text, Text, Text]:
        mark, style = STATES[State.STARTED if is_current else state]
        if not self._shows_marks:
            mark = {"✓": "x", "›": ">"}.get(mark, mark)
        words = {State.PASSED: "passed", State.SKIPPED: "skipped", State.GIVEN_UP: "given up"}.get(
            state, "current" if is_current else ""
        )
        title = Text(kata.title if self._console.width >= CATALOG_WIDTH else "")
        if words:
            title.append(f"  {words}" if title.plain else words, style=style)
        return Text(mark, style=style), Text(kata.slug, style="bold" if is_current else ""), title
