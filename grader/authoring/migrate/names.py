"""Finds the durations that a README grants, and names them. Pure."""

import math
import re
from collections.abc import Mapping

from grader.authoring.lint.readme import Block, Duration, bullets_of
from grader.catalog.promises import DEFAULT, NAME

DEFAULT_S = 1.0
"""The default of a migrated kata. It is long, because the README of format 1 said nothing of it."""

_DEED = re.compile(r"([a-z]+(?:ed|en))\s+(?:again\s+)?(?:within|after|in)\s+$")
"""The participle before a duration: "is answered within"."""


def promises_for(readme: str, constants: Mapping[float, str]) -> dict[str, float]:
    """The promises of a migrated kata: the default, and one for each other duration in a bullet.

    A promise is longer than 0 s and finite; the lint reports other durations.

    Args:
        readme: the README.
        constants: by seconds, the names of constants in `checks.py`; a promise takes the name of its constant.
    """
    promises = {DEFAULT: DEFAULT_S}
    for bullet in bullets_of(readme):
        for duration in bullet.durations:
            seconds = round(duration.seconds, 6)
            if 0 < seconds < math.inf and seconds not in promises.values():
                names = (constants.get(seconds, ""), _deed(bullet, duration))
                good = [name for name in names if NAME.fullmatch(name) and name not in promises]
                promises[good[0] if good else f"promise_{len(promises)}_s"] = seconds
    return promises


def _deed(bullet: Block, duration: Duration) -> str:
    """A name from what the bullet says to happen; empty if it says that in another way."""
    found = _DEED.search(bullet.prose.partition(duration.text)[0].lower())
    return f"{found[1]}_s" if found else ""
