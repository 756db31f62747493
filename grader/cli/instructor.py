"""Commands for authors of katas: new, verify, migrate.

Each command imports its implementation from `grader.cli.actions` when it runs, which keeps `kata --help` fast.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import KatasOption
from grader.registry import SERVICES

SERVICES_HELP = f"The services it needs, separated by commas: {', '.join(SERVICES)}."


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("new")(new)
    app.command("verify")(verify)
    app.command("migrate")(migrate)


def new(
    slug: Annotated[
        str,
        typer.Argument(
            metavar="SLUG",
            help="Its name: lower-case letters, digits and hyphens.",
            show_default=False,
        ),
    ],
    tier: Annotated[
        int, typer.Option("--tier", metavar="N", help="From 1 (fundamentals) to 5.")
    ] = 1,
    services: Annotated[
        str, typer.Option("--with", metavar="SERVICES", help=SERVICES_HELP, show_default=False)
    ] = "",
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The folder to write it into.")
    ] = Path(),
) -> None:
    """Write the skeleton of a new kata. It is small, complete, and yours to change."""
    from grader.cli.actions.new import write_kata  # late: `kata --help` needs none of it

    write_kata(slug, tier, services, directory)


def verify(
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SLUG]...", help="Which katas; all by default.", show_default=False
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="N", min=1, help="Grade every example N times.")
    ] = 1,
    noise: Annotated[
        int,
        typer.Option(
            "--noise",
            metavar="K",
            min=0,
            max=256,
            help="Keep K processes busy during the gradings.",
        ),
    ] = 0,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Grade the examples in random order.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Run N gradings at a time.")
    ] = 1,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only starter, reference and the fewest rejected examples that make every check fail.",
        ),
    ] = False,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Instead, change the reference in small ways, and see which changes no check notices.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    katas: KatasOption = None,
) -> None:
    """Prove that katas judge their examples as declared.

    Lints the kata. Grades its starter, its accepted and rejected examples, and junk, and compares each result with
    kata.toml. Measures the margin between each time limit and the times of right and wrong apps; with --noise or
    --quick the margins are shown but not judged.

    With --mutants, grades up to 40 mutants of each reference instead, and shows those that pass as diffs. This needs
    the extra `authors`.

    Exit codes: 0 all proved, 1 a kata is wrong or a mutant survived, 2 usage, 4 this machine could not tell.
    """
    from grader.cli.actions.verify import verify_katas  # late: `kata --help` needs none of it

    code = verify_katas(
        slugs or (),
        katas,
        repeat=repeat,
        noise=noise,
        shuffle=shuffle,
        jobs=jobs,
        quick=quick,
        mutants=mutants,
        as_json=as_json,
    )
    raise typer.Exit(code)


def migrate(
    slugs: Annotated[
        list[str], typer.Argument(metavar="SLUG...", help="Which katas.", show_default=False)
    ],
    katas: KatasOption = None,
) -> None:
    """Rewrite katas of an older format in the current one, and list what remains for their author.

    In kata.toml it adds promises and requirements, in README.md an id to each bullet and the sentence with the default.
    All else stays as it is. `kata verify` then checks the whole.
    """
    from grader.cli.actions.migrate import migrate_katas  # late: `kata --help` needs none of it

    migrate_katas(slugs, katas)
