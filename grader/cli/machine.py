"""Commands about the machine that katas are graded on: doctor."""

from typing import Annotated

import typer

from grader.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
) -> None:
    """Look at what this machine offers for grading, and say what to do about what is missing. Takes some seconds.

    Exit codes: 0 katas can be graded here, 4 something stands in the way.
    """
    # Late: all of the harness is needed for this, and `kata --help` is to be quick.
    from grader.render.json_ import render_facts
    from grader.render.terminal import Screen
    from grader.report import FactState
    from grader.tools.doctor import survey

    if as_json:
        facts = list(survey())
        typer.echo(render_facts(facts))
    else:
        screen = Screen()
        facts = []
        for fact in survey():
            facts.append(fact)
            screen.fact(fact)
        stopping = ", ".join(fact.name for fact in facts if fact.state is FactState.BAD)
        screen.say("", f"Not before this is mended: {stopping}." if stopping else "Katas can be graded here.")
    raise typer.Exit(ExitCode.BROKEN if any(fact.state is FactState.BAD for fact in facts) else ExitCode.PASSED)
