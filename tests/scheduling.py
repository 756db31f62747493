"""Runs tests of a module that share a fixture in the same process."""

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent


class SharedFixtureScheduling(LoadScopeScheduling):  # type: ignore[misc]  # see pyproject.toml
    """Gives each test to the next free process, but all tests of a module with a module-scoped fixture to the same one.

    `--dist loadgroup` is meant for this, but has no effect with pytest 9.2 and pytest-xdist 3.8: it renames tests
    through an attribute that pytest no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if has_shared_fixture(path) else nodeid


@functools.cache
def has_shared_fixture(path: str) -> bool:
    """Whether a module has a module-scoped fixture."""
    return 'scope="module"' in (ROOT / path).read_text(encoding="utf-8")
