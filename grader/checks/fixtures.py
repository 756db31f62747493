"""The fixtures of a kata's checks that are services: one for each name in the registry."""

from typing import Any

import pytest

from grader.checks.stage import Cast
from grader.errors import BrokenError
from grader.registry import SERVICES


def service_fixtures() -> object:
    """A pytest plugin with a fixture for each service; a check that asks for one that its kata does not have is told
    so.
    """
    return type("ServiceFixtures", (), {name: _fixture(name) for name in SERVICES})()


def _fixture(name: str) -> Any:
    @pytest.fixture(name=name)
    def fixture(self: object, _cast: Cast) -> Any:
        if name not in _cast.services:
            raise BrokenError(
                f"A check uses `{name}`, which is not among the kata's services.",
                "Add it to `services` in kata.toml.",
            )
        return _cast.services[name].fixture

    return fixture
