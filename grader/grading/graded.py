"""The result of a grading: the evidence, and the report that the judge made of it."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from grader.catalog.manifest import Kata
from grader.evidence.run import Run
from grader.judge.decide import judge_run
from grader.report import CheckResult, GraderInfo, Outcome, Report, Verdict
from grader.solution.identifiers import identifiers_of

DISTRIBUTION = "fastapi-katas"


class Graded(Struct, frozen=True, tag=True):
    """A run and its report, for the caller to save, show or discard.

    Attributes:
        run: the evidence.
        report: the verdict and the results of checks.
    """

    run: Run
    report: Report


def grader_info() -> GraderInfo:
    """The grader's version, and the machine it runs on."""
    return GraderInfo(
        version=version(DISTRIBUTION), python=platform.python_version(), cores=os.cpu_count() or 1
    )


def judged_again(kata: Kata, run: Run) -> Graded:
    """Judge the evidence of a run again, by the current rules, without running the solution."""
    verdict, results = judge_run(run.checks, out_of_time=run.out_of_time)
    return Graded(run, report_of(kata, run, verdict, results))


def report_of(
    kata: Kata,
    run: Run,
    verdict: Verdict,
    results: tuple[CheckResult, ...],
    solution: Path | None = None,
) -> Report:
    """The report of a run.

    Args:
        kata: the kata that was graded.
        run: the evidence.
        verdict: of the whole run.
        results: of all checks, in the order in which they ran.
        solution: the folder with the solution as graded; None for a saved run, which has no source.
    """
    return Report(
        kata=kata.slug,
        title=kata.title,
        solution=run.solution,
        verdict=verdict,
        duration_s=run.duration_s,
        checks=results,
        grader=GraderInfo(version=run.grader_version, python=run.python, cores=run.cores),
        because=_because(kata, results, solution),
        without_sandbox=run.without_sandbox,
    )


def _because(kata: Kata, results: tuple[CheckResult, ...], solution: Path | None) -> str:
    """The `because` of the rejected example that fails exactly these checks; empty if several differ, or none matches.

    Checks that failed and checks that did not run count as failed. If no example fails exactly these, those count that
    `may_fail` the rest. An example with `names` matches only a solution that uses one of them.
    """
    failed = {
        result.function for result in results if result.outcome in (Outcome.FAILED, Outcome.NOT_RUN)
    }
    alike = [mistake for mistake in kata.mistakes if set(mistake.fails) == failed]
    alike = alike or [mistake for mistake in kata.mistakes if mistake.explains(failed)]
    used: frozenset[str] = frozenset()
    if solution is not None and any(mistake.names for mistake in alike):
        used = identifiers_of(solution)
    sentences = {
        mistake.because
        for mistake in alike
        if not mistake.names or used.intersection(mistake.names)
    }
    return sentences.pop() if len(sentences) == 1 else ""
