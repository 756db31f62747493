"""Checks as pytest collects them: their arguments, and what is refused before anything runs."""

import pytest

from grader.checks.api import alone
from grader.checks.collection import Check, read_check
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.errors import BrokenError
from grader.grading.environment import Environment
from grader.grading.pytest_runner import run_checks
from grader.measure.timing import Clock
from grader.report import Outcome
from tests.checks.conftest import MakeEnvironment

CHECKS = '''
import pytest

from grader.catalog.promises import Promises
from grader.checks.api import Server, Upstream, expect


@pytest.mark.parametrize("path", ["/", "/?again"])
async def test_it(server: Server, upstream: Upstream, promised: Promises, path: str) -> None:
    """It asks the upstream for nothing."""
    expect(await server.get(path, within_s=promised.default_s)).status(200)
    expect(upstream.peak(), "calls at once").equals(0)
'''


def run_in(environment: Environment) -> CheckRun:
    environment.take_in(environment.kata.reference)
    environment.start()
    stage = Stage(environment.kata, environment.launchers, environment.services)
    run = CheckRun(stage, environment.folders, Clock(), lambda title: None, lambda result: None)
    run_checks(environment.kata, run)
    return run


def test_a_check_gets_the_services_and_promises_that_it_names_and_its_parameters(
    make_environment: MakeEnvironment,
) -> None:
    run = run_in(make_environment(CHECKS, services=("upstream",)))
    assert [result.name for result in run.results] == ["test_it[/]", "test_it[/?again]"]
    assert [result.outcome for result in run.results] == [Outcome.PASSED] * 2


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        (CHECKS, "test_it[/] uses `upstream`, which is not among the kata's services"),
        (
            'async def test_it(tmp_path):\n    """It."""\n',
            "test_it uses `tmp_path`, which is no fixture of the grader. "
            "Fixtures are: server, promised.",
        ),
    ],
)
def test_other_fixtures_are_a_fault_of_the_kata(
    make_environment: MakeEnvironment, checks: str, message: str
) -> None:
    run = run_in(make_environment(checks))
    assert isinstance(run.error, BrokenError)
    assert message in run.error.message
    assert run.results == []


async def together() -> None:
    """Beside others."""


@alone
async def by_itself() -> None:
    """Alone."""


@pytest.mark.parametrize(("function", "is_alone"), [(together, False), (by_itself, True)])
def test_a_check_can_ask_for_the_machine_alone(
    request: pytest.FixtureRequest, function: object, is_alone: bool
) -> None:
    item = pytest.Function.from_parent(request.node.parent, name="test_x", callobj=function)
    check = read_check(item)
    assert isinstance(check, Check)
    assert (check.name, check.is_alone) == ("test_x", is_alone)
