"""A kata's promises: the durations that its README grants, by name."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.catalog.table import Table

DEFAULT = "default_s"
"""Name of the promise that holds where README grants no other duration."""

NAME = re.compile(r"[a-z][a-z0-9_]*_s")


@dataclass(frozen=True)
class Promises:
    """The durations that a README grants, in seconds, as attributes: `promises.default_s`, `promises.search_s`.

    Attributes:
        by_name: the seconds of each promise, in the order of the manifest.
    """

    by_name: Mapping[str, float] = field(hash=False)

    def __getattr__(self, name: str) -> float:
        """The seconds of one promise.

        Raises:
            AttributeError: there is no such promise; names the nearest one.
        """
        # `copy` and `pickle` ask for special methods before there is a table.
        known: Mapping[str, float] = self.__dict__.get("by_name", {})
        if name in known:
            return known[name]
        near = difflib.get_close_matches(name, known, 1)
        meant = f" Did you mean `{near[0]}`?" if near else f" Known: {', '.join(known)}."
        raise AttributeError(f"kata.toml has no promise `{name}` under [promises].{meant}")

    def names(self) -> tuple[str, ...]:
        """All names, in the order of the manifest."""
        return tuple(self.by_name)

    def items(self) -> tuple[tuple[str, float], ...]:
        """Name and seconds of each promise, in the order of the manifest."""
        return tuple(self.by_name.items())


def read_promises(table: Table) -> Promises:
    """Read the table `[promises]`.

    Raises:
        KataPackageError: `default_s` is missing, or a name or a value is wrong; names the key.
    """
    table.seconds(DEFAULT)
    found = {}
    for name in table.names():
        if not NAME.fullmatch(name):
            raise table.error(
                name, "is no name for a promise", "Choose lower-case words that end in `_s`."
            )
        found[name] = table.seconds(name)
    return Promises(found)
