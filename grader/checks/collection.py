"""The checks of a kata, as pytest has collected them from its `checks.py`."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from grader.catalog.manifest import Kata
from grader.checks.api import is_alone
from grader.checks.stage import Fixtures
from grader.registry import SERVICES

SERVER, PROMISED = "server", "promised"
"""The fixtures that are not services."""


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: of the function, with the parameters of `pytest.mark.parametrize` if it has any.
        title: the first line of its docstring, which the learner reads.
        function: the check itself.
        fixtures: names of its parameters that are fixtures.
        values: its other arguments, from `pytest.mark.parametrize`.
        is_alone: whether it needs the machine alone.
    """

    name: str
    title: str
    function: Callable[..., Awaitable[None]]
    fixtures: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_alone: bool = False

    async def run(self, kata: Kata, fixtures: Fixtures) -> None:
        """Run the check once.

        Args:
            kata: makes the promises.
            fixtures: of this attempt.
        """
        offered = {SERVER: fixtures.server, PROMISED: kata.promises}
        offered |= {name: running.fixture for name, running in fixtures.services.items()}
        await self.function(**self.values, **{name: offered[name] for name in self.fixtures})


def read_check(item: pytest.Item) -> Check:
    """The check of a collected item, which `fault_of_item` accepts."""
    assert isinstance(item, pytest.Function)
    values = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    return Check(
        name=item.name,
        title=_title(item),
        function=item.function,
        fixtures=tuple(name for name in _parameters(item) if name not in values),
        values=values,
        is_alone=is_alone(item.function),
    )


def fault_of_item(item: pytest.Item, kata: Kata) -> str:
    """What is wrong with a collected check, beginning with its name; empty if nothing is."""
    if not isinstance(item, pytest.Function) or not inspect.iscoroutinefunction(item.function):
        return f"{item.name} is not an `async def`."
    if not (item.function.__doc__ or "").strip():
        return f"{item.name} has no docstring; its first line is what the learner reads."
    values = item.callspec.params if hasattr(item, "callspec") else {}
    for name in _parameters(item):
        if name in values or name in (SERVER, PROMISED, *kata.services):
            continue
        if name in SERVICES:
            return (
                f"{item.name} uses `{name}`, which is not among the kata's services; "
                "add it to `services` in kata.toml."
            )
        known = ", ".join((SERVER, *kata.services, PROMISED))
        return (
            f"{item.name} uses `{name}`, which is no fixture of the grader. Fixtures are: {known}."
        )
    return ""


def _parameters(item: pytest.Function) -> Sequence[str]:
    return tuple(inspect.signature(item.function).parameters)


def _title(item: pytest.Function) -> str:
    return str(item.function.__doc__).strip().splitlines()[0]
