"""Stand-ins for what grades in a watch, and the application with a watch that uses them.

    python tests/cli/pretend.py watch [SLUG] --katas DIR

The solution's text says what its grading gives: "pass", "fail", "hang", "crash", anything else: an error.
"""

import contextlib
from pathlib import Path
from typing import Annotated

import anyio
import typer

from grader.cli import learner, main, workspace
from grader.cli.options import KatasOption
from grader.errors import GraderError, SolutionError
from grader.evidence.run import Run
from grader.grading.graded import Graded
from grader.grading.messages import Job
from grader.grading.observer import Observer
from grader.interactive.watch.lock import hold_watch_lock
from grader.interactive.watch.watch import end_with, run_watch
from grader.process.sandbox import SandboxMode
from grader.report import CheckResult, GraderInfo, Outcome, Report, Verdict
from grader.workspace.progress import require_workspace
from grader.workspace.target import target_of

TITLES = ("The first thing holds.", "The second thing holds.")


def graded(verdict: Verdict, *outcomes: Outcome, kata: str = "first") -> Graded:
    """What was graded, with a check for each of these outcomes and hardly any evidence."""
    titles = zip(TITLES, outcomes, strict=False)
    checks = tuple(
        CheckResult(name=f"test_{i}", title=title, outcome=outcome)
        for i, (title, outcome) in enumerate(titles)
    )
    report = Report(
        kata=kata,
        title="A test kata",
        solution="",
        verdict=verdict,
        duration_s=0.1,
        checks=checks,
        grader=GraderInfo(version="1", python="3", cores=2),
    )
    began_at = "2026-01-01T00:00:00+00:00"
    run = Run(
        kata=kata,
        solution="",
        began_at=began_at,
        duration_s=0.1,
        grader_version="1",
        python="3",
        cores=2,
    )
    return Graded(run, report)


PASS = graded(Verdict.PASSED, Outcome.PASSED, Outcome.PASSED)
FAIL = graded(Verdict.FAILED, Outcome.PASSED, Outcome.FAILED)
RESULTS: dict[str, Graded | GraderError] = {"pass": PASS, "fail": FAIL}


class Pretend:
    """Grades what a solution says of itself."""

    def stand_by(self, job: Job) -> None:
        """Nothing is to be made ready."""

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """What the text asks for; both checks begin in any case."""
        word = (await anyio.Path(job.solution, "app.py").read_text()).strip()
        observer.check_begins(TITLES[0])
        if word == "hang":
            with contextlib.suppress(TimeoutError):
                await anyio.sleep(60)
        if word == "crash":
            raise RuntimeError("this is a crash")
        result = RESULTS.get(word, SolutionError("Nothing can be graded.", "Write something else."))
        if isinstance(result, Graded):
            for check in result.report.checks:
                observer.check_begins(check.title)
                observer.check_ends(check)
        return result


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
learner.register(app)
app.command("list")(workspace.list_katas)

SlugArgument = Annotated[str | None, typer.Argument()]


@app.command("hint")
def hint(slug: SlugArgument = None) -> None:
    """Stands for `kata hint`."""
    typer.echo(f"A hint for {slug}.")


@app.command("diff")
def diff(slug: SlugArgument = None) -> None:
    """Stands for `kata diff`; fails."""
    raise SolutionError(f"There is nothing to compare in {slug}.", "Write something.")


@app.command("report")
def show_report(to_open: Annotated[bool, typer.Option("--open")] = False) -> None:
    """Stands for `kata report`."""
    typer.echo(f"The report, opened: {to_open}.")


@app.command("watch")
def watch(context: typer.Context, slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """The watch, with those who pretend."""
    target = target_of(slug, None, katas, "watch")
    with hold_watch_lock(require_workspace(Path.cwd())):
        number = run_watch(target, Pretend(), context, katas, sandbox=SandboxMode.OFF, polls=None)
    end_with(number)


if __name__ == "__main__":
    main.app = app
    main.run()
