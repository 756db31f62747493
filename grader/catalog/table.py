"""Reads TOML, and a table of it key by key. Each error names the file, the key and what was expected."""

import difflib
import math
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.errors import KataPackageError

INTEGERS = range(-(2**63), 2**63)
"""The integers that TOML requires programs to read."""

DEEPEST = 50
"""How many levels of tables and lists may be nested in one another."""

_REQUIRED: Any = object()


def parsed_toml(text: str) -> dict[str, Any]:
    """A TOML document that can be handled without further care: no integer is huge, and no value is nested deeply.

    Raises:
        ValueError: it is not such a document; the message says why.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels are nested") from None
    except ValueError:  # Python refuses to parse thousands of digits
        raise ValueError("an integer has more than 64 bits") from None
    _refuse_extremes(values)
    return values


def _refuse_extremes(values: Mapping[str, Any]) -> None:
    level: list[tuple[str, Any]] = list(values.items())
    for _ in range(DEEPEST):
        below: list[tuple[str, Any]] = []
        for key, value in level:
            if isinstance(value, dict):
                below += [(f"{key}.{name}", inner) for name, inner in value.items()]
            elif isinstance(value, list):
                below += [(key, inner) for inner in value]
            elif isinstance(value, int) and value not in INTEGERS:
                raise ValueError(f"`{key}` is an integer of more than 64 bits")
        level = below
    if level:
        key = level[0][0].partition(".")[0]
        raise ValueError(f"`{key}` has more than {DEEPEST} levels")


class Table:
    """One table of a manifest, which remembers the keys that have been read.

    Attributes:
        values: the raw table.
    """

    def __init__(self, path: Path, name: str, values: Mapping[str, Any]) -> None:
        self._path = path
        self._name = name
        self.values = values
        self._taken: set[str] = set()

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self._path.parent

    def error(self, key: str, problem: str, hint: str = "") -> KataPackageError:
        """An error about one key."""
        return KataPackageError(f"{self._path}: `{self._full(key)}` {problem}.", hint)

    def names(self) -> list[str]:
        """All keys; marks them as read."""
        self._taken.update(self.values)
        return list(self.values)

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """A non-empty string."""
        return str(
            self._take(
                key,
                default,
                lambda value: isinstance(value, str) and bool(value.strip()),
                "must be a non-empty string",
            )
        )

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of at least one non-empty string."""

        def is_right(value: object) -> bool:
            return (
                isinstance(value, list)
                and bool(value)
                and all(isinstance(item, str) and item.strip() for item in value)
            )

        return tuple(
            self._take(key, _REQUIRED, is_right, "must be a list of at least one non-empty string")
        )

    def optional_texts(self, key: str) -> tuple[str, ...]:
        """A list of non-empty strings, possibly empty; empty if the key is missing."""

        def is_right(value: object) -> bool:
            return isinstance(value, list) and all(
                isinstance(item, str) and item.strip() for item in value
            )

        return tuple(self._take(key, [], is_right, "must be a list of non-empty strings"))

    def some_of(self, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """A list of known words, possibly empty."""
        values = self._take(key, [], lambda value: isinstance(value, list), "must be a list")
        for value in values:
            if value not in known:
                raise self.error(
                    key, f"has the unknown value {value!r}", _did_you_mean(str(value), known)
                )
        return tuple(values)

    def word(self, key: str, known: tuple[str, ...], default: str) -> str:
        """One of the known words."""
        value = self.text(key, default)
        if value not in known:
            raise self.error(key, f"has the unknown value {value!r}", _did_you_mean(value, known))
        return value

    def one_of(self, key: str, known: range) -> int:
        """An integer in a range."""
        value = self.integer(key)
        if value not in known:
            raise self.error(key, f"must be from {known[0]} to {known[-1]}, not {value}")
        return value

    def integer(self, key: str, default: int = _REQUIRED) -> int:
        """A positive integer."""
        return int(
            self._take(
                key,
                default,
                lambda value: type(value) is int and value > 0,
                "must be a positive integer",
            )
        )

    def number(self, key: str, default: float) -> float:
        """A finite and positive number."""
        return float(
            self._take(
                key,
                default,
                _is_amount,
                "must be a positive number",
            )
        )

    def seconds(self, key: str) -> float:
        """A required, finite and positive number of seconds."""
        return float(
            self._take(
                key,
                _REQUIRED,
                _is_amount,
                "must be a positive number of seconds",
            )
        )

    def flag(self, key: str) -> bool:
        """A boolean; False if the key is missing."""
        return bool(
            self._take(key, False, lambda value: isinstance(value, bool), "must be true or false")
        )

    def table(self, key: str, *, is_required: bool = False) -> "Table":
        """A nested table; if it is missing and not required, an empty one."""
        default = _REQUIRED if is_required else {}
        value = self._take(key, default, lambda value: isinstance(value, dict), "must be a table")
        return Table(self._path, self._full(key), value)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables, possibly empty; errors name the index."""

        def is_right(value: object) -> bool:
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)

        values = self._take(key, [], is_right, "must be a list of tables")
        return [
            Table(self._path, f"{self._full(key)}[{i}]", value) for i, value in enumerate(values)
        ]

    def json(self, key: str) -> object:
        """Any JSON value; None if the key is missing."""
        return self._take(
            key,
            None,
            _is_json,
            "must be a JSON value, not a date or time",
        )

    def allow_keys(self, *keys: str) -> None:
        """Allow keys that are read elsewhere."""
        self._taken.update(keys)

    def refuse_unknown_keys(self) -> None:
        """Refuse keys that have not been read; they are most likely misspelt."""
        for key in self.values:
            if key not in self._taken:
                raise self.error(key, "is unknown", _did_you_mean(key, tuple(self._taken)))

    def _take(self, key: str, default: Any, is_right: Callable[[Any], bool], demand: str) -> Any:
        self._taken.add(key)
        if key not in self.values:
            if default is _REQUIRED:
                near = difflib.get_close_matches(key, list(self.values), 1)
                raise self.error(
                    key, "is missing", f"Is `{near[0]}` a misspelling of it?" if near else "Add it."
                )
            return default
        if not is_right(self.values[key]):
            raise self.error(key, demand)
        return self.values[key]

    def _full(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(known)}."


def _is_amount(value: object) -> bool:
    """Whether it is a positive number that fits a float."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 < value <= sys.float_info.max
    )


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, str | bool | int) or (
        isinstance(value, float) and math.isfinite(value)
    )
