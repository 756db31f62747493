"""What a shell offers when Tab is pressed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from grader.errors import GraderError


def complete_slug(context: typer.Context, incomplete: str) -> Sequence[str]:
    """The slugs that begin so, in the order in which the katas teach."""
    from grader.catalog.index import find_index  # late: only the shell's question needs it

    katas = context.params.get("katas")
    try:
        slugs = find_index(Path(katas) if katas else None).slugs
    except GraderError:  # no place to tell it; the command itself does
        return []
    return [slug for slug in slugs if slug.startswith(incomplete)]


SlugArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[SLUG]",
        help="Which kata; the current one by default.",
        show_default=False,
        autocompletion=complete_slug,
    ),
]

BackwardSlugArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[SLUG]",
        help="Which kata; the current one by default, or else the one passed last.",
        show_default=False,
        autocompletion=complete_slug,
    ),
]
