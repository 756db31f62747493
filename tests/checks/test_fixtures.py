"""Services as fixtures of checks."""

import pytest

from grader.checks.fixtures import service_fixtures
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.measure.timing import Clock
from grader.registry import SERVICES
from grader.report import Outcome
from tests.checks.conftest import MakeEnvironment

CHECKS = '''
from grader.checks.api import Server, Upstream, expect


async def test_it(server: Server, upstream: Upstream) -> None:
    """It asks the upstream for nothing."""
    expect(await server.get("/")).status(200)
    expect(upstream.peak(), "calls at once").equals(0)
'''


def run_in(environment: Environment) -> CheckRun:
    environment.take_in(environment.kata.reference)
    environment.start()
    stage = Stage(environment.kata, environment.launchers, environment.services)
    run = CheckRun(stage, environment.folders, Clock(), lambda title: None, lambda result: None)
    run_checks(environment.kata, run)
    return run


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_fixture(name: str) -> None:
    assert hasattr(service_fixtures(), name)


def test_a_check_gets_the_service_that_it_names(make_environment: MakeEnvironment) -> None:
    run = run_in(make_environment(CHECKS, services=("upstream",)))
    assert [result.outcome for result in run.results] == [Outcome.PASSED]


def test_a_service_that_the_kata_does_not_declare_is_a_fault_of_the_kata(
    make_environment: MakeEnvironment,
) -> None:
    run = run_in(make_environment(CHECKS))
    assert [result.outcome for result in run.results] == [Outcome.BROKEN]
    assert run.error is not None
    assert "uses `upstream`, which is not among the kata's services" in run.error.message
    assert "kata.toml" in run.error.hint
