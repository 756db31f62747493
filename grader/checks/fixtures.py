"""The pytest fixtures for services, one for each service in the registry."""

from typing import Any

import pytest

from grader.checks.stage import Fixtures
from grader.errors import BrokenError
from grader.registry import SERVICES


def service_fixtures() -> object:
    """A pytest plugin with a fixture for each service. A fixture raises `BrokenError` if the kata does not declare its
    service.
    """
    return type("ServiceFixtures", (), {name: _fixture(name) for name in SERVICES})()


def _fixture(name: str) -> Any:
    @pytest.fixture(name=name)
    def fixture(self: object, _fixtures: Fixtures) -> Any:
        if name not in _fixtures.services:
            raise BrokenError(
                f"A check uses `{name}`, which is not among the kata's services.",
                "Add it to `services` in kata.toml.",
            )
        return _fixtures.services[name].fixture

    return fixture
