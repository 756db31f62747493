"""Environments of small katas, for tests of what runs checks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.grading.environment import Environment
from tests.conftest import CHECKS, MANIFEST

MakeEnvironment = Callable[..., Environment]


@pytest.fixture
def make_environment(make_kata: Callable[..., Path]) -> Iterator[MakeEnvironment]:
    """Makes an environment in which nothing runs before it is started."""
    with ExitStack() as stack:

        def make(
            checks: str = CHECKS, limits: str = "", services: tuple[str, ...] = ()
        ) -> Environment:
            options = f"services = {list(services)}\n[limits]\n{limits}\n"
            manifest = MANIFEST.replace("[starter]", f"{options}\n[starter]")
            kata = find_catalog(make_kata(checks=checks, manifest=manifest)).kata("tiny")
            return stack.enter_context(Environment(kata))

        yield make
