"""Measures the checks of katas with mutants of their references."""

from collections.abc import Sequence

from grader.authoring.gradings.campaign import Campaign, Method
from grader.authoring.mutants.proof import MutantProof
from grader.authoring.mutants.prover import MutantProver
from grader.authoring.observer import CampaignObserver
from grader.authoring.proof import Problem
from grader.catalog.find import Catalog
from grader.grading.messages import SessionJob


class MutantMeasurement(Campaign[MutantProof]):
    """Grades the mutants of several katas; a problem with one kata does not stop the others.

    Args:
        catalog: has the katas.
        slugs: the katas to measure.
        jobs: how many gradings run at a time.
        observer: is notified of progress.
    """

    def __init__(
        self,
        catalog: Catalog,
        slugs: Sequence[str],
        jobs: int,
        observer: CampaignObserver[MutantProof],
    ) -> None:
        def job_of(slug: str) -> SessionJob:
            return SessionJob(str(catalog.folder), slug, stops_early=True)

        method = Method(MutantProver, _unreadable, job_of, jobs)
        super().__init__(catalog, slugs, method, observer)


def _unreadable(slug: str, problem: Problem) -> MutantProof:
    return MutantProof(slug, slug, (problem,))
