"""Katas for tests that run `kata verify`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.authoring.small_katas import TWICE, TWICE_CHECKS


@pytest.fixture
def three(make_kata: Callable[..., Path]) -> Path:
    """Three katas: `right`, `lax` whose rejected example passes, and `unready` whose checks cannot be imported."""
    make_kata("right", files=TWICE)
    make_kata("lax", files={**TWICE, "rejected/wrong.py": TWICE["accepted/reference.py"]})
    return make_kata(
        "unready", files={**TWICE, "checks.py": "import nothing_of_this_name\n" + TWICE_CHECKS}
    )
