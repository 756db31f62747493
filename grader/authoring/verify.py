"""Proves katas by grading their examples."""

from collections.abc import Sequence

from grader.authoring.gradings.campaign import Campaign, Method
from grader.authoring.lint.package import Files
from grader.authoring.observer import ProofObserver
from grader.authoring.proof import Problem, Proof
from grader.authoring.prover import Plan, Prover
from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.grading.messages import SessionJob


class Verification(Campaign[Proof]):
    """Proves several katas; a problem with one kata does not stop the others.

    Args:
        catalog: has the katas.
        slugs: the katas to prove.
        plan: how to prove them.
        observer: is notified of progress.
    """

    def __init__(
        self, catalog: Catalog, slugs: Sequence[str], plan: Plan, observer: ProofObserver
    ) -> None:
        def prover_of(kata: Kata, files: Files) -> Prover:
            return Prover(kata, files, plan)

        def job_of(slug: str) -> SessionJob:
            return SessionJob(str(catalog.folder), slug, cuts_off=False, raises_broken=True)

        method = Method(prover_of, _unreadable, job_of, plan.jobs, plan.noise)
        super().__init__(catalog, slugs, method, observer)


def _unreadable(slug: str, problem: Problem) -> Proof:
    return Proof(slug, slug, (), (), (), (), (problem,), 0, 0.0)
