"""Commands of those who write katas and teach with them: new, verify.

What a command alone needs is imported inside of it: `kata --help` and `kata list` stay under 0.3 s that way.
"""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.learner import KatasOption
from grader.errors import ExitCode
from grader.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.authoring.observer import Observer
    from grader.authoring.proof import Proof
    from grader.authoring.prover import Plan
    from grader.catalog.find import Catalog
    from grader.cli.signals import Ending

SERVICES_HELP = f"What it needs, of {', '.join(SERVICES)}; several with commas between them."

PROOF_CODES = {
    "proved": ExitCode.PASSED,
    "wrong": ExitCode.FAILED,
    "broken": ExitCode.BROKEN,
    "interrupted": ExitCode.INTERRUPTED,
}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("new")(new)
    app.command("verify")(verify)


def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its name: lower-case letters, digits, hyphens.", show_default=False)],
    tier: Annotated[int, typer.Option("--tier", metavar="N", help="From 1, fundamentals, to 5.")] = 1,
    services: Annotated[str, typer.Option("--with", metavar="SERVICES", help=SERVICES_HELP, show_default=False)] = "",
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help="The folder of katas to write it into.")] = Path(),
) -> None:
    """Write the skeleton of a new kata: small, true, and yours to change."""
    from grader.authoring.scaffold import write_skeleton
    from grader.render.terminal import Screen

    skeleton = write_skeleton(slug, directory, tier, [word.strip() for word in services.split(",") if word.strip()])
    katas, starter = shlex.quote(str(directory)), shlex.quote(str(skeleton.folder / "starter" / "app.py"))
    screen = Screen()
    screen.say(f"Written into {skeleton.folder}:", *(f"  {name}" for name in skeleton.files), "")
    screen.say("It is a whole kata already. See its starter fail, then prove all its examples:")
    screen.say(f"  kata check {slug} --katas {katas} --solution {starter}", f"  kata verify {slug} --katas {katas}", "")
    screen.say("Then make it yours, file by file, and prove it again.")


def verify(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Which katas; all by default.", show_default=False)] = None,
    repeat: Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="Grade every example N times.")] = 1,
    noise: Annotated[int, typer.Option("--noise", metavar="K", min=0, max=256, help="Keep K processes busy meanwhile.")] = 0,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Grade the examples in random order.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=64, help="Make N gradings at a time.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only starter, reference and the fewest rejected examples by which every check fails.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
    katas: KatasOption = None,
) -> None:
    """Prove katas: is each example judged as declared, and is every limit far from right and wrong apps?

    Lints the package; grades starter, accepted, rejected and junk; compares each result with what kata.toml declares;
    measures how far each clock limit stands from both sides. With --noise or --quick the margins are shown, not judged.

    Exit codes: 0 all proved, 1 a kata is wrong, 2 usage, 4 this machine could not tell.
    """
    from grader.authoring.observer import NullObserver
    from grader.authoring.proof import verdict_of_proofs
    from grader.authoring.prover import Plan
    from grader.catalog.find import find_catalog
    from grader.cli.signals import Ending

    catalog = find_catalog(katas)
    chosen = list(dict.fromkeys(catalog.resolve(slug) for slug in slugs)) if slugs else list(catalog.slugs)
    prove = partial(prove_katas, catalog, chosen, Plan(repeat, noise, shuffle, jobs, quick))
    ending = Ending()
    with ending.kept():
        if as_json:
            from grader.grading.graded import grader_info
            from grader.render.json_ import render_proofs

            proofs = prove(NullObserver(), ending)
            typer.echo(render_proofs(proofs, grader_info()))
        else:
            from grader.render.proof import overall_summary
            from grader.render.terminal_proof import ProofScreen

            screen = ProofScreen()
            try:
                proofs = prove(screen, ending)
            finally:
                screen.stop()
            if len(chosen) > 1:
                screen.say(overall_summary(proofs, len(chosen)))
    raise typer.Exit(PROOF_CODES[verdict_of_proofs(proofs)])


def prove_katas(catalog: "Catalog", slugs: "Sequence[str]", plan: "Plan", observer: "Observer", ending: "Ending") -> "list[Proof]":
    """Prove katas until they are finished or a signal comes.

    Args:
        catalog: where they are.
        slugs: which of them.
        plan: how.
        observer: is told how it goes.
        ending: takes the signals; the first one breaks off what is under way.

    Returns:
        the proofs in the order of the slugs; after a signal, what is known by then.
    """
    import anyio

    from grader.authoring.verify import Verification
    from grader.tasks import single_error

    async def prove() -> "list[Proof]":
        verification = Verification(catalog, slugs, plan, observer)
        async with single_error(), ending.ends(verification.interrupt, verification.interrupt):
            return await verification.run()

    return anyio.run(prove)
