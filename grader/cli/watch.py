"""The command `kata watch`: grades at each save, shows as `kata check` does, and takes keys.

What the command does is in `grader.cli.actions`, and is imported when it runs: `kata --help` needs none of it.
"""

from typing import Annotated

import typer

from grader.cli.options import KatasOption, SandboxOption
from grader.harness.sandbox import SandboxMode


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("watch")(watch)


def watch(
    context: typer.Context,
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False)
    ] = None,
    poll: Annotated[
        bool,
        typer.Option(
            "--poll", help="Compare files five times a second instead of being told by the system: for network and shared drives."
        ),
    ] = False,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Grade at every save, until you press q or Ctrl-C.

    Keys in a terminal: h hint, d diff to the starter, l list, n next kata (after a pass), r rerun, w report in the browser, q quit.

    Exit codes: 0 after q, 2 usage, 4 broken, 130 after Ctrl-C.
    """
    from grader.cli.actions.watch import watch_kata

    watch_kata(context, slug, sandbox, katas, polls=poll)
