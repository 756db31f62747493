"""Which tests run in the same process: those of a module that makes something once for all of them."""

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent


class SharedFixtureScheduling(LoadScopeScheduling):  # type: ignore[misc]  # see pyproject.toml
    """Hands a test to whichever process is free; tests of a module with a fixture of the module's scope go to the same
    one.

    `--dist loadgroup` would do that too, but marks no group with pytest 9.2 and pytest-xdist 3.8: it renames tests by
    an attribute that pytest does not read any more.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return path if has_shared_fixture(path) else nodeid


@functools.cache
def has_shared_fixture(path: str) -> bool:
    """Whether a module has a fixture that is made once for all of its tests."""
    return 'scope="module"' in (ROOT / path).read_text(encoding="utf-8")
