"""Shows every kata by tier: `kata list`."""

from pathlib import Path

from grader.catalog.card import Card
from grader.catalog.index import find_index
from grader.render.terminal.catalog import CatalogScreen
from grader.workspace.current import current_slug
from grader.workspace.progress import State, find_workspace


def show_katas(text: str, tier: int | None, katas: Path | None, *, todo: bool) -> None:
    """Show katas by tier, with their state.

    Args:
        text: show only katas with all these words in slug, title, topics or lesson.
        tier: show only this tier.
        katas: folder of katas; None means the built-in ones.
        todo: show only katas that are not passed.
    """
    index = find_index(katas)
    workspace, screen = find_workspace(Path.cwd()), CatalogScreen()
    states = workspace.states(index.renamed) if workspace is not None else {}
    chosen = [
        card
        for card in index.cards()
        if _has_words(card, text)
        and tier in (None, card.tier)
        and not (todo and states.get(card.slug) is State.PASSED)
    ]
    if not chosen:
        screen.say("No kata matches. `kata list` shows all.")
        return
    is_filtered = bool(text or tier or todo)
    screen.catalog(
        index,
        chosen,
        states,
        current_slug(index, states),
        len(index.slugs) if is_filtered else None,
    )


def _has_words(card: Card, text: str) -> bool:
    about = " ".join((card.slug, card.title, card.teaches, *card.topics)).casefold()
    return all(word in about for word in text.casefold().split())
