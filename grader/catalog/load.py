"""The table `[run]` of a manifest: the load that `kata run --load` and `kata profile` send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grader.catalog.table import Table

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NUMBER = "{n}"
"""Placeholder for the visitor's number."""

SET_BY_GRADER = ("host", "content-length")
"""Headers that follow from the server and the body."""

_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class LoadRequest:
    """The request of one visitor.

    Attributes:
        json: the body; None means no body.
        leave_after_s: when the visitor leaves, for answers that never end; None means never.
    """

    method: str
    path: str
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    leave_after_s: float | None = None

    def of_visitor(self, number: int) -> "LoadRequest":
        """The request with the visitor's number in place of the placeholder."""
        headers = {name: value.replace(NUMBER, str(number)) for name, value in self.headers.items()}
        return replace(
            self,
            path=self.path.replace(NUMBER, str(number)),
            json=_filled_in(self.json, str(number)),
            headers=headers,
        )


@dataclass(frozen=True)
class RunPlan:
    """The load on a kata outside a grading.

    Attributes:
        load: requests that the visitors take in turn.
        first: requests sent once, one after another, before the load begins.
        numbers: visitors are numbered from 1 to this number, and then from 1 again.
    """

    load: tuple[LoadRequest, ...] = ()
    first: tuple[LoadRequest, ...] = ()
    numbers: int = 10_000


def read_run(table: Table) -> RunPlan:
    """Read the table `[run]`.

    Raises:
        KataPackageError: the table has an unknown key or a wrong value; names the key.
    """
    default = RunPlan()
    plan = RunPlan(
        load=tuple(map(_request, table.tables("load"))),
        first=tuple(map(_request, table.tables("first"))),
        numbers=table.integer("numbers", default.numbers),
    )
    table.refuse_unknown_keys()
    return plan


def _request(table: Table) -> LoadRequest:
    request = LoadRequest(
        method=table.word("method", METHODS, "GET"),
        path=table.text("path"),
        json=table.json("json"),
        headers=_headers(table.table("headers")),
        leave_after_s=table.number("leave_after_s", 0.0) or None,
    )
    table.refuse_unknown_keys()
    if (
        not request.path.startswith("/")
        or not request.path.isascii()
        or not request.path.isprintable()
        or " " in request.path
    ):
        raise table.error(
            "path", f"must be the path of a URL that begins with `/`, not {request.path!r}"
        )
    for found in _PLACEHOLDER.findall(request.path):
        if found != NUMBER:
            raise table.error(
                "path",
                f"has the unknown placeholder {found}",
                f"The only placeholder is {NUMBER}, the visitor's number.",
            )
    return request


def _headers(table: Table) -> dict[str, str]:
    headers = {name: table.text(name) for name in table.names()}
    for name, value in headers.items():
        is_plain = value.isascii() and value.isprintable() and value == value.strip()
        if not _TOKEN.fullmatch(name) or not is_plain:
            raise table.error(name, "is not a valid header")
        if name.lower() in SET_BY_GRADER:
            raise table.error(name, "is a header that the grader sets itself", "Remove it.")
    return headers


def _filled_in(value: object, number: str) -> object:
    if isinstance(value, str):
        return value.replace(NUMBER, number)
    if isinstance(value, dict):
        return {key: _filled_in(item, number) for key, item in value.items()}
    return [_filled_in(item, number) for item in value] if isinstance(value, list) else value
