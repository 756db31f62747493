"""Fragments: the text and code that a service adds to a kata made by `kata new`.

In that kata, `GET /offers/{item}` answers with one field per service. A service's fragment says what the field means,
how the app asks the service for it, and how a check proves that several visitors ask at the same time. Code is copied
into the kata unchanged.
"""

from pathlib import Path

import msgspec

from grader.catalog.table import parsed_toml
from grader.errors import HarnessError

SHIPPED = Path(__file__).with_name("fragments")
"""The fragments of the grader's own services, one file per service."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource that the app keeps open from startup to shutdown, such as a client or a pool.

    Attributes:
        name: in the app's state; the handler passes `request.state.NAME` to the question.
        type: its type, as the app writes it.
        opened: an expression for the asynchronous context manager that yields it.
    """

    name: str
    type: str
    opened: str


class AppPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Code for every example of the app.

    Attributes:
        question: an `async def` that takes an item, and the resource if there is one, and returns a number. Of several
            functions, the handler calls the last.
        imports: import statements for question, constants and resource.
        constants: code for the top of the module, such as the service's address; may have docstrings.
        resource: passed to the question; None if it needs none.
    """

    question: str
    imports: tuple[str, ...] = ()
    constants: str = ""
    resource: Resource | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a check counts the requests to the service.

    Attributes:
        seen: an expression for the count at the end of the check; may use the service's fixture and the background's
            name.
        words: the noun that is counted, for the learner.
    """

    seen: str
    words: str


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A context in which the service answers during a check.

    Attributes:
        context: an expression for an asynchronous context manager; may use `offers`.
        name: variable for the yielded value, for use in `Count.seen`; empty if it is not used.
    """

    context: str
    name: str = ""


class ChecksPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Code for `checks.py`.

    The code finds the fixture under the service's name. `item` is a number, `offer` its expected answer, and `offers`
    the expected answers by item.

    Attributes:
        fixture: the full name of the fixture's type, with its module.
        gate: statements that wait until `AT_ONCE` visitors, one for each of `offers`, are all waiting for the service,
            and then let the service answer them.
        hold: an expression for an asynchronous context manager around the visitors and the gate, with or without `as`.
        value: an expression for the service's answer about `item`; by default an unpredictable number.
        tell: statements that make the service answer `offer[FIELD]` about `item` from now on.
        nothing: statements that make the service know nothing about `item`, and set `offer[FIELD]` to the app's answer
            in that case.
        background: a context for the whole check.
        count: counts requests to the service. If it is set, README promises exactly one request per visitor.
        one_at_a_time: the service answers only one visitor at a time about the same item, like a pipe with one reader.
        helpers: functions and constants for this code.
        imports: import statements for this code.
    """

    fixture: str
    gate: str
    hold: str = ""
    value: str = "secrets.randbelow(10**9)"
    tell: str = ""
    nothing: str = ""
    background: Background | None = None
    count: Count | None = None
    one_at_a_time: bool = False
    helpers: str = ""
    imports: tuple[str, ...] = ()


class RunPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service behaves for `kata run` and `kata profile`.

    Attributes:
        says: the behaviour in words, for the learner; a clause without a full stop: "a price takes 0.1 s".
        prepare: statements; may use the fixture, `ITEMS` (items are the numbers 1 to `ITEMS`) and `tasks`, an AnyIO
            task group that lives as long as the app.
        imports: import statements for this code.
    """

    says: str
    prepare: str
    imports: tuple[str, ...] = ()


class Fragment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service's contribution to a kata made by `kata new`.

    Attributes:
        who: the service's name in README: "the price service".
        what: its answer about an item: "its price".
        field: name of the answer's field, which is an integer; a Python name that no other service uses.
        example: a value of that field, for README.
        source: sentences for README: where the field comes from, and how the app gets it. The first one continues
            "`FIELD`: ".
        app: code for the app.
        checks: code for the checks.
        run: code for `run.py`; None if the service needs no preparation.
        options: the service's table for `kata.toml`, with its header.
        topics: for `topics` in `kata.toml`.
        stays: besides the route, the part that the learner must not change: "the table `stock`".
        read_more: Markdown links, each with a description.
        files: additional files of the kata, by path.
    """

    who: str
    what: str
    field: str
    example: int
    source: str
    app: AppPart
    checks: ChecksPart
    run: RunPart | None = None
    options: str = ""
    topics: tuple[str, ...] = ()
    stays: str = ""
    read_more: tuple[str, ...] = ()
    files: dict[str, str] = {}


def read_fragment(path: Path) -> Fragment:
    """Read a fragment from a TOML file; its keys are the attributes of `Fragment`.

    Raises:
        HarnessError: the file cannot be read, is not TOML, or has an unknown key or a wrong value.
    """
    try:
        return msgspec.convert(parsed_toml(path.read_text(encoding="utf-8")), Fragment)
    except (OSError, ValueError) as error:  # errors of msgspec and decoding are ValueErrors
        raise HarnessError(
            f"The fragment {path} cannot be read: {error}.", "Install fastapi-katas again."
        ) from error


def shipped_fragment(service: str) -> Fragment:
    """The fragment of one of the grader's own services; raises the same errors as `read_fragment`."""
    return read_fragment(SHIPPED / f"{service}.toml")
