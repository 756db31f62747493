"""A small kata, and the processes of this test before it begins."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata


@pytest.fixture
def tiny(make_kata: Callable[..., Path]) -> Kata:
    """A small kata without services."""
    return find_catalog(make_kata()).kata("tiny")


@pytest.fixture
def before() -> set[psutil.Process]:
    """The descendants of this process before the test starts any."""
    return set(psutil.Process().children(recursive=True))
