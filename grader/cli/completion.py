"""Shell completion of slugs, and the arguments that use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from grader.errors import GraderError


def complete_slug(context: typer.Context, incomplete: str) -> Sequence[str]:
    """The slugs that begin with `incomplete`, in catalog order."""
    from grader.catalog.index import find_index  # late: only completion needs it

    katas = context.params.get("katas")
    try:
        slugs = find_index(Path(katas) if katas else None).slugs
    except GraderError:  # completion has no place for a message; the command will show it
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
        help="Which kata; by default the current one or, right after a pass, the kata just passed.",
        show_default=False,
        autocompletion=complete_slug,
    ),
]
