"""Measures checks with mutants: `kata verify --mutants`."""

from collections.abc import Sequence
from importlib.util import find_spec

import anyio
import typer

from grader.authoring.mutants.proof import MutantProof, verdict_of_mutants
from grader.authoring.observer import CampaignObserver, NullProofObserver
from grader.authoring.proof import ProofVerdict
from grader.catalog.find import Catalog
from grader.errors import UsageError
from grader.grading.graded import grader_info
from grader.interactive.signals import EndSignals
from grader.render.mutants import overall_mutants, render_mutants
from grader.render.terminal.mutants import MutantScreen
from grader.tasks import single_error

LIBRARY = "libcst"


def measure_katas(
    catalog: Catalog, slugs: Sequence[str], *, jobs: int, as_json: bool
) -> ProofVerdict:
    """Grade mutants of the katas' references, and show which survive.

    Args:
        catalog: has the katas.
        slugs: the katas.
        jobs: how many gradings run at a time.
        as_json: print one document instead.

    Raises:
        UsageError: LibCST is not installed.
    """
    if find_spec(LIBRARY) is None:
        raise UsageError(
            "`kata verify --mutants` needs LibCST.", 'Run `pip install "fastapi-katas[authors]"`.'
        )
    end_signals = EndSignals()
    with end_signals.restoring():
        if as_json:
            proofs = _measure(catalog, slugs, jobs, NullProofObserver(), end_signals)
            typer.echo(render_mutants(proofs, grader_info()))
        else:
            proofs = _measure_on_screen(catalog, slugs, jobs, end_signals)
    return verdict_of_mutants(proofs)


def _measure_on_screen(
    catalog: Catalog, slugs: Sequence[str], jobs: int, end_signals: EndSignals
) -> list[MutantProof]:
    """Measure with a live display, followed by a summary if there are several katas."""
    screen = MutantScreen()
    try:
        proofs = _measure(catalog, slugs, jobs, screen, end_signals)
    finally:
        screen.stop()
    if len(slugs) > 1:
        screen.say(overall_mutants(proofs, len(slugs)))
    return proofs


def _measure(
    catalog: Catalog,
    slugs: Sequence[str],
    jobs: int,
    observer: CampaignObserver[MutantProof],
    end_signals: EndSignals,
) -> list[MutantProof]:
    """Measure until all katas are finished or a signal arrives; then the results are partial."""
    from grader.authoring.mutants.measure import (
        MutantMeasurement,  # late: imports LibCST, which only authors install
    )

    async def measure() -> list[MutantProof]:
        measurement = MutantMeasurement(catalog, slugs, jobs, observer)
        async with (
            single_error(),
            end_signals.handling(measurement.interrupt, measurement.interrupt),
        ):
            return await measurement.run()

    return anyio.run(measure)
