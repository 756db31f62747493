"""Examines the machine: `kata doctor`."""

import typer

from grader.errors import ExitCode
from grader.facts import FactState
from grader.render.json_ import render_facts
from grader.render.terminal.report import ReportScreen
from grader.tools.doctor import survey


def examine(*, as_json: bool) -> ExitCode:
    """Check whether this machine can grade katas, and show the facts; returns the exit code."""
    if as_json:
        facts = list(survey())
        typer.echo(render_facts(facts))
    else:
        screen = ReportScreen()
        facts = []
        for fact in survey():
            facts.append(fact)
            screen.fact(fact)
        obstacles = ", ".join(fact.name for fact in facts if fact.state is FactState.BAD)
        screen.say(
            "",
            f"Katas can be graded here once this is fixed: {obstacles}."
            if obstacles
            else "Katas can be graded here.",
        )
    return (
        ExitCode.BROKEN if any(fact.state is FactState.BAD for fact in facts) else ExitCode.PASSED
    )
