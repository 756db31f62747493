"""Proves katas: `kata verify`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import anyio
import typer

from grader.authoring.observer import NullProofObserver, ProofObserver
from grader.authoring.proof import Proof, ProofVerdict, verdict_of_proofs
from grader.authoring.prover import Plan
from grader.authoring.verify import Verification
from grader.catalog.find import Catalog, find_catalog
from grader.cli.actions.mutants import measure_katas
from grader.errors import ExitCode, UsageError
from grader.grading.graded import grader_info
from grader.interactive.signals import EndSignals
from grader.render.json_ import render_proofs
from grader.render.proof import overall_summary, problem_lines
from grader.render.terminal.proof import ProofScreen
from grader.tasks import single_error

PROOF_CODES = {
    ProofVerdict.PROVED: ExitCode.PASSED,
    ProofVerdict.WRONG: ExitCode.FAILED,
    ProofVerdict.BROKEN: ExitCode.BROKEN,
    ProofVerdict.INTERRUPTED: ExitCode.INTERRUPTED,
}


def verify_katas(
    slugs: Sequence[str],
    katas: Path | None,
    *,
    repeat: int,
    noise: int,
    shuffle: bool,
    jobs: int,
    quick: bool,
    mutants: bool,
    as_json: bool,
) -> ExitCode:
    """Prove katas and show the result; returns the exit code. Takes the arguments of `kata verify`.

    Raises:
        UsageError: options contradict each other, or there is no kata with one of these slugs.
    """
    plan = Plan(repeat, noise, shuffle, jobs, quick)
    if mutants and plan != Plan(jobs=jobs):
        raise UsageError(
            "--mutants cannot be combined with --repeat, --noise, --shuffle or --quick."
        )
    catalog = find_catalog(katas)
    chosen = list(dict.fromkeys(map(catalog.resolve, slugs))) if slugs else list(catalog.slugs)
    if mutants:
        return PROOF_CODES[measure_katas(catalog, chosen, jobs=jobs, as_json=as_json)]
    prove = partial(prove_katas, catalog, chosen, plan)
    end_signals = EndSignals()
    with end_signals.restoring():
        if as_json:
            proofs = prove(NullProofObserver(), end_signals)
            typer.echo(render_proofs(proofs, grader_info()))
        else:
            proofs = _prove_on_screen(prove, end_signals, len(chosen))
    return PROOF_CODES[verdict_of_proofs(proofs)]


def _prove_on_screen(
    prove: Callable[[ProofObserver, EndSignals], list[Proof]], end_signals: EndSignals, count: int
) -> list[Proof]:
    """Prove with a live display. If there are several katas, all problems and a summary follow."""
    screen = ProofScreen()
    try:
        proofs = prove(screen, end_signals)
    finally:
        screen.stop()
    if count > 1:
        screen.say(*problem_lines(proofs), overall_summary(proofs, count))
    return proofs


def prove_katas(
    catalog: Catalog,
    slugs: Sequence[str],
    plan: Plan,
    observer: ProofObserver,
    end_signals: EndSignals,
) -> list[Proof]:
    """Prove katas until all are finished or a signal arrives.

    Args:
        catalog: contains the katas.
        slugs: the katas to prove.
        plan: which examples are graded, how often, and how many at a time.
        observer: notified of every step.
        end_signals: the first signal interrupts the gradings in progress.

    Returns:
        The proofs in the order of `slugs`; after a signal, partial ones.
    """

    async def prove() -> list[Proof]:
        verification = Verification(catalog, slugs, plan, observer)
        async with (
            single_error(),
            end_signals.handling(verification.interrupt, verification.interrupt),
        ):
            return await verification.run()

    return anyio.run(prove)
